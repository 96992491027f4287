// Where the key of a file is in a process's memory, in whatever form: raw, turned, by words, hex, base64.
//
//   node memory.mjs PID FILE locked|gone
//
// locked: somewhere, and nowhere that may be swapped; gone: nowhere that may be swapped or not, but for the areas
// of a file's text that is locked. Ends with 0: so it is; 1: it is not; 2: the memory cannot be read here.
import { openSync, readFileSync, readSync } from "node:fs";

const [pid, file, wanted] = process.argv.slice(2);
const key = readFileSync(file), hex = key.toString("hex");
const turned = Buffer.from(key).reverse();
const words = Buffer.from(key);
for (let i = 0; i + 4 <= words.length; i += 4) words.subarray(i, i + 4).reverse();
const raw = { key: key.subarray(0, 12), "its middle": key.subarray(12, 24), turned: turned.subarray(0, 12), words: words.subarray(0, 12) };
const text = { hex: hex.slice(0, 24), HEX: hex.slice(0, 24).toUpperCase(), base64: key.toString("base64").slice(0, 16),
    "words in hex": words.toString("hex").slice(0, 24) };

let fd, maps;
try {
    fd = openSync(`/proc/${pid}/mem`, "r");
    maps = readFileSync(`/proc/${pid}/smaps`, "utf8");
} catch {
    process.exit(2);
}
let scanned = 0, open = 0, locked = 0, kept = 0;
for (const area of maps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = area.split("\n")[0], [, from, to] = /^([0-9a-f]+)-([0-9a-f]+)/.exec(area) ?? [];
    if (!/^[0-9a-f]+-[0-9a-f]+ rw/.test(head)) continue;
    const bytes = Buffer.alloc(parseInt(to, 16) - parseInt(from, 16));
    try {
        readSync(fd, bytes, 0, bytes.length, parseInt(from, 16));
    } catch {
        continue;
    }
    scanned += bytes.length;
    for (const [form, what] of Object.entries({ ...raw, ...text })) {
        if (!bytes.includes(what)) continue;
        const is_locked = /VmFlags:.*\blo\b/.test(area);
        if (!is_locked) open++;
        else if (form in text) kept++;
        else locked++;
        console.log(`# ${form}: ${is_locked ? "locked" : "may be swapped"}, ${head}`);
    }
}
console.log(`# ${scanned} bytes`);
const is_so = open === 0 && scanned > 100000 && (wanted === "gone" ? locked === 0 : locked + kept > 0);
process.exit(is_so ? 0 : 1);
