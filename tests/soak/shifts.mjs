// A day at a line, from the evening before to the evening: three shifts of eight slots, sixty boards an
// hour in each. The station must not grow. Prints TAP, and a line of figures for each hour of that day.
//
//   node tests/soak/shifts.mjs [--minutes 40] [--hours 24] [--slots 8] [--per-hour 60] [--speed 20] [--seed S]
//
// Boards are put in as a day would bring them, only faster: as many of them, in `minutes`. The station's
// wall clock goes as much faster (tests/preload/wall.c), through a midnight, through the night in which
// clocks go forward, and past 6, 14 and 22 o'clock, at which another operator logs in. In between:
//
//   - a lot fills to the board, and the next one is opened while boards wait for it
//   - the recipe changes every four hours, and is changed back
//   - one board in twelve is broken in some way, one in fifty comes twice; slots that are taken out of
//     work for it are put back by an engineer
//   - cables are pulled and put back, in slots at work and at rest
//   - STOP and START for all at each break, ACKNOWLEDGE, RETRY
//   - two pages look all day, others come and go; all that pages of engineers ask for is asked for
//   - events go to a server that is away for an hour in four
//
// What is not the real thing: the station's waits are as long as ever, so what happens by the clock
// alone (a look at an empty slot, a beat of the page) happens 24 * 60 / minutes times too rarely.
import { createServer } from "node:http";
import { mkdirSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { build, chance, check, finish, makeImages, makeRecipe, note, number, options, sleep, sql, startFixture, startStation,
    until, work } from "../crash/rig.mjs";
import { macOf, makeFaults } from "./boards.mjs";
import { Flat, words } from "./flat.mjs";

const o = options({ minutes: 40, hours: 24, slots: 8, "per-hour": 60, speed: 20, seed: Date.now() % 1000000 });
const random = chance(o.seed), fault = makeFaults(random), flat = new Flat();
const db = join(work, "record.db"), hourMs = (o.minutes * 60000) / o.hours, target = o.slots * o.hours * o["per-hour"];
note(`seed ${o.seed}: ${target} boards, an hour in ${(hourMs / 1000).toFixed(0)} s`);

// ---- The day ------------------------------------------------------------------------------------
const eveUtcS = Date.UTC(2026, 2, 28, 20, 30) / 1000; // half past nine in Berlin; at one in the morning UTC the clocks change
const began = process.hrtime.bigint();
const sinceMs = () => Number(process.hrtime.bigint() - began) / 1e6;
const clock = () => new Date(eveUtcS * 1000 + (sinceMs() * 3600000) / hourMs);
const day = { TZ: "Europe/Berlin", WALL: `${eveUtcS} ${Number(began) / 1e9} ${3600000 / hourMs}`, XDG_RUNTIME_DIR: join(work, "run"), XDG_CONFIG_HOME: join(work, "config") };
for (const folder of ["run", "config"]) mkdirSync(join(work, folder), { mode: 0o700 });
const wall = join(build, "wall.so");
const tell = (args, input = "") => execFileSync(join(build, "espstation"), args, { input, env: { ...process.env, ...day, LD_PRELOAD: wall }, stdio: ["pipe", "ignore", "pipe"] });

// ---- People, events, station --------------------------------------------------------------------
const pins = { Ann: "654321", Bob: "111111", Cem: "222222", Dao: "333333" }, operators = ["Bob", "Cem", "Dao"];
const people = join(work, "people.yaml");
tell(["people", "add", "Ann", "--role", "engineer", "--people", people], "654321\n654321\n");
for (const name of operators) tell(["people", "add", name, "--role", "operator", "--operator", "Ann", "--people", people], `654321\n${pins[name]}\n${pins[name]}\n`);

const hook = { away: false, taken: 0, server: createServer((request, response) => {
    request.resume().on("end", () => {
        if (!hook.away) hook.taken++;
        response.writeHead(hook.away ? 503 : 200).end();
    });
}) };
await new Promise((done) => hook.server.listen(0, "127.0.0.1", done));
writeFileSync(join(work, "hook.key"), "a key of this test\n");
chmodSync(join(work, "hook.key"), 0o600);

makeImages(24);
const recipes = ["day", "night"].map((name) => makeRecipe(name, "esp32", { recipe: `shifts-${name}`, retry: "{ sync: 1, write: 1, pause_ms: 20 }" }));
const fixture = await startFixture("--boards", o.slots, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty");
const stationFile = join(work, "station.yaml");
writeFileSync(stationFile, ["station: shifts", `record: ${db}`, "people: people.yaml", 'screen: { listen: "127.0.0.1:0" }',
    `webhook: { to: "http://127.0.0.1:${hook.server.address().port}/events", key_file: hook.key }`, "slots:",
    ...fixture.ports.map((port, i) => `  - { name: S${i + 1}, port: "${port}" }`)].join("\n"));

// Of each slot: since when its board is there, and whether that one is done.
const slots = Array.from({ length: o.slots }, () => ({ put: 0, done: true, mac: 1 }));
const shown = new Map(), codes = {}, counts = { put: 0, twice: 0, pulls: 0, lots: 0, acts: 0, refused: {}, pages: 0, readers: 0, silent: 0 };
const station = startStation(["line", recipes[0], "--station", stationFile, "--operator", "Bob", "--lot", "first", "--new-lot", "--json"], {
    keep: false, preload: [...flat.preload, wall], extraEnv: { ...flat.env, ...day },
    onLine: (line) => {
        if (line.event !== "verdict" || !line.slot) return;
        slots[line.slot - 1].done = true;
        if (line.run) shown.set(String(line.run), line.verdict);
        codes[line.code] = (codes[line.code] ?? 0) + 1;
    },
});
let exit = null;
station.exited.then((how) => (exit = how));
const address = () => /shown at (\S+)/.exec(station.errors)?.[1];
if (!await until(address)) throw new Error(station.errors);
const url = address();

// ---- What people do -----------------------------------------------------------------------------
const cookies = {};
async function ask(path, body, name) {
    const headers = { ...(body ? { "content-type": "application/json" } : {}), ...(name ? { cookie: cookies[name] } : {}) };
    const answer = await fetch(`${url}api/v1/${path}`, { method: body ? "POST" : "GET", body: body && JSON.stringify(body), headers });
    return { status: answer.status, cookie: answer.headers.get("set-cookie"), text: await answer.text() };
}
async function logIn(name) {
    const { status, cookie, text } = await ask("login", { name, secret: pins[name] });
    if (status !== 200) throw new Error(`${name} is not let in: ${text}`);
    cookies[name] = cookie.split(";")[0];
}
async function act(name, what) {
    const { status, text } = await ask("acts", what, name);
    counts.acts++;
    if (status === 200) return;
    const why = `${what.act}: ${JSON.parse(text).sentence ?? text}`.replace(/\d+/g, "N");
    counts.refused[why] = (counts.refused[why] ?? 0) + 1;
}
let operator = "Bob", lot = "first";
await logIn("Ann");
await logIn(operator);

async function nextOperator(shift) {
    const before = operator;
    operator = operators[shift % operators.length];
    await logIn(operator);
    await act(operator, { act: "operator", text: operator });
    if (before !== operator) await ask("logout", {}, before);
    note(`${clock().toISOString()}: ${operator} takes over`);
}
// Some fewer places than boards in two hours, so that a lot is full before its time.
async function nextLot() {
    lot = `lot-${++counts.lots}`;
    const places = Math.round(o.slots * o["per-hour"] * 1.8);
    tell(["lot", "open", lot, "--quantity", String(places), "--operator", "Bob", "--db", db], `${pins.Bob}\n`);
    await act(operator, { act: "lot", text: lot });
}

// ---- Boards -------------------------------------------------------------------------------------
const everyMs = hourMs / o["per-hour"];
let stopped = false;

async function putNext(i) {
    const slot = slots[i], twice = slot.put > 0 && random.hits(1 / 50);
    if (!twice) slot.mac = ++counts.put;
    counts.twice += twice;
    Object.assign(slot, { put: sinceMs(), done: false });
    await fixture.ctl("board", i, `mac=${macOf(slot.mac)}`, ...(random.hits(1 / 12) ? [fault()] : []));
}
// Each slot has its beat. A board that nobody has noticed (its ROM is dead) is taken out after a while.
async function seeToSlot(i, waits) {
    const slot = slots[i], lateMs = sinceMs() - slot.put;
    if (waits || stopped || counts.put >= target || sinceMs() < (counts.put * everyMs) / o.slots) return;
    if (!slot.done && lateMs < 15000) return;
    counts.silent += !slot.done;
    await putNext(i);
}
const lotIsFull = (tile) => tile.state === "waiting" && tile.code === "quota";
async function seeToBoards() {
    const tiles = JSON.parse((await ask("tiles", null, "Ann")).text).tiles;
    for (const [i, tile] of tiles.entries()) {
        if (tile.state === "attention") await act("Ann", { act: "enable", slot: i + 1 });
        if (tile.state === "fail" && random.hits(1 / 30)) await act(operator, { act: random.pick(["retry", "acknowledge"]), slot: i + 1 });
        await seeToSlot(i, lotIsFull(tile)); // who waits for anything else is taken out, after a while
    }
    if (!stopped && tiles.some(lotIsFull)) await nextLot();
}

// ---- Who looks ----------------------------------------------------------------------------------
async function readEvents(forMs = 0) {
    const stop = new AbortController();
    if (forMs) setTimeout(() => stop.abort(), forMs);
    counts.readers++;
    try {
        const stream = await fetch(`${url}api/v1/events`, { signal: stop.signal, headers: { cookie: cookies.Ann } });
        for await (const part of stream.body) counts.bytes = (counts.bytes ?? 0) + part.length;
    } catch { /* stopped */ }
}
async function askAll() {
    for (const path of ["summary", "lot", "log", "doctor", `boards/${macOf(1 + random.below(counts.put + 1))}`, "words/zh-Hans", "page"]) {
        await ask(path, null, "Ann");
        counts.pages++;
    }
}

// ---- The day itself -----------------------------------------------------------------------------
const allDay = [readEvents(), readEvents()];
let hour = -1, ticks = 0;
async function strike() {
    hour = Math.floor(sinceMs() / hourMs);
    hook.away = hour % 4 === 3;
    const local = clock().toLocaleString("sv", { timeZone: day.TZ });
    note(`${local}  ${shown.size} runs, ${words(flat.samples.at(-1) ?? flat.sample(station.pid, 0))}, ${hook.taken} events out, record ${(statSync(db).size / 1048576).toFixed(1)} MiB`);
    if (hour % 8 === 1) await nextOperator(hour >> 3);
    if (hour % 4 === 2) await act("Ann", { act: "recipe", text: recipes[(hour >> 2) % 2] });
    if (hour % 4 === 2) await nextLot(); /* a lot has one recipe */
}
async function tick() {
    if (Math.floor(sinceMs() / hourMs) > hour) await strike();
    const part = (sinceMs() % hourMs) / hourMs, rests = hour % 2 === 1 && part > 0.5 && part < 0.55;
    if (rests !== stopped) await act(operator, { act: (stopped = rests) ? "stop" : "start" });
    await seeToBoards();
    if (ticks % 20 === 0) flat.sample(station.pid, shown.size);
    if (ticks % 50 === 7) readEvents(500 + random.below(4000));
    if (ticks % 100 === 9) await askAll();
    if (random.hits(1 / 150)) {
        counts.pulls++;
        await fixture.ctl("pull", random.below(o.slots), 100 + random.below(8000));
    }
    ticks++;
}
while (!exit && (sinceMs() < o.minutes * 60000 || shown.size < target) && sinceMs() < o.minutes * 120000) {
    const nextMs = sinceMs() + 100;
    await tick();
    await sleep(Math.max(0, nextMs - sinceMs()));
}

// ---- What it came to ----------------------------------------------------------------------------
check("the station is still there", !exit, exit, station.errors);
note(`${clock().toISOString()}: ${shown.size} runs, ${[...shown.values()].filter((v) => v === "PASS").length} PASS; ${JSON.stringify(counts)}`);
flat.judge({ warm: o.minutes >= 10, leastKib: 512 });
check(`a day's boards: ${shown.size} runs`, shown.size >= target * 0.95);
station.kill("SIGINT");
const ended = await station.exited;
check("Ctrl-C ends it well", ended.code === 0, ended, station.errors);
await Promise.all(allDay);
const rows = new Map(sql(db, "select id, ifnull(verdict, '') from run"));
const missing = [...shown].filter(([run, verdict]) => rows.get(run) !== verdict);
check("every verdict shown has its row", shown.size > 0 && missing.length === 0, ...missing.slice(0, 10));
check("no board passed twice in a lot", number(db, "select count(*) from (select 1 from run where verdict = 'PASS' and board is not null group by lot, board having count(*) > 1)") === 0);
check("no lot took more than its places", number(db, "select count(*) from lot where quantity > 0 and quantity < (select count(distinct board) from run where run.lot = lot.id and verdict = 'PASS')") === 0);
check("runs are in every shift's name", o.hours < 20 || number(db, "select count(distinct operator) from run") === operators.length);
check("every run has ended, and the record is whole", number(db, "select count(*) from run where verdict is null") === 0 && sql(db, "pragma integrity_check")[0][0] === "ok");
check("no code of the station itself", !codes.station && !codes.database && !codes.usage, codes);
note(`codes: ${Object.entries(codes).sort((a, b) => b[1] - a[1]).map(([code, n]) => `${code} ${n}`).join(", ")}`);
hook.server.close();
await fixture.stop();
finish();
