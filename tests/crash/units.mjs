// kill -9 and power cuts while boards get what is their own, by several stations on one record, and restarts: no
// value on two boards, none on a board without its row. Prints TAP.
//
//   node tests/crash/units.mjs [--kills 500] [--seed S] [--boards 12] [--speed 100]
//
// A round has one to four stations, each with a part of the boards; most are killed, at a random time, line of output
// or write of the record's disk. Between rounds boards are exchanged, and those that stay come back. What a board's
// flash says of itself must be what the record says of it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chance, check, command, copyRecord, counters, finish, images, makeImages, note, number, options, sql,
    startFixture, startStation, work } from "./rig.mjs";

const o = options({ kills: 500, seed: Date.now() % 1000000, boards: 12, speed: 100 });
const random = chance(o.seed);
const db = join(work, "units.db"), copy = join(work, "copy.db"), recipe = join(images, "unit.yaml");
note(`seed ${o.seed}: node tests/crash/units.mjs --kills ${o.kills} --seed ${o.seed} --boards ${o.boards}`);

const findings = [];
const find = (moment, what) => findings.push(`${moment}: ${what}`);

// ---- Recipe, pool, boards -----------------------------------------------------------------------------
makeImages(64);
const rows = 2000 + o.kills * o.boards, key = (i) => i.toString(16).padStart(16, "0");
writeFileSync(join(images, "keys.csv"), "id,key\n" + Array.from({ length: rows }, (_, i) => `ID${String(i).padStart(6, "0")}E,${key(i)}\n`).join(""));
writeFileSync(join(images, "conf.txt"), "{{serial}} {{id}} {{key}}.");
writeFileSync(recipe, readFileSync(join(images, "esp32.yaml"), "utf8") + `unit:
  serial: serial
  values:
    - { name: serial, from: counter, counter: sn, pattern: "SN{n:6}E" }
    - { name: id, from: pool, unique: true }
    - { name: key, from: pool, type: hex, secret: true }
  pools: [ { name: keys, file: keys.csv } ]
  images:
    - { partition: conf, template: conf.txt }
`);
const fixture = await startFixture("--boards", o.boards, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty");
const macs = [];
let nextMac = 0;

async function exchangeBoards(part) {
    for (let i = 0; i < o.boards; i++) {
        if (macs[i] && !random.hits(part)) continue;
        macs[i] = `24:0a:c4:77:${[nextMac >> 8, nextMac & 255].map((b) => b.toString(16).padStart(2, "0")).join(":")}`;
        nextMac++;
        await fixture.ctl("board", i, `mac=${macs[i]}`);
    }
}

// ---- What must hold -------------------------------------------------------------------------------------
function judgeRecord(moment) {
    copyRecord(db, copy);
    const bad = (what, text) => {
        for (const row of sql(copy, text)) find(moment, `${what}: ${row.join(" | ")}`);
    };
    bad("a serial on two boards", "select serial from unit where serial is not null group by 1 having count(*) > 1");
    bad("a row of the pool on two boards", "select sha256 from unit_item where source = 'pool' group by 1 having count(*) > 1");
    bad("a value on two boards", "select name, coalesce(text, sha256) from unit_value where name in ('id', 'key') group by 1, 2 having count(*) > 1");
    bad("a board with two units", "select board from unit group by 1 having count(*) > 1");
    bad("a gap", "select number from unit_item as i where source = 'counter' and number > 1 and not exists (select 1 from unit_item as p where p.source = 'counter' and p.number = i.number - 1)");
    bad("a unit without its values or its row", "select id from unit as u where (select count(*) from unit_value where unit = u.id) <> 3 or (select count(*) from unit_item where unit = u.id) <> 2");
    bad("a PASS without a unit", "select id from run where verdict = 'PASS' and board not in (select board from unit)");
    bad("a secret in the record", "select id from unit_value where name = 'key' and (text is not null or length(sha256) <> 64)");
    const audit = command("audit", "--db", copy);
    if (audit.status !== 0) find(moment, `audit: ${audit.stdout}${audit.stderr}`);
}

// The mark beside the record never tells of more than the record has: else the next board would be refused.
function judgeMark(moment) {
    if (!existsSync(`${db}-units`)) return;
    const [link, sha256] = readFileSync(`${db}-units`, "latin1").trim().split(" ");
    if (link && number(copy, `select count(*) from link where id = ${link} and sha256 = '${sha256}'`) !== 1)
        find(moment, `the mark tells of link ${link}, which the record has not`);
}

let written = 0;
async function judgeFlash(moment, board) {
    const file = join(work, "flash");
    await fixture.ctl("dump", board, file);
    const text = readFileSync(file).subarray(0x316000, 0x317000).toString("latin1").replace(/\xff+$/, "");
    const found = /^(SN\d{6}E) (ID(\d{6})E) ([0-9a-f]{16})\.$/.exec(text);
    if (!found) return; // not written yet, or torn from it: then its MD5 is not right either
    written++;
    const has = sql(copy, `select (select text from units where mac = '${macs[board]}' and name = 'serial'),
        (select text from units where mac = '${macs[board]}' and name = 'id')`)[0] ?? [];
    if (has[0] !== found[1] || has[1] !== found[2] || found[4] !== key(Number(found[3])))
        find(moment, `board ${macs[board]} holds '${text}', and the record says '${has.join(" ")}'`);
}

async function judge(moment) {
    judgeRecord(moment);
    judgeMark(moment);
    for (let board = 0; board < o.boards; board++) await judgeFlash(moment, board);
}

// ---- Rounds ---------------------------------------------------------------------------------------------
const args = (ports) => ["run", recipe, "--db", db, "--plain", ...ports];
const countsFile = join(work, "counts");
await exchangeBoards(1);
const begun = Date.now();
const whole = startStation(args(fixture.portOptions), { trouble: { FILE: db, COUNTS: countsFile } });
const wholeExit = await whole.exited;
const wholeMs = Date.now() - begun, wholeSteps = counters(countsFile).diskSteps, wholeLines = whole.lines.length;
await judge("undisturbed");
check(`${o.boards} boards that nobody disturbs get units`, wholeExit.code === 0 && findings.length === 0 && written === o.boards,
    ...findings, whole.lines.slice(-12).join("\n"), whole.errors);

function chooseMoment() {
    const kind = random.pick(["none", "time", "line", "disk", "disk", "disk"]);
    if (kind === "time") return { kind, ms: random.next() * wholeMs };
    if (kind === "line") return { kind, line: 1 + random.below(wholeLines / 2) };
    const how = random.pick(["whole", "torn", "power"]);
    return kind === "none" ? { kind } : { kind: how, trouble: { FILE: db, KILL: 1 + random.below(wholeSteps / 2), HOW: how } };
}

const kinds = {}, together = {};
let killed = 0;
async function runStation(ports) {
    const moment = chooseMoment();
    let lines = 0;
    const station = startStation(args(ports), {
        trouble: moment.trouble,
        onLine: (line, s) => ++lines === moment.line && s.kill("SIGKILL"),
    });
    const timer = moment.ms === undefined ? null : setTimeout(() => station.kill("SIGKILL"), moment.ms);
    const exit = await station.exited;
    clearTimeout(timer);
    if (exit.signal === "SIGKILL") killed++, kinds[moment.kind] = (kinds[moment.kind] ?? 0) + 1;
    else if (exit.code > 1) find(JSON.stringify(moment), `exit status ${exit.code}: ${station.errors}`);
    return exit.signal === "SIGKILL";
}

let rounds = 0;
while (killed < o.kills && findings.length < 20) {
    await exchangeBoards(0.4);
    const count = random.pick([1, 2, 2, 3, 4]), running = [];
    for (let i = 0; i < count; i++) { // a port is two words
        const from = Math.floor((i * o.boards) / count), to = Math.floor(((i + 1) * o.boards) / count);
        running.push(runStation(fixture.portOptions.slice(2 * from, 2 * to)));
    }
    const kills = (await Promise.all(running)).filter(Boolean).length;
    together[count] = (together[count] ?? 0) + kills;
    await judge(`round ${rounds++}, ${count} stations, ${kills} killed`);
}
check(`no value is on two boards, and none on a board without its row, after ${killed} kills in ${rounds} rounds among ${nextMac} boards`,
    killed >= o.kills && findings.length === 0, ...findings.slice(0, 20));
note(`kills: ${Object.entries(kinds).map(([k, n]) => `${n} ${k}`).join(", ")}; ` +
    `of so many stations: ${Object.entries(together).map(([k, n]) => `${k}: ${n}`).join(", ")}`);

// ---- And all goes on --------------------------------------------------------------------------------------
findings.length = 0;
const last = startStation([...args(fixture.portOptions), "--rework", "--operator", "E", "--reason", "t"]), lastExit = await last.exited;
written = 0;
await judge("the last run");
check("the last run passes all boards, each with its own", lastExit.code === 0 && written === o.boards && findings.length === 0,
    ...findings, last.lines.slice(-12).join("\n"), last.errors);
note(`${number(copy, "select count(*) from unit")} units were given to ${nextMac} boards; ${number(copy, "select count(*) from station")} stations, ${number(copy, "select count(*) from run")} runs`);
await fixture.stop();
finish();
