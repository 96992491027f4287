#!/usr/bin/env bash
# junit2json makes numbers of names and property values, and loses what was in them.
#
# Guessed: counts and times become numbers; name, classname and property values stay text, as the package's own types say
#     (`name?: string`, `value?: string`).
# Version: npm junit2json 4.0.0 with default options.
# Seen: every attribute that looks like a number is one. Suite "007" becomes 7, the MAC "001122334455" the number 1122334455,
#     "0x10" becomes 0 and a case named "1e3" becomes 1.
# So: give parse() an options object of your own ({} leaves all as text) when names are serial numbers or MACs.
. "$(dirname "$0")/lib.sh"
npm_packages junit2json@4.0.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { parse } from "junit2json";
const xml = `<testsuites><testsuite name="007" tests="1"><properties>
  <property name="mac" value="001122334455"/><property name="offset" value="0x10"/></properties>
  <testcase name="1e3" classname="board"/></testsuite></testsuites>`;
for (const options of [undefined, {}]) {
  const suite = (await parse(xml, options)).testsuite[0];
  console.log(JSON.stringify([suite.name, ...suite.properties.map((p) => p.value), suite.testcase[0].name]));
}
END
judge '[7,1122334455,0,1]
["007","001122334455","0x10","1e3"]' "$(node t.mjs 2>&1)"
