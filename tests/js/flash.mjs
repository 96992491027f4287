// Flashes a board with esptool-js, which compares each region's MD5, and starts the application.

import { connect, hex, identity, leave, main, md5Hex, readOptions } from "./session.mjs";

await main(async () => {
  const options = await readOptions({
    compress: { type: "boolean", default: false },
    "no-md5": { type: "boolean", default: false }, // the ESP8266 ROM has none
  });
  const session = await connect(options);
  const seen = await identity(session);
  await session.loader.writeFlash({
    fileArray: options.files,
    flashMode: "keep", flashFreq: "keep", flashSize: "keep", // headers as they are
    eraseAll: false,
    compress: options.compress,
    calculateMD5Hash: options["no-md5"] ? undefined : md5Hex,
  });
  await leave(session);
  const files = options.files.map((f) => ({ offset: hex(f.address), bytes: f.data.length }));
  return { ok: true, ...seen, compressed: options.compress, md5: !options["no-md5"], files };
});
