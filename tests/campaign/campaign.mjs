// The fault campaign: every fault of the virtual boards at every place of every class of boards, and
// random mixes. Each verdict, and what the record says of the board, is compared with the flash.
//
//   make campaign                                all of it, some fifteen minutes
//   make campaign CAMPAIGN="--short"             one rack, as `make test` runs it
//   make campaign CAMPAIGN="--only 'garble' --class esp32-stub"
//   make campaign CAMPAIGN="--seed 7 --mixes 96 --only mix"
//
// Options: --boards N in a rack (32), --speed X (20), --at-once N racks (3), --seed S, --mixes N
// boards (192), --only REGEX of rows, --class NAME, --keep, --verbose. rows.mjs has the rows and what
// must come of each. Ends with 1 if anything was wrong.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { acts, chips, classes, mix, pass, places, possible, swaps, whole } from "./rows.mjs";

const build = resolve(process.env.BUILD ?? "build");
const options = { boards: 32, speed: 20, atOnce: 3, seed: 1, mixes: 192, only: "", class: "" };
const flags = { "--short": "short", "--keep": "keep", "--verbose": "verbose" };
const values = { "--boards": "boards", "--speed": "speed", "--at-once": "atOnce", "--seed": "seed",
    "--mixes": "mixes", "--only": "only", "--class": "class" };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i];
    if (flags[name]) options[flags[name]] = true;
    else if (values[name] && ++i < process.argv.length)
        options[values[name]] = isNaN(process.argv[i]) ? process.argv[i] : Number(process.argv[i]);
    else throw new Error(`unknown option ${name}`);
}

// No attempt may take longer, whatever the board does: the longest wait for one command, that for the
// boot, and what lies around them. A pulled cable is waited for in between.
const attemptSeconds = 25, cableSeconds = 25, killSeconds = 400;

const work = mkdtempSync(join(tmpdir(), "espcampaign-"));
if (!options.keep) process.on("exit", () => rmSync(work, { recursive: true, force: true }));

// ---- Boards to be tried ----------------------------------------------------------------------------

let state = BigInt(options.seed) & 0xffffffffffffffffn;
function random() { // splitmix64: the same seed gives the same campaign
    state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

// One board each: { class, table, row, column, specs, expect, cost }. `cost` brings slow ones together.
function boardsOf(name) {
    const c = classes[name], out = [];
    const add = (table, row, column, specs, expect, more = {}) =>
        out.push({ class: name, table, row, column, specs, expect, cost: 0, ...more });
    for (const act of acts.filter((a) => possible(a, c))) for (const at of act.at) {
        add("places", act.name, `${at} once`, [`${act.spec},at=${at},times=1`], act.once(at, c));
        if (!c.brief) add("places", act.name, `${at} always`, [`${act.spec},at=${at}`], act.always(at, c), { cost: 2 });
    }
    for (const row of whole) if (possible(row, c)) {
        const expect = row.expect(c);
        if (c.brief && expect !== pass) continue;
        add("whole", row.spec || "(none)", name, row.spec ? [row.spec] : [], expect,
            { cost: expect === pass ? 0 : 2 });
    }
    for (const row of c.brief ? [] : swaps) add("swaps", row.name, name, [row.spec], row.expect(c), { cost: 1, pair: true });
    return out;
}

function mixes(count) {
    const names = Object.keys(classes).filter((n) => options.class ? n === options.class : !isFast(classes[n]));
    return Array.from({ length: count }, (_, i) => {
        const name = names[Math.floor(random() * names.length)], m = mix(classes[name], random);
        return { class: name, table: "mixes", row: `mix ${i}`, column: name, specs: m.specs, expect: m.expect(),
            cost: 1 };
    });
}

// A selection that has each act, each place and each class: what `make test` can afford. Our own stub is not in it: what
// its machine code asks of the fixture a loaded machine does not have (tests/integration/fast.sh looks at it).
function shorten(all) {
    const boards = all.filter((b) => !isFast(classes[b.class])), out = [], seen = new Set();
    for (const b of boards.filter((x) => x.table === "places" && x.cost === 0)) {
        const keys = [`a ${b.row} ${b.class}`, `p ${b.column} ${b.class}`];
        if (keys.filter((k) => seen.has(k)).length > 0 || random() < 0.6) continue;
        keys.forEach((k) => seen.add(k));
        out.push(b);
    }
    const shuffle = (list) => list.map((b) => [random(), b]).sort((x, y) => x[0] - y[0]).map((x) => x[1]);
    const some = (table, n) =>
        shuffle(boards.filter((b) => b.table === table && b.expect.verdict !== "FAIL")).slice(0, n);
    const slow = /half-open|late 20|deaf|verify always|connect always/;
    const fails = shuffle(boards.filter((b) => b.expect.verdict === "FAIL" && b.expect.codes[0] !== "port-gone" &&
        !slow.test(`${b.row} ${b.column}`)));
    const picked = [...some("swaps", 2), ...shuffle(out).slice(0, 16), ...some("whole", 4),
        ...fails.slice(0, 4)];
    return [...new Set(picked), ...mixes(4)];
}

// Our own stub asks UART and flash all the time, which takes the fixture more than one that waits for interrupts.
const isFast = (c) => c.loader === "fast", fastBoards = 4, fastSpeed = 1;

// Racks of boards, those on ttys apart, and those with real stubs. A pair needs an even slot and a sound neighbour of its class behind it.
function racksOf(boards) {
    const kinds = [(c) => c.tty, isFast, (c) => c.real && !isFast(c), (c) => !c.tty && !c.real];
    return kinds.flatMap((is) => racksOfOneKind(boards.filter((b) => is(classes[b.class])),
        is === isFast ? Math.min(options.boards, fastBoards) : options.boards));
}

function racksOfOneKind(boards, size) {
    const units = boards.map((b) => b.pair
        ? [b, { class: b.class, table: "neighbours", row: `neighbour at ${b.row}`, column: b.class, specs: [], pairOf: b,
            expect: b.expect, cost: b.cost }] : [b]);
    units.sort((a, b) => b.length - a.length || b[0].cost - a[0].cost);
    const pairs = units.filter((u) => u.length === 2), singles = units.filter((u) => u.length === 1), racks = [];
    let rack = [];
    for (const unit of [...pairs, ...singles]) {
        if (rack.length + unit.length > size) { racks.push(rack); rack = []; }
        rack.push(...unit);
    }
    if (rack.length) racks.push(rack);
    return racks;
}

// ---- Fixture and station ---------------------------------------------------------------------------

function prepare() {
    for (const [chip, c] of Object.entries(chips)) {
        const dir = join(work, chip), images = c.images ?? [];
        execFileSync(join(build, "make_images"), [dir, "96", ...images]);
        c.regions = c.files.map(([offset, file], i) => {
            const bytes = readFileSync(join(dir, file));
            if (i === 0) for (const [at, byte] of Object.entries(c.patch ?? {})) bytes[at] = byte;
            return { offset, bytes };
        });
    }
    for (const [name, c] of Object.entries(classes)) {
        const lines = chips[c.chip].files.map(([offset, file]) => `  - { file: ${file}, offset: 0x${offset.toString(16)} }\n`);
        writeFileSync(join(work, c.chip, `${name}.yaml`), `recipe: ${name}\nchip: ${c.chip}\nloader: ${c.loader}\n` +
            `${chips[c.chip].recipe.replace("RESET", c.reset ?? "auto")}images:\n${lines.join("")}retry: { pause_ms: 50 }\n`);
    }
}

function run(command, args, env = {}) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    const result = { child, out: "", err: "" };
    child.stdout.on("data", (d) => { result.out += d; });
    child.stderr.on("data", (d) => { result.err += d; });
    result.ended = new Promise((done) => child.on("close", (code, signal) => {
        Object.assign(result, { code, signal });
        done(result);
    }));
    return result;
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

function control(path) {
    const socket = connect(path), waiting = [];
    let text = "";
    socket.on("error", () => { while (waiting.length) waiting.shift()(""); });
    socket.on("data", (d) => {
        text += d;
        for (let at; (at = text.indexOf("\n")) >= 0; text = text.slice(at + 1)) waiting.shift()(text.slice(0, at));
    });
    return {
        ask: (words) => new Promise((answer) => { waiting.push(answer); socket.write(`${words}\n`); }),
        end: () => socket.end(),
    };
}

// The ports lie below those that the system hands out: a pulled cable gives its port back for a while,
// and it may not be another rack's when it comes again.
let nextPort = 10240 + (process.pid % 340) * 64;
function takePorts() {
    nextPort = nextPort >= 32000 ? 10240 : nextPort + 64;
    return nextPort;
}

async function startFixture(dir, rack, seed) {
    for (let tries = 0;; tries++) {
        try {
            return await tryFixture(dir, rack, seed);
        } catch (e) {
            if (tries >= 20 || !String(e).includes("cannot listen")) throw e;
        }
    }
}

async function tryFixture(dir, rack, seed) {
    const portsFile = join(dir, "ports"), path = join(dir, "ctl");
    const args = ["--boards", rack.length, "--chip", rack.map((b) => classes[b.class].chip).join(","), "--speed",
        isFast(classes[rack[0].class]) ? Math.min(options.speed, fastSpeed) : options.speed, "--fill", "dirty", "--seed", seed, "--ports-file", portsFile, "--control", path, "--quiet",
        ...(classes[rack[0].class].real ? ["--stub", "real"] : []), ...(classes[rack[0].class].tty ? ["--pty", dir] : ["--base-port", takePorts()])];
    rack.forEach((b, i) => {
        for (const spec of [classes[b.class].board, ...b.specs]) if (spec) args.push("--fault", `${i}:${spec}`);
    });
    const fixture = run(join(build, "espfixture"), args.map(String));
    for (let i = 0; !existsSync(portsFile); i++) {
        if (fixture.code !== undefined || i > 1000) throw new Error(`espfixture: ${fixture.err}`);
        await sleep(20);
    }
    return { ...fixture, ports: readFileSync(portsFile, "utf8").trim().split("\n"), ctl: control(path) };
}

async function look(fixture, dir, count) {
    const boards = [];
    for (let i = 0; i < count; i++) {
        const file = join(dir, "dump");
        const now = JSON.parse((await fixture.ctl.ask(`state ${i}`)).replace(/^ok /, ""));
        await fixture.ctl.ask(`dump ${i} ${file}`);
        boards.push({ ...now, flash: readFileSync(file) });
    }
    return boards;
}

// Makes the fixture's ptys serial ports of the chip's own USB, see tests/preload.
const asTty = (dir) => ({ LD_PRELOAD: join(build, "pty_lines.so"), PTY_LINES_CONTROL: join(dir, "ctl"), PTY_LINES_DIR: dir,
    PTY_LINES_USB: "303a:1001:1", ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0` });

// Gives the rows of the record, one for each slot of the class.
async function station(dir, name, ports) {
    const db = join(dir, `${name}.db`), recipe = join(work, classes[name].chip, `${name}.yaml`);
    const program = run(join(build, "espstation"), ["run", recipe, "--db", db, "--json",
        ...ports.flatMap((p) => ["--port", p])], classes[name].tty ? asTty(dir) : {});
    const timer = setTimeout(() => program.child.kill("SIGKILL"), killSeconds * 1000);
    const end = await program.ended;
    clearTimeout(timer);
    const sql = (text) =>
        JSON.parse(execFileSync("sqlite3", ["-readonly", "-json", db, text], { encoding: "utf8" }) || "[]");
    const runs = sql("select r.id, slot, verdict, code, sentence, board_state as state, duration_ms, b.mac " +
        "from run r left join board b on b.id = r.board order by r.id");
    const attempts = sql("select run, number, phase, code, sentence, board_state as state, loader, fast from attempt " +
        "order by run, number");
    // A MAC of eight bytes is the six with two in the middle; where none can be read the run's number stands.
    for (const r of runs) if (r.mac?.startsWith("02:5d:")) Object.assign(r, { mac: null, unnamed: true });
        else if (r.mac?.length === 23) r.mac = r.mac.replace(":ff:fe:", ":");
    for (const r of runs) r.attempts = attempts.filter((a) => a.run === r.id);
    return { name, runs, code: end.code, signal: end.signal, out: end.out, err: end.err };
}

// ---- The truth -------------------------------------------------------------------------------------

const holds = (flash, regions) =>
    regions.every((r) => r.bytes.equals(flash.subarray(r.offset, r.offset + r.bytes.length)));

// How much of the flash there really is: behind it the same shows again.
const arrayBytes = (b, flash) =>
    Math.min(flash.length, ...b.specs.filter((s) => s.startsWith("array=")).map((s) => parseInt(s.slice(6)) << 20));

// Whether sectors that hold no image are as they were.
function spares(before, after, regions) {
    const mine = (at) => regions.some((r) => at + 4096 > r.offset && at < r.offset + r.bytes.length);
    for (let at = 0; at < before.length; at += 4096)
        if (!mine(at) && !before.subarray(at, at + 4096).equals(after.subarray(at, at + 4096))) return false;
    return true;
}

// Before it was identified, a swapped board is the one that its old slot still calls its own.
const isTheNeighbours = (b, r) => (b.pair || b.pairOf) && r.code === "duplicate" && !r.mac;

// Once it failed on a board, in what it does, the vendor's stub does that board.
function fastAgain(r) {
    const failed = r.attempts.find((a) => a.fast && ["stub", "baud", "erase", "write", "verify"].includes(a.code));
    return failed && r.attempts.find((a) => a.fast && a.number > failed.number);
}

// Every way in which a verdict can be wrong, as [kind, sentence].
function judge(b, r, before, after) {
    const wrong = [], say = (kind, text) => wrong.push([kind, text]);
    if (!r || !r.verdict) return [["hang", "no verdict in the record"]];
    const cables = r.attempts.filter((a) => a.code === "port-gone").length;
    const limit = 1000 * (r.attempts.length * attemptSeconds + cables * cableSeconds);
    // What never met the board cannot harm it.
    const its = after.find((x) => x.mac === before[b.slot].mac);
    const missed = b.table === "places" && its.faults === 0;
    const wanted = missed ? pass : b.expect, regions = chips[classes[b.class].chip].regions;
    const start = before.find((x) => x.mac === r.mac), now = after.find((x) => x.mac === r.mac);
    if (r.duration_ms > limit) say("hang", `took ${r.duration_ms / 1000} s, at most ${limit / 1000} are right`);
    if (r.unnamed && !b.specs.includes("sdm")) say("untrue", "the record takes the board for one that cannot be read");
    if (r.mac && !now) return [...wrong, ["untrue", `the record names ${r.mac}, which is no board of the rack`]];
    if (r.verdict === "PASS") {
        if (!holds(now.flash, regions)) say("wrong PASS", "the flash does not hold the images");
        // One that resets itself again and again ran when it was heard, and may be on its way to it now.
        const restarting = now.mode === "boot" && b.specs.some((s) => s.startsWith("restless"));
        if (!now.running && !restarting) say("wrong PASS", `the board does not run (${now.mode})`);
        if (r.state !== "running") say("untrue", `PASS, and the board is "${r.state}"`);
        if (wanted.verdict === "FAIL") say("wrong PASS", `must fail with ${wanted.codes}`);
    } else {
        if (wanted.verdict === "PASS") say("wrong FAIL", "a retry should have cured this");
        else if (!wanted.codes.includes(r.code) && !isTheNeighbours(b, r)) say("wrong code", `${r.code}, not ${wanted.codes}`);
        if (wanted.states && !wanted.states.includes(r.state)) say("untrue", `the board is "${r.state}", not ${wanted.states}`);
        if (r.verdict !== "FAIL") say("wrong FAIL", r.verdict);
    }
    const known = r.mac ? start : b.pair || b.pairOf ? null : before[b.slot];
    const known_now = r.mac ? now : b.pair || b.pairOf ? null : after[b.slot];
    if (r.state === "untouched" && known && !b.shared && !known.flash.equals(known_now.flash))
        say("untrue", "\"untouched\", and the flash has changed");
    if (["verified", "running"].includes(r.state) && !holds(now.flash, regions))
        say("untrue", `"${r.state}", and the flash does not hold the images`);
    const again = fastAgain(r);
    if (again) say("untrue", `the fast stub failed, and wrote again in attempt ${again.number}`);
    if (!r.code || /unknown/i.test(r.code) || r.code === "station" || r.code === "database")
        say("wrong code", `"${r.code}"`);
    const there = (flash) => flash.subarray(0, arrayBytes(b, flash));
    if (known && !spares(there(known.flash), there(known_now.flash), regions)) wrong.spilt = true;
    return wrong;
}

async function runRack(rack, number) {
    const dir = join(work, `rack${number}`), seed = options.seed * 1000 + number;
    mkdirSync(dir);
    rack.forEach((b, i) => { b.slot = i; });
    const fixture = await startFixture(dir, rack, seed);
    const before = await look(fixture, dir, rack.length);
    const names = [...new Set(rack.map((b) => b.class))];
    const ends = await Promise.all(names.map((name) =>
        station(dir, name, rack.filter((b) => b.class === name).map((b) => fixture.ports[b.slot]))));
    for (let i = 0; i < 200 && !(await allPlugged(fixture, rack.length)); i++) await sleep(100);
    await sleep(200); // the last boards boot, at many times the speed of real ones
    const after = await look(fixture, dir, rack.length);
    fixture.ctl.end();
    fixture.child.kill("SIGTERM");
    await fixture.ended;
    const results = [], all = ends.flatMap((end) => end.runs);
    for (const end of ends) {
        const mine = rack.filter((b) => b.class === end.name);
        mine.forEach((b, i) => {
            const r = end.runs.find((x) => x.slot === i + 1);
            // A board that came into another slot may have been flashed there.
            b.shared = r && r.mac && all.filter((x) => x.mac === r.mac).length > 1;
            const wrong = judge(b, r, before, after);
            results.push({ ...b, run: r, wrong, spilt: wrong.spilt, seed,
                struck: after.find((x) => x.mac === before[b.slot].mac).faults });
        });
        const bad = end.runs.some((r) => r.verdict !== "PASS") ? 1 : 0;
        const ended = `espstation ended with ${end.signal ?? end.code}, not ${bad}: `;
        if (end.code !== bad || end.signal) results.push(trouble(end.name, ended + end.err.slice(-1500), seed));
        else if (isSanitizers(end.err)) results.push(trouble(end.name, end.err.slice(0, 3000), seed));
    }
    if (isSanitizers(fixture.err)) results.push(trouble("espfixture", fixture.err.slice(0, 3000), seed));
    if (!options.keep) rmSync(dir, { recursive: true, force: true });
    return results;
}

async function allPlugged(fixture, count) {
    for (let i = 0; i < count; i++)
        if ((await fixture.ctl.ask(`state ${i}`)).includes("\"mode\":\"boot\"")) return false;
    return true;
}

const isSanitizers = (text) => /Sanitizer|runtime error/.test(text);
const trouble = (name, text, seed) =>
    ({ class: name, table: "programs", row: "program", column: name, specs: [], wrong: [["crash", text]], seed });

// ---- Telling ---------------------------------------------------------------------------------------

const letter = (r) => r.wrong.length > 0 ? "!" : r.struck === 0 && r.table === "places" ? "-"
    : r.run.verdict === "PASS" ? (r.run.attempts.length > 1 ? "p" : "P") : "F";

function printPlaces(results, name) {
    const mine = results.filter((r) => r.table === "places" && r.class === name);
    if (mine.length === 0) return;
    const columns = Object.keys(places);
    console.log(`\n${name}`.padEnd(15) + columns.map((c) => c.padStart(9)).join(""));
    for (const act of acts) {
        const cell = (at, how) => mine.find((r) => r.row === act.name && r.column === `${at} ${how}`);
        const texts = columns.map((at) => {
            const once = cell(at, "once"), always = cell(at, "always");
            return `${once ? letter(once) : " "} ${always ? letter(always) : " "}`.padStart(9);
        });
        if (texts.some((t) => t.trim())) console.log(act.name.padEnd(14) + texts.join(""));
    }
}

function printWhole(results) {
    const mine = results.filter((r) => ["whole", "swaps"].includes(r.table)), names = Object.keys(classes);
    if (mine.length === 0) return;
    console.log("\n" + "at all times".padEnd(34) + names.map((n) => n.padStart(14)).join(""));
    for (const row of [...new Set(mine.map((r) => r.row))]) {
        const cells = names.map((n) => mine.find((r) => r.row === row && r.class === n));
        console.log(row.padEnd(34) + cells.map((r) => (r ? letter(r) : " ").padStart(14)).join(""));
    }
}

function printWrong(results) {
    for (const r of results.filter((x) => x.wrong.length > 0 || (options.verbose && x.run))) {
        const kinds = r.wrong.map((w) => w[0].toUpperCase()).join(", ") || "right";
        console.log(`\n${kinds}: ${r.class}, ${r.row}, ${r.column} [${r.specs.join(" ")}] seed ${r.seed}`);
        for (const [, text] of r.wrong) console.log(`    ${text}`);
        if (!r.run) continue;
        const { verdict, code, state, mac, duration_ms: ms, sentence } = r.run;
        console.log(`    ${verdict} ${code}, ${state}, ${mac}, ${ms} ms: ${sentence ?? ""}`);
        for (const a of r.run.attempts)
            console.log(`      attempt ${a.number} ${a.fast ? "fast" : a.loader ?? ""} ${a.phase} ${a.code}, ${a.state}: ${a.sentence ?? ""}`);
    }
}

function printCounts(results, seconds) {
    const runs = results.map((r) => r.run).filter(Boolean);
    const passed = runs.filter((r) => r.verdict === "PASS"), failed = runs.filter((r) => r.verdict === "FAIL");
    const retried = passed.filter((r) => r.attempts.length > 1).length;
    const longest = Math.max(0, ...runs.map((r) => r.duration_ms / 1000));
    console.log(`\n${runs.length} boards, seed ${options.seed}, ${seconds} s: ${passed.length} PASS ` +
        `(${retried} after retries), ${failed.length} FAIL; longest run ${longest.toFixed(0)} s`);
    for (const kind of ["wrong PASS", "wrong FAIL", "wrong code", "untrue", "hang", "crash"])
        console.log(`${kind}: ${results.filter((r) => r.wrong.some((w) => w[0] === kind)).length}`);
    console.log(`erased or written beside the images: ${results.filter((r) => r.spilt).length}`);
}

// A fault of the fixture that no row has would be one that nobody tries.
function missingRows() {
    const help = spawnSync(join(build, "espfixture"), ["--help"], { encoding: "utf8" }).stdout;
    const names = help.split("\nfaults:")[1].split("\n\n")[0].split("\n").slice(2).map((l) => l.trim().match(/^[a-z0-9-]+/)[0]);
    const specs = [...acts, ...swaps, ...whole, ...Object.values(classes).map((c) => ({ spec: c.board ?? "" }))];
    const tried = new Set(specs.map((row) => row.spec.match(/^[a-z0-9-]*/)[0]));
    return names.filter((n) => !tried.has(n));
}

async function main() {
    prepare();
    const names = Object.keys(classes).filter((n) => options.class ? n === options.class : !isFast(classes[n]));
    let boards = names.flatMap(boardsOf);
    boards = options.short ? shorten(boards) : [...boards, ...mixes(options.mixes)];
    if (options.only) boards = boards.filter((b) => new RegExp(options.only).test(`${b.row} ${b.column}`));
    const racks = racksOf(boards), results = [], started = Date.now();
    console.log(`seed ${options.seed}: ${racks.flat().length} boards in ${racks.length} racks of up to ${options.boards}, ` +
        `speed ${options.speed}`);
    let next = 0;
    const worker = async () => {
        while (next < racks.length) {
            const number = next++;
            results.push(...await runRack(racks[number], number));
            const seconds = Math.round((Date.now() - started) / 1000);
            if (!options.short) process.stderr.write(`rack ${number + 1} of ${racks.length} after ${seconds} s\n`);
        }
    };
    await Promise.all(Array.from({ length: options.atOnce }, worker));
    if (!options.short) {
        console.log("\nEach cell: the fault once, and at each attempt. P passed at once, p passed after a retry,\n" +
            "F failed as it must, - never struck, ! wrong.");
        names.forEach((n) => printPlaces(results, n));
        printWhole(results);
    }
    printWrong(results);
    const missing = missingRows();
    printCounts(results, Math.round((Date.now() - started) / 1000));
    if (missing.length) console.log(`faults without a row: ${missing.join(", ")}`);
    process.exitCode = results.some((r) => r.wrong.length > 0) || missing.length > 0 ? 1 : 0;
}

await main();
