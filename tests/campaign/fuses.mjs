// The campaign of burns: every step of every plan with every disturbance there is, each verdict against what
// the fuses of the virtual boards really are. Nothing may be burnt that the plan does not have, no board
// may pass whose fuses differ, no key may be anywhere but in its board and in memory that is never swapped, and
// what a failure says of the board must be so when it is run once more.
//
//   make fuse-campaign                               all chips, about an hour
//   make fuse-campaign CAMPAIGN="--chips esp32c3 --only lose"
//   make fuse-campaign CAMPAIGN="--short"            one chip, some steps, as `make test` runs it
//
// Options: --chips A,B, --seed S, --only REGEX of disturbances, --wishes A,B, --boards N of a rack, --jobs N racks at once,
// --short, --keep, --verbose. Ends with 1 if anything was wrong.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { acts, chips, wishes } from "./fuse_rows.mjs";

const build = resolve(process.env.BUILD ?? "build"), root = resolve(import.meta.dirname ?? ".", "../..");
const station = join(build, "espstation");
const options = { chips: "", seed: 1, only: "", wishes: "", boards: 32, jobs: 3 };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i].replace(/^--/, "");
    if (["short", "keep", "verbose"].includes(name)) options[name] = true;
    else if (name in options && ++i < process.argv.length) options[name] = process.argv[i];
    else throw new Error(`unknown option ${process.argv[i]}`);
}
process.umask(0o077);
const work = mkdtempSync(join(tmpdir(), "espfuses-"));
if (!options.keep) process.on("exit", () => rmSync(work, { recursive: true, force: true }));

// ---- Chance ----------------------------------------------------------------------------------------

function chance(...seed) { // splitmix64: the same seed gives the same campaign, whatever runs beside it
    let state = createHash("sha256").update(seed.join(" ")).digest().readBigUInt64LE();
    return () => {
        state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
        let z = state;
        z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
        z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
        return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
    };
}

// ---- Programs --------------------------------------------------------------------------------------

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

function run(command, args, more = {}) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...more });
    const result = { child, out: "" };
    child.stdout.on("data", (d) => { result.out += d; });
    child.stderr.on("data", (d) => { result.out += d; });
    result.ended = new Promise((done) => child.on("close", (code, signal) => { Object.assign(result, { code, signal }); done(result); }));
    return result;
}

async function must(command, args) {
    const { code, out } = await run(command, args).ended;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${out}`);
    return out;
}

let free = Number(options.jobs);
const waiting = [];
async function inTurn(work) { // so many racks at once: most of what a rack does is waiting
    if (free > 0) free--;
    else await new Promise((go) => waiting.push(go));
    try { return await work(); } finally { waiting.length ? waiting.shift()() : free++; }
}

function control(path) {
    const socket = connect(path), asked = [];
    let text = "";
    socket.on("error", () => { while (asked.length) asked.shift()("ok {}"); });
    socket.on("data", (d) => {
        text += d;
        for (let at; (at = text.indexOf("\n")) >= 0; text = text.slice(at + 1)) asked.shift()(text.slice(0, at));
    });
    return { ask: (words) => new Promise((answer) => { asked.push(answer); socket.write(`${words}\n`); }), end: () => socket.end() };
}

async function startFixture(dir, chip, rack) {
    const portsFile = join(dir, "ports"), path = join(dir, "ctl");
    const args = ["--boards", rack.length, "--chip", chip, "--speed", 20, "--seed", options.seed, "--ports-file", portsFile,
        "--control", path, "--quiet"];
    rack.forEach((c, i) => { for (const spec of [chips[chip].board, ...c.specs]) if (spec) args.push("--fault", `${i}:${spec}`); });
    const fixture = run(join(build, "espfixture"), args.map(String));
    for (let i = 0; !existsSync(portsFile) || readFileSync(portsFile, "utf8") === ""; i++) {
        if (fixture.code !== undefined || i > 1000) throw new Error(`espfixture: ${fixture.out}`);
        await sleep(20);
    }
    return { ...fixture, ports: readFileSync(portsFile, "utf8").trim().split("\n"), ctl: control(path) };
}

async function endFixture(fixture) {
    fixture.ctl.end();
    fixture.child.kill("SIGTERM");
    await fixture.ended;
}

async function look(fixture, i) {
    let fuses;
    for (let tries = 0; tries < 100; tries++) { // it powers up; an ESP8266 has none
        fuses = JSON.parse((await fixture.ctl.ask(`fuses ${i}`)).slice(3));
        if (fuses.blocks.length > 0) break;
        await sleep(20);
    }
    const now = JSON.parse((await fixture.ctl.ask(`state ${i}`)).slice(3));
    return { mac: now.mac, running: now.running, burns: fuses.burns, busy: fuses.burning, words: fuses.blocks.map((b) => b.map((w) => parseInt(w, 16) >>> 0)) };
}

// A burn that was told goes on without the station, and a board that passed may still be starting.
async function lookAtAll(fixture, rack, passed = () => false) {
    for (let i = 0; ; i++) {
        const boards = await Promise.all(rack.map((_, k) => look(fixture, k)));
        if (i === 100 || !boards.some((b) => b.busy || (passed(b.mac) && !b.running))) return boards;
        await sleep(50);
    }
}

// Core files may be written where it runs: it must leave none.
function burnRun(dir, recipe, ports, db, log) {
    const program = run("/bin/sh", ["-c", "ulimit -c unlimited; exec \"$@\"", "sh", station, "run", join(dir, "..", recipe), "--db", db, "--plain",
        "--burn", "--operator", "Ann", ...ports.flatMap((p) => ["--port", p])], { cwd: dir });
    const timer = setTimeout(() => program.child.kill("SIGKILL"), 300000);
    program.ended.then((r) => { clearTimeout(timer); writeFileSync(join(dir, log), r.out); });
    return program;
}

async function runsOf(db) { // by MAC, in their order
    const out = await must("sqlite3", ["-readonly", "-json", db, "select b.mac, r.id, r.verdict, r.code, r.sentence, r.hint, r.board_state as state from run r join board b on b.id = r.board order by r.id"]);
    return (mac) => JSON.parse(out || "[]").filter((r) => r.mac.startsWith(mac.slice(0, 8)) && r.mac.endsWith(mac.slice(9)));
}

// ---- The truth -------------------------------------------------------------------------------------

// What an undisturbed board gets, as words of fresh bits; `secret`: blocks of keys, whatever is in their words of a key.
const wanted = {};
const wantedOf = (c) => wanted[`${c.chip} ${c.wish}`];

const fresh = (now, start) => now.map((block, b) => block.map((w, i) => (w & ~start[b][i]) >>> 0));
const any = (words) => words.some((block) => block.some((w) => w !== 0));

const differing = (blocks, what) => blocks.flatMap((block, b) => block.flatMap((w, i) => {
    const bits = what(b, i, w);
    return bits ? [`block ${b} word ${i}: ${bits.toString(16)}`] : [];
}));

const isSecret = (c, b, i) => wantedOf(c).secret.some(([block, words]) => block === b && i < words);

const strayBits = (c, words) => differing(fresh(words, c.start), (b, i, w) => isSecret(c, b, i) ? 0 : (w & ~wantedOf(c).added[b][i]) >>> 0);

const missingBits = (c, words) => differing(words, (b, i, w) =>
    isSecret(c, b, i) ? Number(i === 0 && words[b].every((x) => x === 0)) : (wantedOf(c).added[b][i] & ~w) >>> 0);

// All that a key may look like in a file or in memory.
function looksOf(key) {
    const reversed = Buffer.from(key).reverse(), words = [];
    for (let at = 0; at < 12; at += 4) words.push(key.readUInt32LE(at).toString(16).padStart(8, "0"));
    return [key.subarray(0, 12), reversed.subarray(0, 12), Buffer.from(words.join(" ")), ...[key, reversed].flatMap((k) =>
        [Buffer.from(k.toString("hex").slice(0, 16)), Buffer.from(k.toString("base64").slice(0, 14))])];
}

function secretsOf(c, words) {
    const out = [];
    for (const [b, count] of wantedOf(c).secret) {
        if (words[b].filter((w) => w).length < 3) continue;
        const key = Buffer.alloc(4 * count);
        for (let i = 0; i < count; i++) key.writeUInt32LE(words[b][i], 4 * i);
        out.push(...looksOf(key));
    }
    return out;
}

function searchFiles(dir, secrets) {
    const files = readdirSync(dir).filter((f) => f !== "ctl" && f !== "ports" && !f.endsWith("-stations"));
    return files.filter((f) => { const bytes = readFileSync(join(dir, f)); return secrets.some((s) => bytes.includes(s)); });
}

// Memory that may be swapped; that keys are found in the rest proves that the search finds them.
const memory = { searched: 0, closed: 0, locked: 0 };
function searchMemory(pid, secrets) {
    let maps, fd;
    try { maps = readFileSync(`/proc/${pid}/smaps`, "utf8"); fd = openSync(`/proc/${pid}/mem`, "r"); } catch { memory.closed++; return []; }
    const found = [], areas = maps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).map((text) => {
        const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+)/.exec(text) ?? [0, "0", "0"];
        return { text, head: text.split("\n")[0], start: parseInt(from, 16), size: parseInt(to, 16) - parseInt(from, 16) };
    });
    // Under a sanitizer, which keeps terabytes for itself, mlock does nothing.
    if (areas.some((a) => a.size > 2 ** 40)) { closeSync(fd); memory.closed++; return []; }
    for (const { text: area, start, size } of areas.filter((a) => / rw/.test(a.head))) {
        const bytes = Buffer.alloc(size);
        try { readSync(fd, bytes, 0, size, start); } catch { continue; }
        if (!secrets.some((s) => bytes.includes(s))) continue;
        if (/VmFlags:.*\blo\b/.test(area)) memory.locked++;
        else found.push(area.split("\n")[0]);
    }
    closeSync(fd);
    memory.searched++;
    return found;
}

// ---- What a verdict says ---------------------------------------------------------------------------

const results = [], wrong = [];
const kinds = ["burnt and not planned", "PASS with a fuse that differs", "PASS and not running", "secret", "core", "no verdict", "wrong code", "untrue",
    "called lost and is not", "called good and is not", "not refused", "audit", "lost"];

function note(c, kind, text) {
    wrong.push({ kind, text: `${c.chip} ${c.wish}, ${c.name} at step ${c.step}: ${text}` });
    if (options.verbose) console.log(`wrong: ${kind}: ${wrong.at(-1).text.slice(0, 700)}`);
}

const known = /^(part-burnt|burn-unknown|burnt-wrong|not-burnt|identify|secured|boot|no-sync|port-gone|port-busy|port-missing|verify|duplicate|write|stub|baud|finish|database)$/;

function judge(c, board, r, was) {
    const stray = strayBits(c, board.words), missing = missingBits(c, board.words);
    if (stray.length) note(c, "burnt and not planned", stray.join(", "));
    if (!r?.verdict) { if (was || !c.kill && !c.two) note(c, "no verdict", ""); return; } // the other station may have had the port all the time
    const said = `${r.code}: ${r.sentence} ${r.hint}`;
    if (r.verdict === "PASS") {
        if (missing.length) note(c, "PASS with a fuse that differs", missing.join(", "));
        if (!board.running) note(c, "PASS and not running", "");
        return;
    }
    if (!known.test(r.code)) note(c, "wrong code", said);
    const burnt = any(fresh(board.words, was?.words ?? c.start));
    if (r.code === "not-burnt" && burnt && !c.two) note(c, "untrue", `something is burnt: ${said}`);
    if (r.code === "part-burnt" && !any(fresh(board.words, c.start))) note(c, "untrue", `nothing is burnt: ${said}`);
    if (burnt && !c.two && !c.name.startsWith("neighbour") && !/\bburn|step \d+ of \d+/i.test(said)) note(c, "untrue", `of burns it says nothing: ${said}`);
    if (!r.hint) note(c, "untrue", `what next it does not say: ${said}`);
}

const isLost = (r) => /\blost\b|for ever|[Ss]et (it|the board) aside/.test(`${r.sentence} ${r.hint}`);

// Run once more by the same recipe, undisturbed, a board that was called lost must not pass, and another one must. A
// command that a swap within a millisecond brings to the other board, powered all the time, burns what that one's own run
// has made ready, and nobody can know.
function judgeOutcome(c, early, late) {
    if (c.otherKey || c.two || !early?.verdict || early.verdict === "PASS") return;
    if (c.name.startsWith("neighbour") || c.pair && ["own", "closed", "keys"].includes(c.wish)) return;
    if (/cannot be run again|_DIS\w* was burnt|DIS_DOWNLOAD_MODE was burnt/.test(`${early.sentence} ${early.hint}`)) { // it is closed
        if (missingBits(c, c.end.words).length) note(c, "untrue", `not all is burnt: ${early.code}: ${early.sentence} ${early.hint}`);
        return;
    }
    const text = `${early.code}: ${early.sentence} ${early.hint} -> ${late?.code}: ${late?.sentence} ${late?.hint}`;
    if (isLost(early) && late?.verdict === "PASS") note(c, "called lost and is not", text);
    if (!isLost(early) && late?.verdict !== "PASS") note(c, "called good and is not", text);
}

// ---- Racks -----------------------------------------------------------------------------------------

async function killIt(c, first, fixture, dir) {
    for (let i = 0; i < 600 && first.code === undefined && (await look(fixture, 0)).burns <= c.step; i++) await sleep(20);
    if (first.code !== undefined) return;
    first.child.kill("SIGSTOP");
    const secrets = [...secretsOf(c, (await look(fixture, 0)).words), ...fileSecrets(c)];
    const found = searchMemory(first.child.pid, secrets);
    if (found.length) note(c, "secret", `in memory that may be swapped: ${found.join(", ")}`);
    first.child.kill(c.kill);
    first.child.kill("SIGCONT");
    await first.ended;
    if (readdirSync(dir).some((f) => f.startsWith("core"))) note(c, "core", "it has left one");
}

const fileSecrets = (c) => ["shared", "encrypted", "keys"].includes(c.wish) ? looksOf(readFileSync(join(work, c.chip, "flash.key"))) : [];

const suffix = (wish, kind) => (kind ? `${wish}-${kind}.yaml` : `${wish}.yaml`);

async function runRack(chip, wish, rack, number) {
    const dir = join(work, chip, `rack-${wish}-${number}`), db = join(dir, "record.db"), [lead] = rack;
    mkdirSync(dir);
    const fixture = await startFixture(dir, chip, rack), start = await lookAtAll(fixture, rack);
    rack.forEach((c, i) => { c.start = start[i].words; c.mac = start[i].mac; });
    const first = burnRun(dir, suffix(wish, lead.otherKey && "brief"), fixture.ports, db, "first.txt");
    if (lead.kill) await killIt(lead, first, fixture, dir);
    const second = lead.two ? burnRun(dir, suffix(wish), fixture.ports, join(dir, "second.db"), "beside.txt") : null;
    await first.ended;
    await second?.ended;
    let runs = await runsOf(db);
    const early = Object.fromEntries(rack.map((c) => [c.mac, runs(c.mac).at(-1)]));
    const middle = await lookAtAll(fixture, rack, (mac) => early[mac]?.verdict === "PASS");
    rack.forEach((c, i) => { if (!c.kill) judge(c, middle.find((b) => b.mac === c.mac) ?? middle[i], early[c.mac], null); });
    // Undisturbed, once more: taken up, or refused as it is.
    for (let i = 0; i < rack.length; i++) await fixture.ctl.ask(`fault ${i} none`);
    await burnRun(dir, suffix(wish, lead.otherKey ? "other" : "again"), fixture.ports, db, "second.txt").ended;
    runs = await runsOf(db);
    const end = await lookAtAll(fixture, rack, (mac) => runs(mac).at(-1)?.verdict === "PASS");
    const secrets = fileSecrets(lead);
    for (const c of rack) {
        const board = end.find((b) => b.mac === c.mac), was = middle.find((b) => b.mac === c.mac), late = runs(c.mac).at(-1);
        if (!board || !was) { note(c, "lost", "the board is nowhere"); continue; }
        judgeAgain(c, board, was, late, runs(c.mac).length > (early[c.mac] ? 1 : 0));
        c.end = board;
        if (!c.kill) judgeOutcome(c, early[c.mac], late);
        secrets.push(...secretsOf(c, board.words));
        const word = (r) => (!r?.verdict ? "none" : r.verdict === "PASS" ? "PASS" : r.code);
        results.push({ ...c, start: null, end: null, early: c.kill ? "killed" : word(early[c.mac]), late: word(late) });
        if (options.verbose) console.log(`${chip} ${wish} ${c.name} ${c.step}: ${results.at(-1).early} -> ${results.at(-1).late}`);
    }
    await endRack(lead, dir, db, secrets, fixture);
}

function judgeAgain(c, board, was, late, has) {
    const isSame = JSON.stringify(was.words) === JSON.stringify(board.words);
    // What is closed says neither fuses nor MAC: such a run stands in the record by itself.
    if (has) judge(c, board, late, was);
    if (late?.verdict === "FAIL" && late.code === "secured" && board.burns !== was.burns) note(c, "burnt and not planned", "refused, and something was burnt");
    if (c.otherKey && c.wish === "shared" && !isSame && wantedOf(c).secret.some(([b]) => was.words[b].some((w, k) => w !== c.start[b][k])))
        note(c, "burnt and not planned", "another key than the one that is there");
}

async function endRack(lead, dir, db, secrets, fixture) {
    for (const format of ["json", "csv"]) await must(station, ["export", "--db", db, "--format", format, "-o", join(dir, `export.${format}`)]);
    const audit = await run(station, ["audit", "--db", db]).ended;
    if (audit.code !== 0) note(lead, "audit", audit.out);
    const found = searchFiles(dir, secrets);
    if (found.length) note(lead, "secret", `in ${found.join(", ")}`);
    await endFixture(fixture);
    if (!options.keep) rmSync(dir, { recursive: true, force: true });
}

// ---- Recipes ---------------------------------------------------------------------------------------

async function prepare(chip) {
    const dir = join(work, chip), c = chips[chip], bytes = c.flashKey ?? 32;
    await must(join(build, "make_images"), [dir, "40", ...c.images]);
    for (const half of ["pem", "pub.pem"]) writeFileSync(join(dir, `key.${half}`), readFileSync(join(root, `tests/data/security/${c.pem}.${half}`)), { mode: 0o600 });
    for (const key of ["flash", "other"]) writeFileSync(join(dir, `${key}.key`), randomBytes(bytes), { mode: 0o600 });
    for (const f of ["bootloader", "app"])
        await must(station, ["image", "sign", join(dir, `${f}.bin`), "--key", join(dir, "key.pem"), "-o", join(dir, `${f}-s.bin`)]);
    const text = readFileSync(join(dir, `${c.recipe ?? c.images[0] ?? chip}.yaml`), "utf8").replace("bootloader.bin", "bootloader-s.bin").replace("app.bin", "app-s.bin").replace("size: detect", "size: keep").replace("mode: dio", "mode: keep");
    const put = (name, more) => writeFileSync(join(dir, name), `${text}duplicates: allow\nsecurity:\n${more}`);
    for (const wish of [...c.wishes, ...Object.keys(c.refused ?? {})]) {
        put(suffix(wish), wishes[wish]);
        put(suffix(wish, "again"), wishes[wish]);
        put(suffix(wish, "other"), wishes[wish].replace("flash.key", "other.key"));
        writeFileSync(join(dir, suffix(wish, "brief")), `${text.replace(/^retry:.*$/m, "retry: { write: 0, sync: 0, verify: 0, finish: 0 }")}duplicates: allow\nsecurity:\n${wishes[wish]}`);
    }
}

// Two undisturbed boards give the end state, which blocks hold keys, and the number of burns.
async function learn(chip, wish) {
    const dir = join(work, chip, `learn-${wish}`), rack = [{ specs: [] }, { specs: [] }];
    mkdirSync(dir);
    const fixture = await startFixture(dir, chip, rack), [before] = await lookAtAll(fixture, rack);
    const end = await burnRun(dir, suffix(wish), fixture.ports, join(dir, "record.db"), "learn.txt").ended;
    const [a, b] = await lookAtAll(fixture, rack);
    await endFixture(fixture);
    if (end.code !== 0) throw new Error(`${chip} ${wish}, undisturbed:\n${end.out}`);
    const file = readFileSync(join(work, chip, "flash.key"));
    const holds = ([block, words]) => {
        const key = Buffer.alloc(4 * words);
        for (let i = 0; i < words; i++) key.writeUInt32LE(a.words[block][i], 4 * i);
        return any([a.words[block]]) && (key.equals(file) || Buffer.from(key).reverse().equals(file) || a.words[block].some((w, k) => w !== b.words[block][k]));
    };
    wanted[`${chip} ${wish}`] = { added: fresh(a.words, before.words), secret: chips[chip].keys.filter(holds) };
    return a.burns;
}

let refusals = 0;
async function refuse(chip, wish) {
    const dir = join(work, chip, `refused-${wish}`), c = { chip, wish, name: "for want of a source", step: 0 }, sentence = chips[chip].refused[wish];
    mkdirSync(dir);
    const fixture = await startFixture(dir, chip, [{ specs: [] }]), [start] = await lookAtAll(fixture, [0]);
    const checked = await run(station, ["check", join(dir, "..", suffix(wish))]).ended;
    const burnt = await burnRun(dir, suffix(wish), fixture.ports, join(dir, "record.db"), "first.txt").ended;
    const [end] = await lookAtAll(fixture, [0]);
    for (const r of [checked, burnt])
        if (r.code === 0 || !r.out.replace(/\s+/g, " ").includes(sentence)) note(c, "not refused", r.out);
    if (end.burns !== 0 || any(fresh(end.words, start.words))) note(c, "burnt and not planned", "refused, and something was burnt");
    await endFixture(fixture);
    refusals++;
}

function racksOf(cases) {
    const size = Number(options.boards), alone = (key) => cases.filter((c) => c[key]).map((c) => [c]);
    const group = (list) => Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
    const pairs = cases.filter((c) => c.pair).flatMap((c) => [c, { ...c, name: "neighbour of swapped", specs: [] }]);
    return [...group(cases.filter((c) => !c.pair && !c.kill && !c.otherKey && !c.two)), ...group(pairs), ...alone("kill"),
        ...group(cases.filter((c) => c.otherKey)), ...alone("two").slice(0, 2)];
}

async function wishOf(chip, wish) {
    const began = Date.now(), random = chance(options.seed, chip, wish), burns = await inTurn(() => learn(chip, wish)), cases = [];
    for (const act of acts.filter((a) => new RegExp(options.only).test(a.name))) for (let step = 0; step < burns; step++) {
        if (options.short && random() < 0.75) continue;
        cases.push({ ...act, chip, wish, step, specs: act.specs(step, random) });
    }
    await Promise.all(racksOf(cases).map((rack, number) => inTurn(() => runRack(chip, wish, rack, number))));
    console.log(`${chip} ${wish}: ${burns} burns, ${cases.length} boards disturbed, ${Math.round((Date.now() - began) / 1000)} s, ${wrong.length} things wrong so far`);
}

async function campaign() {
    const list = options.chips ? options.chips.split(",") : options.short ? ["esp32c3"] : Object.keys(chips), began = Date.now();
    console.log(`seed ${options.seed}, chips ${list.join(" ")}`);
    for (const chip of list) {
        await prepare(chip);
        const only = options.wishes ? options.wishes.split(",") : options.short ? ["shared"] : chips[chip].wishes;
        const refused = options.short ? [] : Object.keys(chips[chip].refused ?? {});
        await Promise.all([...refused.map((wish) => inTurn(() => refuse(chip, wish))), ...chips[chip].wishes.filter((w) => only.includes(w)).map((wish) => wishOf(chip, wish))]);
    }
    const count = (f) => results.filter(f).length;
    console.log(`${results.length} boards: ${count((r) => r.early === "PASS")} passed though disturbed, ${count((r) => r.early !== "PASS" && r.late === "PASS")} when run once more, ${count((r) => r.early !== "PASS" && r.late !== "PASS")} refused or lost`);
    console.log(`${refusals} recipes refused for want of a source; memory of ${memory.searched} stations searched (keys found ${memory.locked} times, where it is locked), ${memory.closed} not to be read; ${Math.round((Date.now() - began) / 1000)} s`);
    for (const kind of kinds) {
        const of = wrong.filter((w) => w.kind === kind);
        console.log(`${kind}: ${of.length}`);
        for (const w of of.slice(0, 12)) console.log(`  ${w.text.slice(0, 700)}`);
    }
    if (memory.searched && !memory.locked && !options.only) throw new Error("no key was found where keys are: the search proves nothing");
    process.exitCode = wrong.length || !(results.length || refusals) ? 1 : 0;
}

await campaign();
