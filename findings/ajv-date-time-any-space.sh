#!/usr/bin/env bash
# ajv-formats takes a line end, a tab or a no-break space for the T of an RFC 3339 date and time.
#
# Guessed: T or t, and perhaps one plain space, which RFC 3339 section 5.6 leaves to applications. A line end is refused.
# Version: npm ajv 8.20.0 with ajv-formats 3.0.1, default (full) formats.
# Seen: the text is split at /t|\s/, so any white space will do: \n, \t, U+00A0. An offset without a colon (+0100) and without
#     minutes (+01), which RFC 3339 does not have, pass too. A missing offset and a missing digit are refused as they should.
# So: "valid by the schema" is not "one line", and not what every other reader of RFC 3339 takes; add a pattern.
. "$(dirname "$0")/lib.sh"
npm_packages ajv@8.20.0 ajv-formats@3.0.1
cd "$tmp" || exit 2
cat >t.cjs <<'END'
const ajv = new (require("ajv").default)();
require("ajv-formats").default(ajv);
const valid = ajv.compile({ type: "string", format: "date-time" });
const day = "2026-11-29";
for (const s of ["T10:00:00Z", "\n10:00:00Z", "\t10:00:00Z", "\u00a010:00:00Z", "T10:00:00+0100", "T10:00:00+01",
  "T10:00:00", "T1:00:00Z"])
  console.log(JSON.stringify(day + s).replace("\u00a0", "\\u00a0"), valid(day + s));
END
judge '"2026-11-29T10:00:00Z" true
"2026-11-29\n10:00:00Z" true
"2026-11-29\t10:00:00Z" true
"2026-11-29\u00a010:00:00Z" true
"2026-11-29T10:00:00+0100" true
"2026-11-29T10:00:00+01" true
"2026-11-29T10:00:00" false
"2026-11-29T1:00:00Z" false' "$(node t.cjs 2>&1)"
