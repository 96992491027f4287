// A line that runs for hours: boards of all kinds come and go in every slot, many of them broken, and
// the station must neither grow nor forget. Prints TAP, and a line of figures each minute.
//
//   node tests/soak/soak.mjs [--minutes 30] [--seed S] [--boards 64] [--speed 10] [--line 1]
//
// The station is `run --loop`, or `line` with its screen and its socket.
//
// The rule: of the samples taken every 2 s, those of the last quarter are compared with those of the
// second one, the first being for warming up. Median memory may have grown by 3 % and 512 KiB;
// median descriptors by 2 (a port may just be shut or looked for), threads not at all. And of what is
// allocated (not of what malloc keeps for later, which takes long to level off) each thousand runs of
// the second half may have added 160 KiB: a third of that is the table of boards that are counted, 56
// bytes each, which ends at 65536 of them, and in a short soak the last of 256 reasons for failures that
// are kept may be as much. So some hundred bytes that each run forgets to free are found.
import { closeSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, chance, check, finish, footprint, images, makeImages, makeRecipe, note, number, options, sleep, sql, startFixture,
    startStation, work } from "../crash/rig.mjs";

const o = options({ minutes: 30, seed: Date.now() % 1000000, boards: 64, speed: 10, line: 0 });
const random = chance(o.seed);
const db = join(work, "record.db");
note(`seed ${o.seed}: make soak MINUTES=${o.minutes} SEED=${o.seed}`);
makeImages(64);
const recipe = makeRecipe("soak", "esp32", { retry: "{ sync: 2, write: 2, pause_ms: 50 }" });
const fixture = await startFixture("--boards", o.boards, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty");

// ---- Boards come and go ----------------------------------------------------------------------------
const bytes = () => 1 + random.below(64 << 10);
const place = () => random.pick(["connect", "identify", "stub", "baud", "write", "first", "middle", "last", "verify"]);
const times = () => 1 + random.below(4);
const faults = [
    () => `deaf=${1 + random.below(12)}`, () => "log-noise", () => `drop=${random.next() / 3000}`, () => `flip=${random.next() / 3000}`,
    () => `extra=${random.next() / 3000}`, () => `hang=${bytes()},times=${times()}`, () => `hang,at=${place()},times=${times()}`,
    () => `brownout=${bytes()},times=${times()}`, () => `pull=${bytes()},back-ms=${random.below(600)},times=${times()}`,
    () => `pull,at=${place()},back-ms=${random.below(600)},times=${times()}`, () => `swap=${bytes()},times=1`,
    () => `half-open,at=${place()},times=1`, () => `lose,at=${place()},times=${times()}`, () => `garble,at=${place()},times=${times()}`,
    () => `late=${random.below(2000)},at=${place()}`, () => `refuse,at=${place()},times=${times()}`, () => `cut=2,at=${place()},times=${times()}`,
    () => `stuck-bit=${0x10000 + random.below(0x10000)}`, () => "restless=300", () => "slow-en", () => "no-reset", () => "write-protect",
    () => "chip=esp32s3", () => "chip=esp8266", () => "flash=8MB", () => "flash=512KB", () => "secure-boot", () => "flash-encryption",
];
let nextMac = 1;

// A third of the boards is broken.
async function putNextBoard(slot) {
    const mac = (nextMac++).toString(16).padStart(6, "0").replace(/(..)(?=.)/g, "$1:");
    await fixture.ctl("board", slot - 1, `mac=24:0a:c5:${mac}`, ...(random.hits(1 / 3) ? [random.pick(faults)()] : []));
}

// The flash of a board that has passed, as far as it is the same for every board.
const parts = [[0x8000, readFileSync(join(images, "partitions.bin"))], [0x10000, readFileSync(join(images, "app.bin"))]];
let judged = 0;
const wrong = [];

async function judgeFlash(line) {
    const dump = join(work, `dump${line.slot}`), board = line.slot - 1;
    if ((await fixture.state(board)).mac !== line.mac) return; // it was swapped since
    await fixture.ctl("dump", board, dump);
    if ((await fixture.state(board)).mac !== line.mac) return;
    const file = openSync(dump, "r");
    for (const [offset, want] of parts) {
        const got = Buffer.alloc(want.length);
        readSync(file, got, 0, got.length, offset);
        if (!got.equals(want)) wrong.push(`run ${line.run} of ${line.mac}: other bytes at 0x${offset.toString(16)}`);
    }
    closeSync(file);
    rmSync(dump);
    judged++;
}

// ---- The line ---------------------------------------------------------------------------------------
const slots = Array.from({ length: o.boards }, () => ({ since: Date.now(), runs: true, line: null }));
const shown = new Map(), codes = {};
let going = true, longestRun = 0, unnoticed = 0;

async function afterVerdict(line) {
    if (line.verdict === "PASS" && random.hits(0.02)) await judgeFlash(line);
    await sleep(random.below(300));
    if (going) await putNextBoard(line.slot);
}

const heap = join(work, "heap"); // bytes in use; a sanitizer's heap is not malloc's: 0 there
function command() {
    const common = [recipe, "--db", db, "--lot", "soak", "--new-lot", "--json"];
    if (!o.line) return ["run", ...common, "--loop", ...fixture.portOptions];
    const file = join(work, "station.yaml");
    writeFileSync(file, ["station: soak", "attention_after: 0", 'screen: { listen: "127.0.0.1:0" }', "slots:",
        ...fixture.ports.map((port, i) => `  - { name: S${i + 1}, port: "${port}" }`)].join("\n"));
    return ["line", ...common, "--station", file, "--operator", "Eve"];
}
const station = startStation(command(), {
    keep: false,
    preload: [join(build, "heap.so")],
    extraEnv: { HEAP_FILE: heap, GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" },
    onLine: (line) => {
        if (!line.slot) return;
        const slot = slots[line.slot - 1], now = Date.now();
        slot.line = line;
        if (line.event === "run") Object.assign(slot, { since: now, runs: true });
        if (line.event !== "verdict") return;
        longestRun = Math.max(longestRun, now - slot.since);
        Object.assign(slot, { since: now, runs: false });
        if (line.run) shown.set(String(line.run), line.verdict);
        codes[line.code] = (codes[line.code] ?? 0) + 1;
        afterVerdict(line).catch((e) => wrong.push(String(e)));
    },
});
let exit = null;
station.exited.then((how) => (exit = how));

// A board that says nothing a loader says is an empty slot to the station. Somebody at the line changes it.
async function changeIfUnnoticed(i, slot) {
    if (slot.runs || Date.now() - slot.since < 20000) return;
    slot.since = Date.now();
    unnoticed++;
    await putNextBoard(i + 1);
}

const samples = [], started = Date.now(), end = started + o.minutes * 60000;
let minute = 0;
while (Date.now() < end && !exit) {
    await sleep(2000);
    if (exit) break;
    const f = footprint(station.pid);
    samples.push({ ...f, runs: shown.size, heapKib: Math.round(Number(readFileSync(heap, "utf8")) / 1024) });
    for (const [i, slot] of slots.entries()) await changeIfUnnoticed(i, slot);
    if (Math.floor((Date.now() - started) / 60000) < minute) continue;
    note(`minute ${minute++}: ${shown.size} runs, ${f.rssKib} KiB, ${samples.at(-1).heapKib} KiB allocated, ${f.descriptors} descriptors, ${f.threads} threads, ` +
        `${(f.cpuTicks / 100).toFixed(1)} s CPU, record ${(statSync(db).size / 1048576).toFixed(1)} MiB`);
}
check("the station is still there", !exit, exit, station.errors);
for (const slot of slots) {
    if (!slot.runs) continue;
    longestRun = Math.max(longestRun, Date.now() - slot.since);
    if (Date.now() - slot.since > 120000) note(`a run without an end: ${JSON.stringify(slot.line)}`);
}
going = false;
station.kill("SIGINT");
const ended = await station.exited;
check("Ctrl-C ends it: some boards have failed, nothing else has", ended.code === (o.line ? 0 : 1), ended, station.errors);

// ---- The verdict on the station -----------------------------------------------------------------------
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const quarter = (n, key) => median(samples.slice(Math.floor((samples.length * n) / 4), Math.floor((samples.length * (n + 1)) / 4)).map((s) => s[key]));
// Of the samples behind that part of them: so much more with each thousand runs.
function slope(key, behind = 1 / 4) {
    const rest = samples.slice(Math.floor(samples.length * behind)), mean = (of) => rest.reduce((sum, s) => sum + of(s), 0) / rest.length;
    const x = mean((s) => s.runs), y = mean((s) => s[key]);
    const over = rest.reduce((sum, s) => sum + (s.runs - x) * (s[key] - y), 0), under = rest.reduce((sum, s) => sum + (s.runs - x) ** 2, 0);
    return (under > 0 ? (1000 * over) / under : 0).toFixed(1);
}
const figures = (key) => [0, 1, 2, 3].map((n) => quarter(n, key)).join(", ");
const warm = o.minutes >= 10;
check(`memory stays flat: ${figures("rssKib")} KiB (medians of the quarters)${warm ? "" : " # SKIP warming up takes some minutes; give it 10"}`,
    !warm || quarter(3, "rssKib") <= quarter(1, "rssKib") * 1.03 + 512);
const grows = Number(slope("heapKib", 1 / 2));
check(`what is allocated stays flat: ${figures("heapKib")} KiB, ${grows} KiB more with each thousand runs`, grows <= 160);
check(`descriptors stay flat: ${figures("descriptors")}`, quarter(3, "descriptors") <= quarter(1, "descriptors") + 2);
check(`threads stay flat: ${figures("threads")}`, quarter(3, "threads") <= quarter(1, "threads"));
note(`with each thousand runs: ${slope("rssKib")} KiB, ${slope("descriptors")} descriptors, ${slope("threads")} threads more`);
const rows = new Map(sql(db, "select id, ifnull(verdict, '') from run"));
const missing = [...shown].filter(([run, verdict]) => rows.get(run) !== verdict);
check(`every verdict shown has its row (${shown.size} runs, ${[...shown.values()].filter((v) => v === "PASS").length} PASS)`,
    shown.size > 0 && missing.length === 0, ...missing.slice(0, 10));
check("every run has ended, and the record is whole", number(db, "select count(*) from run where verdict is null") === 0
    && sql(db, "pragma integrity_check")[0][0] === "ok");
check(`the flash of ${judged} boards that passed holds the images`, wrong.length === 0, ...wrong.slice(0, 10));
check(`every run came to its end; the longest took ${(longestRun / 1000).toFixed(0)} s`, longestRun < 180000);
check("no code of the station itself", !codes.station && !codes.database && !codes.usage, codes);
note(`${unnoticed} boards that answered nothing were changed without a run`);
note(`codes: ${Object.entries(codes).sort((a, b) => b[1] - a[1]).map(([code, n]) => `${code} ${n}`).join(", ")}`);
await fixture.stop();
finish();
