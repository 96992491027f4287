// A line that runs for hours: boards of all kinds come and go in every slot, many of them broken, and
// the station must neither grow nor forget. Prints TAP, and a line of figures each minute.
//
//   node tests/soak/soak.mjs [--minutes 30] [--seed S] [--boards 64] [--speed 10] [--line 1]
//
// The station is `run --loop`, or `line` with its screen and its socket.
//
// The rule is that of flat.mjs. Each thousand runs may add 160 KiB to what is allocated: a third of that
// is the table of boards that are counted, 56 bytes each, which ends at 65536 of them, and in a short
// soak the last of 256 reasons for failures that are kept may be as much.
import { closeSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chance, check, finish, images, makeImages, makeRecipe, note, number, options, sleep, sql, startFixture, startStation,
    work } from "../crash/rig.mjs";
import { macOf, makeFaults } from "./boards.mjs";
import { Flat, words } from "./flat.mjs";

const o = options({ minutes: 30, seed: Date.now() % 1000000, boards: 64, speed: 10, line: 0 });
const random = chance(o.seed);
const db = join(work, "record.db");
note(`seed ${o.seed}: make soak MINUTES=${o.minutes} SEED=${o.seed}`);
makeImages(64);
const recipe = makeRecipe("soak", "esp32", { retry: "{ sync: 2, write: 2, pause_ms: 50 }" });
const fixture = await startFixture("--boards", o.boards, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty");

// ---- Boards come and go ----------------------------------------------------------------------------
const fault = makeFaults(random);
let nextMac = 1;

// A third of the boards is broken.
async function putNextBoard(slot) {
    await fixture.ctl("board", slot - 1, `mac=${macOf(nextMac++)}`, ...(random.hits(1 / 3) ? [fault()] : []));
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

const flat = new Flat();
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
    preload: flat.preload,
    extraEnv: flat.env,
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

const started = Date.now(), end = started + o.minutes * 60000;
let minute = 0;
while (Date.now() < end && !exit) {
    await sleep(2000);
    if (exit) break;
    const sample = flat.sample(station.pid, shown.size);
    for (const [i, slot] of slots.entries()) await changeIfUnnoticed(i, slot);
    if (Math.floor((Date.now() - started) / 60000) < minute) continue;
    note(`minute ${minute++}: ${shown.size} runs, ${words(sample)}, record ${(statSync(db).size / 1048576).toFixed(1)} MiB`);
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
flat.judge({ warm: o.minutes >= 10, heapKib: 160 });
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
