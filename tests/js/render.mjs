// Draws labels as a renderer of ZPL that we did not write sees them: zpl-renderer-js, a build of zebrash.
//
//   node render.mjs WIDTH_MM HEIGHT_MM DOTS_PER_MM FILE.zpl...
//
// Each FILE.zpl becomes FILE.drawn.png. No printer's firmware, but one that eats, cuts and escapes as the
// manual of ZPL says.
import fs from 'node:fs';
import { ready } from 'zpl-renderer-js';

const [width, height, dots, ...files] = process.argv.slice(2);
const { api } = await ready;
let failed = 0;
for (const file of files) {
  const zpl = fs.readFileSync(file, 'utf8');
  const pages = await api.zplToBase64MultipleAsync(zpl, Number(width), Number(height), Number(dots));
  if (pages.length !== 1) {
    console.log(`${file}: ${pages.length} labels came out, not one`);
    failed = 1;
  }
  fs.writeFileSync(file.replace(/\.zpl$/, '.drawn.png'), Buffer.from(pages[0], 'base64'));
}
process.exit(failed);
