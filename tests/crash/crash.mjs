// kill -9 and power cuts at random moments of a run of many boards, and then a restart: what the
// record must still say. Prints TAP.
//
//   node tests/crash/crash.mjs [--kills 500] [--seed S] [--boards 16] [--speed 100]
//
// The moments: after a random time, at a random line of output, and in front of a random write of
// the record's disk; the last one whole, torn in its middle, or as a power cut, which loses half of
// what was not synced. Each record is looked at in a copy, so that the next station alone repairs
// what the kill has left.
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chance, check, command, copyRecord, counters, finish, makeImages, note, number, options, sql, startFixture,
    startStation, work, images } from "./rig.mjs";

const o = options({ kills: 500, seed: Date.now() % 1000000, boards: 16, speed: 100 });
const random = chance(o.seed);
const db = join(work, "record.db"), copy = join(work, "copy.db"), before = join(work, "before.db");
note(`seed ${o.seed}: make crash-test KILLS=${o.kills} SEED=${o.seed}`);

// Each finding is a sentence; none is what must be.
const findings = [];
const find = (moment, what) => findings.push(`${moment}: ${what}`);

// ---- What must hold in every record, whenever it is looked at ----------------------------------------
function judgeRecord(moment) {
    copyRecord(db, copy);
    for (const [row] of sql(copy, "select * from pragma_integrity_check where integrity_check <> 'ok'")) find(moment, `integrity: ${row}`);
    for (const row of sql(copy, "select * from pragma_foreign_key_check")) find(moment, `foreign key: ${row}`);
    const bad = (what, text) => {
        for (const row of sql(copy, text)) find(moment, `${what}: ${row.join(" | ")}`);
    };
    bad("a PASS without proof", `select id from run where verdict = 'PASS' and (board is null or not exists (
        select 1 from attempt a join digest d on d.attempt = a.id where a.run = run.id and a.code = 'ok'
            and d.read_md5 = d.expected_md5))`);
    bad("a run of a dead station is still open", `select run.id from run where verdict is null
        and exists (select 1 from station s where s.id > run.station)`);
    bad("a board passed twice in one lot", `select lot, board, count(*) from run where verdict = 'PASS' and lot is not null
        group by 1, 2 having count(*) > 1`);
    bad("a lot has more boards that passed than places", `select lot.name, quantity, count(distinct board) from run
        join lot on lot.id = run.lot where verdict = 'PASS' and quantity is not null group by lot.id having count(distinct board) > quantity`);
    const audit = command("audit", "--db", copy);
    if (audit.status !== 0) find(moment, `audit: ${audit.stdout}${audit.stderr}`);
    if (existsSync(before)) bad("a row that was closed is gone or changed", `attach '${before}' as b; select o.id from b.run o
        left join run r on r.id = o.id where o.verdict is not null and (r.verdict, r.code, r.sentence, r.board, r.ended_utc)
        is not (o.verdict, o.code, o.sentence, o.board, o.ended_utc)`);
    copyRecord(copy, before);
}

// ---- What a station has shown before it died, against the rows ---------------------------------------
let shown = { PASS: 0, FAIL: 0, STOPPED: 0, starts: 0 };

function judgeShown(moment, station) {
    const rows = new Map(sql(copy, `select id, slot, ifnull(verdict, '') from run where station =
        (select max(id) from station where pid = ${station.pid})`).map(([id, slot, verdict]) => [id, { slot, verdict }]));
    const bySlot = new Map([...rows.values()].map((row) => [row.slot, row]));
    for (const line of station.lines) {
        const text = typeof line === "string" && /^slot (\d+): (PASS|FAIL|STOPPED|start on)\b/.exec(line);
        const event = text ? { slot: text[1], verdict: text[2] } : line;
        if (!text && !(line.event === "run" || line.event === "verdict" && line.run)) continue;
        const row = text ? bySlot.get(event.slot) : rows.get(String(event.run));
        const verdict = text || event.event === "verdict" ? event.verdict : "start on";
        shown[verdict === "start on" ? "starts" : verdict]++;
        if (!row) find(moment, `shown without a row: ${text ? line : JSON.stringify(line)}`);
        else if (verdict !== "start on" && row.verdict !== verdict) find(moment, `shown ${verdict}, recorded '${row.verdict}'`);
    }
}

// ---- A kill ----------------------------------------------------------------------------------------
const recipe = join(images, "esp32.yaml");
makeImages(64);
const fixture = await startFixture("--boards", o.boards, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty");
const runOptions = (lot) => ["run", recipe, "--db", db, "--lot", lot, "--new-lot", ...fixture.portOptions];

// A whole run tells how many steps and milliseconds there are to choose from.
const countsFile = join(work, "counts"), begun = Date.now();
const whole = startStation([...runOptions("whole"), "--plain"], { trouble: { FILE: db, COUNTS: countsFile } });
const wholeExit = await whole.exited;
const wholeMs = Date.now() - begun, wholeSteps = counters(countsFile).diskSteps, wholeLines = whole.lines.length;
check(`a run of ${o.boards} boards that nobody disturbs passes`, wholeExit.code === 0, whole.lines.slice(-12).join("\n"), whole.errors);
judgeRecord("undisturbed");
judgeShown("undisturbed", whole);

// Every other lot has places for a part of the boards, and is filled by runs of which each is killed.
function openLot(name, quantity) {
    const open = command("lot", "open", name, "--quantity", String(quantity), "--db", db);
    if (open.status !== 0) find(`lot ${name}`, open.stderr);
}

function chooseMoment() {
    const kind = random.pick(["time", "line", "disk", "disk"]);
    if (kind === "time") return { kind, ms: random.next() * wholeMs };
    if (kind === "line") return { kind, line: 1 + random.below(wholeLines) };
    const how = random.pick(["whole", "torn", "power"]);
    return { kind: how, trouble: { FILE: db, KILL: 1 + random.below(wholeSteps), HOW: how } };
}

const kinds = {};
let killed = 0;
async function killOnce(i) {
    const moment = chooseMoment(), lot = `lot ${Math.floor(i / 3)}`;
    let lines = 0;
    if (i % 6 === 0) openLot(lot, 1 + random.below(o.boards));
    const station = startStation([...runOptions(lot), random.hits(0.5) ? "--json" : "--plain"], {
        trouble: moment.trouble,
        onLine: (line, s) => ++lines === moment.line && s.kill("SIGKILL"),
    });
    const timer = moment.ms === undefined ? null : setTimeout(() => station.kill("SIGKILL"), moment.ms);
    const exit = await station.exited;
    clearTimeout(timer);
    const name = `kill ${i} (${JSON.stringify(moment)})`;
    if (exit.signal === "SIGKILL") killed++, kinds[moment.kind] = (kinds[moment.kind] ?? 0) + 1;
    else if (exit.code > 1 && !/is full/.test(station.errors)) find(name, `exit status ${exit.code}: ${station.errors}`);
    judgeRecord(name);
    judgeShown(name, station);
}

// ---- The first start on a new or an old record, killed at each of its steps ----------------------------
// `prepare` makes the record as the first start finds it; `judge` looks at it after the second one.
async function killFirstStarts(every, prepare, judge) {
    const first = join(work, "first.db"), args = ["run", recipe, "--db", first, "--port", "socket://127.0.0.1:1", "--plain"];
    let starts = 0;
    for (let step = 1, over = false; !over; step += every, starts++) {
        for (const name of readdirSync(work)) if (name.startsWith("first.db")) rmSync(join(work, name));
        prepare(first);
        const how = ["whole", "torn", "power"][step % 3], moment = `step ${step} ${how}`;
        const killed = startStation(args, { trouble: { FILE: first, KILL: step, HOW: how } });
        over = (await killed.exited).signal !== "SIGKILL";
        const again = startStation(args), exit = await again.exited;
        if (exit.code !== 1 || !again.lines.join("\n").includes("port-missing")) {
            find(moment, `exit ${exit.code}: ${again.errors}`);
            continue;
        }
        if (sql(first, "pragma integrity_check")[0][0] !== "ok") find(moment, "integrity");
        if (number(first, `select count(*) from run join station on station.id = run.station where verdict is null
            and host = (select host from station order by id desc limit 1)`)) find(moment, "a run of this host is still open");
        const audit = command("audit", "--db", first);
        if (audit.status !== 0) find(moment, `audit: ${audit.stdout}${audit.stderr}`);
        judge(first, moment);
    }
    return starts;
}

const oldRecord = join(work, "old.db");
sql(oldRecord, readFileSync("tests/data/record/v1.sql", "utf8"));

function judgeOld(first, moment) {
    for (const [id] of sql(first, `attach '${oldRecord}' as o; select o.run.id from o.run left join main.run as r on r.id = o.run.id
        where o.run.verdict is not null and (r.verdict, r.sentence, r.ended_utc) is not (o.run.verdict, o.run.sentence, o.run.ended_utc)`))
        find(moment, `run ${id} of the old record is gone or changed`);
    const kept = readdirSync(work).filter((name) => /^first\.db\.v1-backup(-\d+)?$/.test(name));
    const whole = kept.filter((name) => sql(join(work, name), "pragma integrity_check; pragma user_version").flat().join() === "ok,1"
        && number(join(work, name), "select count(*) from run") === number(oldRecord, "select count(*) from run"));
    if (kept.length === 0 || whole.length !== kept.length) find(moment, `the old file was not kept whole: ${kept.length} files, ${whole.length} whole`);
}

let tries = 0;
while (killed < o.kills && findings.length < 20) await killOnce(tries++); // some end before their moment comes
check(`${killed} of ${tries} stations were killed: ${Object.entries(kinds).map(([k, n]) => `${n} ${k}`).join(", ")}`, killed > 0);
check("after every kill the record is whole, and says what was shown", findings.length === 0, ...findings.slice(0, 20));

findings.length = 0;
const every = o.kills >= 100 ? 1 : 7;
const fromNew = await killFirstStarts(every, () => {}, () => {});
check(`a new record that a kill left half-made is finished by the next start (${fromNew} times)`, findings.length === 0, ...findings.slice(0, 20));
findings.length = 0;
const fromOld = await killFirstStarts(every, (first) => copyRecord(oldRecord, first), judgeOld);
check(`an old record that a kill left half-changed, too, and the old file is kept (${fromOld} times)`, findings.length === 0, ...findings.slice(0, 20));

// ---- A lot with places is filled exactly, kills or not ---------------------------------------------------------
const places = Math.ceil(o.boards / 2);
openLot("limited", places);
findings.length = 0;
for (let i = 0; i < 2; i++) {
    const cut = startStation([...runOptions("limited"), "--plain"], { trouble: { FILE: db, KILL: Math.round(wholeSteps * (0.6 + random.next() / 5)) } });
    await cut.exited;
    judgeRecord("limited");
}
const rest = startStation([...runOptions("limited"), "--plain"]);
await rest.exited;
judgeRecord("limited");
const inLot = number(copy, "select count(distinct board) from run join lot on lot.id = run.lot where lot.name = 'limited' and verdict = 'PASS'");
check(`a lot of ${places} is filled by ${places} boards, not one more or less`, inLot === places && findings.length === 0, `${inLot}`, ...findings);

// ---- Two stations on one lot, one of them killed ---------------------------------------------------------
// The other one neither waits for it, nor loses its own runs, nor gets more places than there are.
async function killOneOfTwo(round) {
    const lot = `two ${round}`, half = fixture.portOptions.length / 2;
    openLot(lot, places);
    const args = (ports) => ["run", recipe, "--db", db, "--lot", lot, "--new-lot", "--plain", ...ports];
    const [here, there] = [fixture.portOptions.slice(0, half), fixture.portOptions.slice(half)];
    const dying = startStation(args(here), { trouble: { FILE: db, KILL: 40 + random.below(wholeSteps / 3) } });
    const living = startStation(args(there));
    await dying.exited;
    const again = startStation(args(here)); // it marks the open runs of the dead one, not those of the living
    const [livingExit] = await Promise.all([living.exited, again.exited]);
    if (livingExit.signal || livingExit.code > 1) find(lot, `the living station: ${JSON.stringify(livingExit)} ${living.errors}`);
    for (const [id] of sql(db, `select id from run where verdict = 'INTERRUPTED' and station in (select id from station where pid = ${living.pid})`))
        find(lot, `run ${id} of the living station was taken for a dead one's`);
    const rest = startStation(args(fixture.portOptions));
    await rest.exited;
    judgeRecord(lot);
    const passed = number(copy, `select count(distinct board) from run join lot on lot.id = run.lot where lot.name = '${lot}' and verdict = 'PASS'`);
    if (passed !== places) find(lot, `${passed} boards passed, not ${places}`);
}

findings.length = 0;
const rounds = o.kills >= 100 ? 20 : 2;
for (let i = 0; i < rounds; i++) await killOneOfTwo(i);
check(`one of two stations on a lot is killed, the other goes on, and the lot is filled exactly (${rounds} times)`, findings.length === 0, ...findings.slice(0, 20));

// ---- And all goes on -------------------------------------------------------------------------------
const last = startStation([...runOptions("last"), "--json"]), lastExit = await last.exited;
findings.length = 0;
judgeRecord("last");
judgeShown("last", last);
check("the last run passes all boards, none needs a hand", lastExit.code === 0 && findings.length === 0, ...findings, last.errors,
    JSON.stringify(last.lines.filter((l) => l.event === "verdict" && l.verdict !== "PASS")));
check("every run ever started has a row that says how it ended", number(copy, "select count(*) from run where verdict is null") === 0);
let running = 0;
for (let i = 0; i < o.boards; i++) running += (await fixture.state(i)).running;
check("every board runs its application", running === o.boards);
const totals = sql(copy, "select verdict || ' ' || count(*) from run group by verdict").flat().join(", ");
note(`shown: ${shown.starts} starts, ${shown.PASS} PASS, ${shown.FAIL} FAIL; recorded: ${totals}`);
await fixture.stop();
finish();
