// First attempts: on a faultless wire every board passes at its first one, at the rate that the recipe
// asks for, with no frame lost and the flash equal to the files. Every chip, with the model of its stub
// and with the vendor's stub itself, at four rates, with adapters that collect for 1 and for 16 ms.
//
//   make first-attempts                                  all of it, in real time: some minutes
//   make first-attempts FIRST="--boards 4"               on a machine that has other work
//   make first-attempts FIRST="--chip esp8266 --rates 2000000 --latency 1 --stub real"
//
// Options: --chip NAME,..., --stub model|real, --rates N,..., --latency N,..., --boards N in a rack (8),
// --app KB (96), --seed S, --speed X (1; below that for a machine with other work), --board FAULT for
// all boards, --verbose. Ends with 1 unless all of them do.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Rack } from "../bench/rack.mjs";

const build = resolve(process.env.BUILD ?? "build");
const options = { chip: "", stub: "model,real", rates: "115200,460800,921600,2000000", latency: "1,16", boards: "8",
    app: "96", seed: "1", speed: "1", board: "" };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i].replace(/^--/, "");
    if (name === "verbose") options.verbose = true;
    else if (name in options && ++i < process.argv.length) options[name] = process.argv[i];
    else throw new Error(`unknown option ${process.argv[i]}`);
}

const work = mkdtempSync(join(tmpdir(), "espfirst-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

// Name, id in image headers (none: images of the ESP8266's kind), boot offset; what else is special
// about a board. `real`: the fixture can run its stub.
const chips = [
    { chip: "esp8266", real: true }, { chip: "esp8266", board: "crystal=40", real: true },
    { chip: "esp32", id: 0, boot: 0x1000, real: true }, { chip: "esp32", id: 0, boot: 0x1000, board: "crystal=26", real: true },
    { chip: "esp32s2", id: 2, boot: 0x1000, real: true }, { chip: "esp32s3", id: 9, boot: 0, real: true },
    { chip: "esp32c2", id: 12, boot: 0, real: true }, { chip: "esp32c2", id: 12, boot: 0, board: "crystal=40", real: true },
    { chip: "esp32c3", id: 5, boot: 0, real: true },
    { chip: "esp32c5", id: 23, boot: 0x2000, real: true }, { chip: "esp32c5", id: 23, boot: 0x2000, board: "crystal=40", real: true },
    { chip: "esp32c6", id: 13, boot: 0, real: true }, { chip: "esp32c61", id: 20, boot: 0, real: true },
    { chip: "esp32h2", id: 16, boot: 0, real: true }, { chip: "esp32h21", id: 25, boot: 0 },
    { chip: "esp32h4", id: 28, boot: 0x2000 },
    { chip: "esp32p4", id: 18, boot: 0x2000, real: true }, { chip: "esp32p4", id: 18, boot: 0x2000, board: "revision=301", real: true },
    { chip: "esp32s31", id: 32, boot: 0x2000 }, { chip: "esp32e22", id: 31, boot: 0 },
];

const numbers = (text) => text.split(",").map(Number);

const sets = new Map();

// The files of a chip, and what the flash must hold afterwards.
function imagesOf(c) {
    if (!sets.has(c.chip)) sets.set(c.chip, makeImages(c));
    return sets.get(c.chip);
}

function makeImages(c) {
    const dir = join(work, c.chip), old = c.id === undefined;
    execFileSync(join(build, "make_images"),
        [dir, options.app, ...(old ? [] : [c.chip, String(c.id), `0x${c.boot.toString(16)}`])]);
    const files = old ? [[0, "esp8266.bin"]] : [[c.boot, "bootloader.bin"], [0x8000, "partitions.bin"], [0x10000, "app.bin"]];
    const regions = files.map(([offset, file]) => ({ offset, file, bytes: readFileSync(join(dir, file)) }));
    if (old) regions[0].bytes.set([0x02, 0x40], 2); // dio, 4 MB and 40 MHz
    return { dir, regions };
}

function recipeOf(board, c, images, rate) {
    const old = c.id === undefined, path = join(images.dir, `${rate}-${board}.yaml`);
    const lines = images.regions.map((r) => `  - { file: ${r.file}, offset: 0x${r.offset.toString(16)} }\n`);
    writeFileSync(path, `recipe: ${c.chip}\nversion: 1\nchip: ${c.chip}\n` +
        `flash: { size: detect, mode: dio, freq: ${old ? "40m" : "keep"} }\n` +
        `port: { baud: ${rate}, fallback: [${rate > 115200 ? 115200 : ""}] }\nimages:\n${lines.join("")}` +
        `boot: { expect: "${old ? "application at 0x0 is running" : "Loaded app from partition"}", within_ms: 2500 }\n`);
    return path;
}

function run(command, args) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] }), said = { out: "", err: "" };
    child.stdout.on("data", (part) => { said.out += part; });
    child.stderr.on("data", (part) => { said.err += part; });
    return new Promise((done) => child.on("close", (code) => done({ ...said, code })));
}

async function flash(rack, board, c, rate) {
    const db = join(work, `board${board}.db`), images = imagesOf(c);
    rmSync(db, { force: true });
    const end = await run(join(build, "espstation"), ["run", recipeOf(board, c, images, rate), "--db", db, "--plain",
        "--port", rack.ports[board]]);
    const attempts = !existsSync(db) ? [] : JSON.parse(execFileSync("sqlite3", ["-readonly", "-json", db,
        "select number, code, sentence, baud, baud_asked, loader from attempt order by number"], { encoding: "utf8" }) || "[]");
    return { c, rate, end, attempts, images };
}

// What boots when the station has heard enough of it is given time to be there.
async function stateOf(rack, board) {
    for (let i = 0;; i++) {
        const state = await rack.state(board);
        if (state.running || i > 100) return state;
        await new Promise((done) => setTimeout(done, 50));
    }
}

// What is not as it must be, as sentences.
async function judge(rack, board, r) {
    const wrong = [], state = await stateOf(rack, board), dump = join(work, "dump");
    await rack.tell(`dump ${board} ${dump}`);
    const now = readFileSync(dump), first = r.attempts[0] ?? {};
    if (r.end.code !== 0) wrong.push(`espstation ended with ${r.end.code}: ${r.end.err.trim()}`);
    if (first.code !== "ok") wrong.push(`first attempt: ${first.code}, ${first.sentence}`);
    if (r.attempts.length !== 1) wrong.push(`${r.attempts.length} attempts`);
    if (first.baud !== r.rate && !isSaid(r, first)) wrong.push(`at ${first.baud} instead of ${r.rate} baud, and nobody says why`);
    for (const what of ["lost_frames", "overruns", "fifo_lost"])
        if (state[what] !== 0) wrong.push(`${what}: ${state[what]}`);
    for (const g of r.images.regions)
        if (!g.bytes.equals(now.subarray(g.offset, g.offset + g.bytes.length))) wrong.push(`flash differs from ${g.file}`);
    if (!state.running) wrong.push(`the application does not run (${state.mode})`);
    return { wrong, late: state.late_us };
}

// A chip that does not bear the recipe's rate is flashed at its own, and the run says so.
const isSaid = (r, first) => new RegExp(`${r.rate}.* at most ${first.baud} baud`).test(r.end.out);

// A board that was late itself is no faultless one: it tells how busy this machine is.
const lateUs = 500000, triesOfLate = 4;
let repeated = 0;

async function runRackTillInTime(boards, stub, rate, latency) {
    const results = await runRack(boards, stub, rate, latency);
    for (let tries = 1; tries < triesOfLate; tries++) {
        const again = results.filter((r) => r.wrong.length > 0 && r.late > lateUs).map((r) => r.c);
        if (again.length === 0) break;
        repeated += again.length;
        for (const c of again) // alone, so that it costs less
            results[boards.indexOf(c)] = (await runRack([c], stub, rate, latency))[0];
    }
    return results;
}

async function runRack(boards, stub, rate, latency) {
    const rack = await Rack.start(build, work, { chip: boards.map((c) => c.chip).join(","), boards: boards.length,
        flash: "dirty", latency, real: stub === "real", seed: options.seed, speed: options.speed,
        faults: boards.flatMap((c, i) => [c.board, options.board].filter(Boolean).map((f) => `${i}:${f}`)) });
    try {
        const ends = await Promise.all(boards.map((c, i) => flash(rack, i, c, rate))), results = [];
        for (let i = 0; i < ends.length; i++)
            results.push({ ...ends[i], ...await judge(rack, i, ends[i]), stub, latency });
        return results;
    } finally {
        await rack.stop();
    }
}

const nameOf = (r) => `${r.c.chip}${r.c.board ? ` ${r.c.board}` : ""}`;

function tell(r) {
    if (r.wrong.length === 0 && !options.verbose) return;
    console.log(`${r.wrong.length ? "WRONG" : "right"}: ${nameOf(r)}, ${r.stub} stub, ${r.rate} baud, ${r.latency} ms: ` +
        `${r.attempts.map((a) => `${a.code} by ${a.loader} at ${a.baud}`).join(", ")} (board up to ${r.late} us late)`);
    for (const text of r.wrong) console.log(`    ${text}`);
}

function printTable(results, rates, latencies) {
    const columns = rates.flatMap((rate) => latencies.map((ms) => [rate, ms]));
    console.log("\n" + "P: at the first attempt, p: at the chip's own rate, !: not so".padEnd(30));
    console.log("".padEnd(30) + columns.map(([rate, ms]) => `${rate}/${ms}`.padStart(11)).join(""));
    for (const row of [...new Set(results.map((r) => `${nameOf(r)}, ${r.stub}`))]) {
        const cells = columns.map(([rate, ms]) => {
            const r = results.find((x) => `${nameOf(x)}, ${x.stub}` === row && x.rate === rate && x.latency === ms);
            return (!r ? "" : r.wrong.length ? "!" : r.attempts[0].baud === r.rate ? "P" : "p").padStart(11);
        });
        console.log(row.padEnd(30) + cells.join(""));
    }
}

async function main() {
    const rates = numbers(options.rates), latencies = numbers(options.latency), results = [];
    for (const rate of rates) for (const latency of latencies) for (const stub of options.stub.split(",")) {
        const mine = chips.filter((c) => (stub === "model" || c.real) && (!options.chip || options.chip.split(",").includes(c.chip)));
        while (mine.length > 0) {
            const rack = mine.splice(0, Number(options.boards));
            const some = await runRackTillInTime(rack, stub, rate, latency);
            some.forEach(tell);
            results.push(...some);
        }
    }
    printTable(results, rates, latencies);
    const right = results.filter((r) => r.wrong.length === 0).length;
    if (repeated) console.log(`\n${repeated} boards failed while this machine held them back by more than ${lateUs / 1000} ms, ` +
        "and were done again");
    console.log(`\n${right} of ${results.length} boards passed at their first attempt`);
    process.exitCode = right === results.length && right > 0 ? 0 : 1;
}

await main();
