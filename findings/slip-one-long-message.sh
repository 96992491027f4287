#!/usr/bin/env bash
# npm slip: after one message over its limit the decoder refuses every byte for ever; with a limit of 1024 it never takes any.
#
# Guessed: a message longer than maxMessageSize calls onError, then the decoder starts anew ("Reset everything and carry on", its
#     source says) and the next message arrives. A message as long as the limit, or shorter, arrives.
# Version: npm slip 1.0.2.
# Seen: the limit is compared with the size of the buffer (1024 bytes, doubled when full), not with that of the message, and the
#     buffer never shrinks. Limit 1500: 1024 bytes pass, 1025 do not, and from then on 3 bytes do not either, with one onError for
#     each byte. Limit 1024: nothing ever passes.
# So: a new decoder after each onError, and a limit above 1024 and of at least twice the longest message.
. "$(dirname "$0")/lib.sh"
npm_packages slip@1.0.2
cd "$tmp" || exit 2
cat >t.cjs <<'END'
const slip = require("slip");
function run(maxMessageSize, ...lengths) {
  const got = [];
  let errors = 0;
  const decoder = new slip.Decoder({ maxMessageSize, onMessage: (m) => got.push(m.length), onError: () => errors++ });
  for (const n of lengths) {
    errors = 0;
    const before = got.length;
    decoder.decode(slip.encode(new Uint8Array(n).fill(1)));
    console.log(`limit ${maxMessageSize}, ${n} bytes:`, got.length > before ? "arrive" : `lost, errors ${errors}`);
  }
}
run(1500, 1024, 1025, 3, 3);
run(1024, 3);
END
judge "limit 1500, 1024 bytes: arrive
limit 1500, 1025 bytes: lost, errors 1
limit 1500, 3 bytes: lost, errors 3
limit 1500, 3 bytes: lost, errors 3
limit 1024, 3 bytes: lost, errors 3" "$(node t.cjs 2>&1)"
