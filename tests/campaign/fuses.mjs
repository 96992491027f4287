// The campaign of burns: every step of every plan with every disturbance there is, each verdict against what
// the fuses of the virtual boards really are. Nothing may be burnt that the plan does not have, no board
// may pass whose fuses differ, no key may be anywhere but in its board.
//
//   make fuse-campaign                               all chips, about an hour
//   make fuse-campaign CAMPAIGN="--chips esp32c3 --only lose"
//   make fuse-campaign CAMPAIGN="--short"            one chip, some steps, as `make test` runs it
//
// Options: --chips A,B, --seed S, --only REGEX of disturbances, --short, --keep, --verbose. Ends with 1 if
// anything was wrong.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const build = resolve(process.env.BUILD ?? "build"), root = resolve(import.meta.dirname ?? ".", "../..");
const options = { chips: "", seed: 1, only: "", boards: 32 };
for (let i = 2; i < process.argv.length; i++) {
    const name = process.argv[i].replace(/^--/, "");
    if (["short", "keep", "verbose"].includes(name)) options[name] = true;
    else if (name in options && ++i < process.argv.length) options[name] = process.argv[i];
    else throw new Error(`unknown option ${process.argv[i]}`);
}
process.umask(0o077);
const work = mkdtempSync(join(tmpdir(), "espfuses-"));
if (!options.keep) process.on("exit", () => rmSync(work, { recursive: true, force: true }));

// ---- Chips, recipes, disturbances: a row each ------------------------------------------------------

// `keys`: where secrets are, as [block, words]. The ESP32 takes secure boot v2 from v3.0 on.
const laterKeys = [4, 5, 6, 7, 8, 9].map((b) => [b, 8]);
const chips = {
    esp32: { images: [], board: "revision=300", pem: "rsa3072-1", keys: [[1, 8]], wishes: ["shared", "own"] },
    esp32c3: { images: ["esp32c3", "5", "0x0"], pem: "rsa3072-1", keys: laterKeys, wishes: ["shared", "own", "closed"] },
    esp32s2: { images: ["esp32s2", "2", "0x1000"], pem: "rsa3072-1", keys: laterKeys, wishes: ["shared", "own"] },
    esp32s3: { images: ["esp32s3", "9", "0x0"], pem: "rsa3072-1", keys: laterKeys, wishes: ["shared", "own"] },
    esp32c6: { images: ["esp32c6", "13", "0x0"], pem: "rsa3072-1", keys: laterKeys, wishes: ["shared", "closed"] },
    esp32h2: { images: ["esp32h2", "16", "0x0"], pem: "rsa3072-1", keys: laterKeys, wishes: ["shared", "own"] },
};
const signed = "  secure_boot: { version: v2, keys: [ { file: key.pub.pem } ] }\n";
const wishes = {
    shared: `${signed}  flash_encryption: { mode: release, key: flash.key, shared: true }\n  download: open\n`,
    own: `${signed}  flash_encryption: { mode: release, key: board }\n  download: open\n`,
    closed: `${signed}  flash_encryption: { mode: release, key: board }\n  download: secure\n`,
};
// Each at every step; `may`: what a run may end with. A later run, undisturbed, must end with PASS or be
// refused without a burn.
const slow = "fuse-slow=60";
const acts = [
    { name: "lose command", specs: (k) => [`lose,at=burn,dir=in,after=${k},times=1`] },
    { name: "lose answer", specs: (k) => [`lose,at=burn,dir=out,after=${k},times=1`] },
    { name: "garble command", specs: (k) => [`garble,at=burn,dir=in,after=${k},times=1`] },
    { name: "garble answer", specs: (k) => [`garble,at=burn,dir=out,after=${k},times=1`] },
    { name: "garble a word", specs: (k, r) => [`garble,at=identify,after=${200 + k * 150 + Math.floor(r() * 300)},times=1`] },
    { name: "lose a word", specs: (k, r) => [`lose,at=identify,after=${200 + k * 150 + Math.floor(r() * 300)},times=1`] },
    { name: "refuse", specs: (k) => [`refuse,at=burn,after=${k},times=1`] },
    { name: "late", specs: (k) => [`late=3000,at=burn,after=${k},times=1`] },
    { name: "reset in front", specs: (k) => [`brownout,at=burn,after=${k},times=1`] },
    { name: "power cut in it", specs: (k) => [slow, `brownout,at=burning,after=${k},times=1`] },
    { name: "hang", specs: (k) => [`hang,at=burn,after=${k},times=1`] },
    { name: "cable", specs: (k) => [`pull,at=burn,after=${k},back-ms=300,times=1`] },
    { name: "cable in it", specs: (k) => [slow, `pull,at=burning,after=${k},back-ms=300,times=1`] },
    { name: "swapped", specs: (k) => [`swap,at=burn,after=${k},times=1`], pair: true },
    { name: "weak", specs: (k) => [`fuse-weak,after=${k}`] },
    { name: "part", specs: (k) => [`fuse-part,after=${k}`] },
    { name: "dead", specs: (k) => [`fuse-dead,after=${k}`] },
    { name: "killed", specs: () => [slow], kill: true },
    { name: "wrong key", specs: (k) => [`hang,at=burn,after=${k}`], otherKey: true },
    { name: "two stations", specs: () => [slow], two: true },
];

// ---- Chance ----------------------------------------------------------------------------------------

let state = BigInt(options.seed) & 0xffffffffffffffffn;
function random() { // splitmix64: the same seed gives the same campaign
    state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

// ---- Programs --------------------------------------------------------------------------------------

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

function run(command, args) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const result = { child, out: "" };
    child.stdout.on("data", (d) => { result.out += d; });
    child.stderr.on("data", (d) => { result.out += d; });
    result.ended = new Promise((done) => child.on("close", (code, signal) => { Object.assign(result, { code, signal }); done(result); }));
    return result;
}

function control(path) {
    const socket = connect(path), waiting = [];
    let text = "";
    socket.on("error", () => { while (waiting.length) waiting.shift()("ok {}"); });
    socket.on("data", (d) => {
        text += d;
        for (let at; (at = text.indexOf("\n")) >= 0; text = text.slice(at + 1)) waiting.shift()(text.slice(0, at));
    });
    return { ask: (words) => new Promise((answer) => { waiting.push(answer); socket.write(`${words}\n`); }), end: () => socket.end() };
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

async function look(fixture, i) {
    let fuses;
    while ((fuses = JSON.parse((await fixture.ctl.ask(`fuses ${i}`)).slice(3))).blocks.length === 0) await sleep(20); // it powers up
    const now = JSON.parse((await fixture.ctl.ask(`state ${i}`)).slice(3));
    return { mac: now.mac, running: now.running, burns: fuses.burns, words: fuses.blocks.map((b) => b.map((w) => parseInt(w, 16) >>> 0)) };
}

function burnRun(dir, recipe, ports, db, log) {
    const program = run(join(build, "espstation"), ["run", join(dir, "..", recipe), "--db", db, "--plain", "--burn", "--operator", "Ann",
        ...ports.flatMap((p) => ["--port", p])]);
    const timer = setTimeout(() => program.child.kill("SIGKILL"), 300000);
    program.ended.then((r) => { clearTimeout(timer); writeFileSync(join(dir, log), r.out); });
    return program;
}

const sql = (db, text) => JSON.parse(execFileSync("sqlite3", ["-readonly", "-json", db, text], { encoding: "utf8" }) || "[]");
const lastRun = (db, mac) => sql(db, `select r.id, r.verdict, r.code, r.sentence from run r join board b on b.id = r.board where b.mac like '${mac.slice(0, 8)}%${mac.slice(9)}' order by r.id desc limit 1`)[0];

// ---- The truth -------------------------------------------------------------------------------------

const isKey = (chip, block) => chips[chip].keys.some(([b]) => b === block);

// What an undisturbed board gets, as words of fresh bits; `secret`: blocks of keys, whatever is in them.
const wanted = {};

const fresh = (now, start) => now.map((block, b) => block.map((w, i) => (w & ~start[b][i]) >>> 0));

const differing = (blocks, what) => blocks.flatMap((block, b) => block.flatMap((w, i) => {
    const bits = what(b, i, w);
    return bits ? [`block ${b} word ${i}: ${bits.toString(16)}`] : [];
}));

function strayBits(c, words) {
    const { added, secret } = wanted[`${c.chip} ${c.wish}`];
    return differing(fresh(words, c.start), (b, i, w) => secret.includes(b) ? 0 : (w & ~added[b][i]) >>> 0);
}

function missingBits(c, words) {
    const { added, secret } = wanted[`${c.chip} ${c.wish}`];
    return differing(words, (b, i, w) => secret.includes(b) ? Number(i === 0 && words[b].every((x) => x === 0)) : (added[b][i] & ~w) >>> 0);
}

// All that a key may look like in a file.
function secretsOf(chip, wish, words) {
    const out = [];
    for (const b of wanted[`${chip} ${wish}`].secret) {
        if (words[b].filter((w) => w).length < 3) continue;
        const raw = Buffer.alloc(4 * words[b].length);
        words[b].forEach((w, i) => raw.writeUInt32LE(w, 4 * i));
        out.push(raw.subarray(0, 12), Buffer.from(raw).reverse().subarray(0, 12));
        for (const k of [raw, Buffer.from(raw).reverse()])
            out.push(Buffer.from(k.toString("hex").slice(0, 16)), Buffer.from(k.toString("base64").slice(0, 14)));
        out.push(Buffer.from(words[b].slice(0, 3).map((w) => w.toString(16).padStart(8, "0")).join(" ")));
    }
    return out;
}

function searchSecrets(dir, secrets) {
    const found = [];
    for (const file of readdirSync(dir)) {
        if (file === "ctl" || file === "ports" || file.endsWith("-stations")) continue;
        const bytes = readFileSync(join(dir, file));
        if (secrets.some((s) => bytes.includes(s))) found.push(file);
    }
    return found;
}

// ---- Racks -----------------------------------------------------------------------------------------

const results = [], wrong = [];

function note(c, kind, text) {
    wrong.push({ kind, text: `${c.chip} ${c.wish}, ${c.name} at step ${c.step}: ${text}` });
}

function judge(c, board, r, first) {
    const stray = strayBits(c, board.words), missing = missingBits(c, board.words);
    if (stray.length) note(c, "burnt and not planned", stray.join(", "));
    // The other of two stations may have had the port all the time.
    if (!r || !r.verdict) { if (!(c.kill && first) && !(c.two && !r)) note(c, "no verdict", ""); return; }
    if (r.verdict === "PASS" && missing.length) note(c, "PASS with a fuse that differs", missing.join(", "));
    if (r.verdict === "PASS" && !board.running) note(c, "PASS and not running", "");
    if (r.verdict !== "PASS" && !/^(part-burnt|burn-unknown|burnt-wrong|not-burnt|identify|secured|boot|no-sync|port-gone|port-busy|port-missing|verify|duplicate|write|stub|baud|finish)$/.test(r.code))
        note(c, "wrong code", `${r.code}: ${r.sentence}`);
    if (r.verdict !== "PASS" && r.code === "not-burnt" && board.burns > (c.before ?? 0) && first && c.name !== "dead" && c.name !== "refuse" && board.words.some((b, i) => b.some((w, k) => w & ~c.start[i][k])))
        note(c, "untrue", "\"not-burnt\", and something is");
}

async function runRack(chip, wish, rack, number) {
    const dir = join(work, chip, `rack-${wish}-${number}`), db = join(dir, "record.db");
    mkdirSync(dir);
    const fixture = await startFixture(dir, chip, rack), boards = async () => Promise.all(rack.map((_, i) => look(fixture, i)));
    const start = await boards();
    rack.forEach((c, i) => { c.start = start[i].words; c.mac = start[i].mac; });
    const recipe = rack[0].otherKey ? "brief.yaml" : `${wish}.yaml`;
    const first = burnRun(dir, recipe.replace("brief", `${wish}-brief`), fixture.ports, db, "first.txt");
    if (rack[0].kill) {
        const at = rack[0].step;
        for (let i = 0; i < 600 && first.code === undefined; i++) {
            if ((await boards()).some((b) => b.burns > at)) break;
            await sleep(20);
        }
        first.child.kill("SIGKILL");
    }
    const second = rack[0].two ? burnRun(dir, recipe, fixture.ports, join(dir, "second.db"), "beside.txt") : null;
    await first.ended;
    await second?.ended;
    await sleep(500);
    const middle = await boards();
    for (const c of rack) {
        const board = middle.find((b) => b.mac === c.mac) ?? middle[rack.indexOf(c)];
        if (!rack[0].kill) judge(c, board, lastRun(db, c.mac), true);
        c.before = board.burns;
    }
    // Undisturbed, once more: taken up, or refused as it is.
    for (let i = 0; i < rack.length; i++) await fixture.ctl.ask(`fault ${i} none`);
    const again = burnRun(dir, rack[0].otherKey ? `${wish}-other.yaml` : `${wish}-again.yaml`, fixture.ports, db, "second.txt");
    await again.ended;
    await sleep(500);
    const end = await boards();
    const secrets = [];
    for (const c of rack) {
        const board = end.find((b) => b.mac === c.mac), was = middle.find((b) => b.mac === c.mac), r = lastRun(db, c.mac);
        if (!board) { note(c, "lost", "the board is nowhere"); continue; }
        judge(c, board, r, false);
        if (r?.verdict === "FAIL" && r.code === "secured" && board.burns !== was.burns) note(c, "burnt and not planned", "refused, and something was burnt");
        if (c.otherKey && was.words.some((b, i) => isKey(chip, i) && b.some((w, k) => w !== c.start[i][k])) && JSON.stringify(was.words) !== JSON.stringify(board.words) && wish === "shared")
            note(c, "burnt and not planned", "another key than the one that is there");
        secrets.push(...secretsOf(chip, wish, board.words));
        const early = lastEnd(db, c.mac, 0), late = lastEnd(db, c.mac, -1);
        results.push({ ...c, early, late });
        if (options.verbose) console.log(`${chip} ${wish} ${c.name} ${c.step}: ${early} -> ${late}`);
    }
    execFileSync(join(build, "espstation"), ["export", "--db", db, "--format", "json", "-o", join(dir, "export.json")]);
    const audit = run(join(build, "espstation"), ["audit", "--db", db]);
    if ((await audit.ended).code !== 0) note(rack[0], "audit", audit.out);
    if (wish === "shared") secrets.push(readFileSync(join(work, chip, "flash.key")).subarray(0, 12));
    const found = searchSecrets(dir, secrets);
    if (found.length) note(rack[0], "secret", `in ${found.join(", ")}`);
    fixture.ctl.end();
    fixture.child.kill("SIGTERM");
    await fixture.ended;
    if (!options.keep) rmSync(dir, { recursive: true, force: true });
}

function lastEnd(db, mac, at) {
    const all = sql(db, `select r.verdict, r.code from run r join board b on b.id = r.board where b.mac like '${mac.slice(0, 8)}%${mac.slice(9)}' order by r.id`);
    const r = all.at(at);
    return r ? (r.verdict === "PASS" ? "PASS" : r.code) : "none";
}

function prepare(chip) {
    const dir = join(work, chip), c = chips[chip];
    execFileSync(join(build, "make_images"), [dir, "40", ...c.images]);
    for (const half of ["pem", "pub.pem"]) writeFileSync(join(dir, `key.${half}`), readFileSync(join(root, `tests/data/security/${c.pem}.${half}`)), { mode: 0o600 });
    writeFileSync(join(dir, "flash.key"), randomBytes(32), { mode: 0o600 });
    writeFileSync(join(dir, "other.key"), randomBytes(32), { mode: 0o600 });
    for (const f of ["bootloader", "app"])
        execFileSync(join(build, "espstation"), ["image", "sign", join(dir, `${f}.bin`), "--key", join(dir, "key.pem"), "-o", join(dir, `${f}-s.bin`)]);
    const text = readFileSync(join(dir, `${c.images[0] ?? "esp32"}.yaml`), "utf8").replace("bootloader.bin", "bootloader-s.bin").replace("app.bin", "app-s.bin").replace("size: detect", "size: keep").replace("mode: dio", "mode: keep");
    const put = (name, more) => writeFileSync(join(dir, `${name}.yaml`), `${text}duplicates: allow\n${more}`);
    for (const wish of c.wishes) {
        const security = `security:\n${wishes[wish]}`;
        put(wish, security);
        put(`${wish}-again`, security);
        put(`${wish}-other`, security.replace("flash.key", "other.key"));
        writeFileSync(join(dir, `${wish}-brief.yaml`), `${text.replace(/^retry:.*$/m, "retry: { write: 0, sync: 0, verify: 0, finish: 0 }")}duplicates: allow\n${security}`);
    }
}

// One undisturbed board gives the end state and the number of burns.
async function learn(chip, wish) {
    const dir = join(work, chip, `learn-${wish}`), rack = [{ specs: [] }, { specs: [] }];
    mkdirSync(dir);
    const fixture = await startFixture(dir, chip, rack), before = await look(fixture, 0);
    const end = await burnRun(dir, `${wish}.yaml`, fixture.ports, join(dir, "record.db"), "learn.txt").ended;
    await sleep(500);
    const [a, b] = [await look(fixture, 0), await look(fixture, 1)];
    fixture.ctl.end();
    fixture.child.kill("SIGTERM");
    await fixture.ended;
    if (end.code !== 0) throw new Error(`${chip} ${wish}, undisturbed:\n${end.out}`);
    const secret = a.words.map((_, i) => i).filter((i) => isKey(chip, i) && a.words[i].some((w, k) => w !== before.words[i][k]) &&
        (wish === "shared" ? isFlashKey(chip, a.words, i) : a.words[i].some((w, k) => w !== b.words[i][k])));
    wanted[`${chip} ${wish}`] = { added: fresh(a.words, before.words), secret };
    return a.burns;
}

const isFlashKey = (chip, words, block) => {
    if (chip === "esp32") return true;
    const raw = Buffer.alloc(32), key = readFileSync(join(work, chip, "flash.key"));
    words[block].forEach((w, i) => raw.writeUInt32LE(w, 4 * i));
    return raw.reverse().equals(key);
};

async function campaign() {
    const list = options.chips ? options.chips.split(",") : options.short ? ["esp32c3"] : Object.keys(chips);
    console.log(`seed ${options.seed}, chips ${list.join(" ")}`);
    for (const chip of list) {
        prepare(chip);
        for (const wish of options.short ? ["shared"] : chips[chip].wishes) {
            const burns = await learn(chip, wish), cases = [];
            for (const act of acts.filter((a) => new RegExp(options.only).test(a.name))) for (let step = 0; step < burns; step++) {
                if (options.short && random() < 0.75) continue;
                cases.push({ ...act, chip, wish, step, specs: act.specs(step, random) });
            }
            let number = 0;
            const group = (list, size) => { const out = []; for (let i = 0; i < list.length; i += size) out.push(list.slice(i, i + size)); return out; };
            const pairs = cases.filter((c) => c.pair).flatMap((c) => [c, { ...c, name: "neighbour of swapped", specs: [] }]);
            const alone = (key) => cases.filter((c) => c[key]);
            const racks = [...group(cases.filter((c) => !c.pair && !c.kill && !c.otherKey && !c.two), Number(options.boards)), ...group(pairs, Number(options.boards)),
                ...alone("kill").map((c) => [c]), ...group(alone("otherKey"), Number(options.boards)), ...alone("two").slice(0, 2).map((c) => [c])];
            for (const rack of racks) await runRack(chip, wish, rack, number++);
            console.log(`${chip} ${wish}: ${burns} burns, ${cases.length} boards disturbed, ${wrong.length} things wrong so far`);
        }
    }
    const count = (f) => results.filter(f).length;
    console.log(`${results.length} boards: ${count((r) => r.early === "PASS")} passed though disturbed, ${count((r) => r.early !== "PASS" && r.late === "PASS")} when run once more, ${count((r) => r.late !== "PASS")} refused or lost`);
    for (const kind of ["burnt and not planned", "PASS with a fuse that differs", "PASS and not running", "secret", "no verdict", "wrong code", "untrue", "audit", "lost"]) {
        const of = wrong.filter((w) => w.kind === kind);
        console.log(`${kind}: ${of.length}`);
        for (const w of of.slice(0, 12)) console.log(`  ${w.text.slice(0, 400)}`);
    }
    process.exitCode = wrong.length || !results.length ? 1 : 0;
}

await campaign();
