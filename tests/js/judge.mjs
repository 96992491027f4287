// Judges with esptool-js a board that somebody else flashed: who it is, the MD5 of each region
// against that of its file, and with --read the bytes themselves. Starts the application again.

import { connect, hex, identity, leave, main, md5Hex, readOptions } from "./session.mjs";

async function judge(loader, file, read) {
  const want = md5Hex(file.data);
  const got = await loader.flashMd5sum(file.address, file.data.length);
  const verdict = { offset: hex(file.address), bytes: file.data.length, want, got, same: got === want };
  if (read) {
    const bytes = await loader.readFlash(file.address, file.data.length);
    verdict.read = Buffer.compare(bytes, file.data) === 0;
    verdict.same &&= verdict.read;
  }
  return verdict;
}

await main(async () => {
  const options = await readOptions({ read: { type: "boolean", default: false } });
  const session = await connect(options);
  const seen = await identity(session);
  const regions = [];
  for (const file of options.files)
    regions.push(await judge(session.loader, file, options.read));
  await leave(session);
  return { ok: regions.every((r) => r.same), ...seen, regions };
});
