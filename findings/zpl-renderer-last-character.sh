#!/usr/bin/env bash
# zpl-renderer-js leaves out the last character of a Code 128 if it stands alone behind an invocation code.
#
# Guessed: ^BC encodes all of the field; ">0" is one ">" of the data, ">6" goes on in subset B, and what follows is data.
# Version: npm zpl-renderer-js 3.4.0.
# Seen: AB>0C is drawn as AB>, bar for bar, and >;12>6A as >;12>6. With one character more both are whole: AB>0CD, >;12>6AB.
# So: a picture that looks right may carry a shorter serial; read codes back, and not only those that end in two letters.
. "$(dirname "$0")/lib.sh"
npm_packages zpl-renderer-js@3.4.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { ready } from "zpl-renderer-js";
const { api } = await ready;
const draw = async (data) => (await api.zplToBase64MultipleAsync(`^XA^FO60,60^BY3^BCN,120,N,N,N^FD${data}^FS^XZ`, 150, 40, 8))[0];
const same = async (a, b) => console.log(`${a} is drawn as ${b}: ${await draw(a) === await draw(b)}`);
await same("AB>0C", "AB>0");
await same("AB>0CD", "AB>0");
await same(">;12>6A", ">;12>6");
await same(">;12>6AB", ">;12>6");
await same("ABC", "AB");
END
judge 'AB>0C is drawn as AB>0: true
AB>0CD is drawn as AB>0: false
>;12>6A is drawn as >;12>6: true
>;12>6AB is drawn as >;12>6: false
ABC is drawn as AB: false' "$(node t.mjs 2>&1)"
