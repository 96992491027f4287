// Cables pulled at any byte and any phase, and put back: every attempt is kept, every board passes
// in the end, and the station holds no descriptor and no thread more than before. Prints TAP.
//
//   node tests/crash/pulls.mjs [--pulls 1000] [--seed S] [--boards 16] [--speed 50]
//
// Also half-dead ports, which read as ended for ever: how often the station asks them is counted.
import { mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { build, chance, check, counters, finish, footprint, makeImages, makeRecipe, note, number, options, sleep, sql,
    startFixture, startStation, until, work } from "./rig.mjs";

const o = options({ pulls: 1000, seed: Date.now() % 1000000, boards: 16, speed: 50 });
const random = chance(o.seed);
const places = ["connect", "identify", "stub", "baud", "write", "first", "middle", "last", "verify", "boot"];
const imageBytes = 64 << 10;
note(`seed ${o.seed}: make pull-test PULLS=${o.pulls} SEED=${o.seed}`);
makeImages(64);
const recipe = makeRecipe("pulls", "esp32", { retry: "{ sync: 20, write: 20, pause_ms: 1 }" });

// A few pulls for the next board of a slot: after so many bytes, at a place, or at a moment. Fewer
// than the recipe's retries, so that the board must pass.
async function plantPulls(fixture, board, stillWanted) {
    for (let n = stillWanted() ? 1 + random.below(4) : 0; n > 0; n--) {
        const back = 1 + random.below(random.hits(0.1) ? 400 : 20);
        const kind = random.below(3);
        if (kind === 0) await fixture.ctl("fault", board, `pull=${1 + random.below(imageBytes)},back-ms=${back},times=1`);
        if (kind === 1) await fixture.ctl("fault", board, `pull,at=${random.pick(places)},back-ms=${back},times=1`);
        if (kind === 2) setTimeout(() => stillWanted() && fixture.ctl("pull", board, back).catch(() => {}), 1000 + random.below(1500));
    }
}

// How much the station asks the system for while all its ports are away.
async function workWithoutPorts(fixture, boards, countsFile) {
    for (let i = 0; i < boards; i++) await fixture.ctl("pull", i);
    await sleep(500);
    const from = counters(countsFile);
    await sleep(2000);
    const to = counters(countsFile);
    for (let i = 0; i < boards; i++) await fixture.ctl("plug", i);
    return to.waits - from.waits + to.reads - from.reads;
}

async function pullCables({ name, boards, pulls, fixtureOptions, stationOptions = {} }) {
    const fixture = await startFixture("--boards", boards, "--chip", "esp32", "--speed", o.speed, "--fill", "dirty", ...fixtureOptions);
    const db = join(work, `${name}.db`), countsFile = join(work, `${name}.counts`);
    const seen = { pulled: 0, other: [], failed: [], passes: 0 };
    const passes = new Array(boards).fill(0), due = new Array(boards).fill(false);
    let nextMac = 0x100, pulling = false;
    const stillWanted = () => pulling && seen.pulled < pulls;
    const nextBoard = async (slot) => {
        const mac = (nextMac++).toString(16).padStart(6, "0").replace(/(..)(?=.)/g, "$1:");
        due[slot - 1] = true;
        await fixture.ctl("board", slot - 1, `mac=24:0a:c4:${mac}`);
        await plantPulls(fixture, slot - 1, stillWanted);
    };
    const onLine = (line) => {
        if (line.event === "retry" && line.code === "port-gone") seen.pulled++;
        else if (line.event === "retry") seen.other.push(line);
        if (line.event !== "verdict") return;
        due[line.slot - 1] = false;
        if (line.verdict === "PASS") passes[line.slot - 1]++, seen.passes++;
        else seen.failed.push(line);
        if (pulling) nextBoard(line.slot).catch((e) => seen.failed.push(String(e)));
    };
    const station = startStation(["run", recipe, "--db", db, "--loop", "--json", ...fixture.portOptions], {
        ...stationOptions(fixture), trouble: { COUNTS: countsFile }, onLine });
    const allPassedOnceMore = (than) => until(() => passes.every((n, i) => n > than[i]), 60);
    check(`${name}: ${boards} boards pass before any cable is pulled`, await allPassedOnceMore(new Array(boards).fill(0)), station.errors);
    const first = footprint(station.pid);

    pulling = true;
    for (let slot = 1; slot <= boards; slot++) await nextBoard(slot);
    check(`${name}: ${pulls} cables are pulled in mid-attempt and put back`, await until(() => !stillWanted(), 60 + pulls), `${seen.pulled} were`);
    pulling = false;
    await sleep(2600); // the last pulls at a moment
    const idle = await workWithoutPorts(fixture, boards, countsFile);
    for (let i = 0; i < boards; i++) await fixture.ctl("fault", i, "none");
    await until(() => !due.includes(true), 60);
    const before = [...passes];
    for (let slot = 1; slot <= boards; slot++) await nextBoard(slot);
    check(`${name}: new boards pass when the cables stay in`, await allPassedOnceMore(before), passes.join(" "));

    // A slot that looks for its next board may have its port shut for a moment.
    let last = footprint(station.pid);
    const settled = await until(() => (last = footprint(station.pid)).descriptors === first.descriptors && last.threads === first.threads, 20);
    check(`${name}: after ${seen.pulled} pulls ${last.descriptors} descriptors and ${last.threads} threads, as before`, settled, first, last);
    const counts = counters(countsFile);
    check(`${name}: an ended port is read about once a pull (${counts.emptyReads} times), not for ever`,
        counts.emptyReads <= 4 * seen.pulled + 100 * boards);
    check(`${name}: a station without ports hardly works: ${idle} waits and reads in 2 s`, idle <= 100 * boards);

    note(`CPU: station ${footprint(station.pid).cpuTicks / 100} s, fixture ${footprint(fixture.pid).cpuTicks / 100} s; ${counts.waits} waits, ${counts.reads} reads`);
    station.kill("SIGINT");
    const exit = await station.exited;
    check(`${name}: every board that was pulled passed in the end (${seen.passes} runs)`, seen.failed.length === 0 && exit.code === 0,
        ...seen.failed.slice(0, 5), exit, station.errors);
    // A cable may be out already when its board's turn comes.
    const out = seen.other.filter((line) => line.phase === "open" && line.code === "port-missing");
    // A board that boots so much faster than a real one may miss a reset of a busy machine: that was no pull.
    const missed = seen.other.filter((line) => line.phase === "sync" && ["no-sync", "wrong-boot-mode"].includes(line.code));
    check(`${name}: what was pulled is called port-gone (${out.length} were out already, ${missed.length} resets were missed)`,
        out.length + missed.length === seen.other.length && missed.length <= 3 + seen.pulled / 50, ...seen.other.slice(0, 5));
    const [[gone, gaps, open]] = sql(db, `select (select count(*) from attempt where code = 'port-gone'),
        (select count(*) from run where (select count(*) from attempt a where a.run = run.id) is not
            (select max(number) from attempt a where a.run = run.id)),
        (select count(*) from run where verdict is null)`).map((row) => row.map(Number));
    check(`${name}: every attempt is in the record (${gone} port-gone)`, gone === seen.pulled && gaps === 0 && open === 0, { gone, gaps, open, seen: seen.pulled });
    await fixture.stop();
}

// ---- A serial server whose far end is dead: each connection ends at once, but stays half open ----------
async function halfDead() {
    const sockets = [], db = join(work, "dead.db"), countsFile = join(work, "dead.counts");
    const server = createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        socket.resume();
        socket.end();
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const byHand = makeRecipe("dead", "esp32", { retry: "{ sync: 20, write: 20, pause_ms: 1 }", boot: "",
        port: "{ baud: 115200, reset: none }" });
    const station = startStation(["run", byHand, "--db", db, "--json", "--port", `socket://127.0.0.1:${server.address().port}`],
        { trouble: { COUNTS: countsFile } });
    const exit = await station.exited, counts = counters(countsFile);
    const verdict = station.lines.find((line) => line.event === "verdict");
    check("half-dead port: FAIL port-gone after the recipe's retries", exit.code === 1 && verdict?.code === "port-gone"
        && number(db, "select count(*) from attempt where code = 'port-gone'") === 21, verdict, station.errors);
    check(`half-dead port: ${counts.emptyReads} reads of nothing and ${counts.waits} waits for 21 attempts`,
        counts.emptyReads <= 100 && counts.waits <= 2000);
    for (const socket of sockets) socket.destroy();
    server.close();
}

await pullCables({ name: "rfc2217", boards: o.boards, pulls: o.pulls, fixtureOptions: [], stationOptions: () => ({}) });

// The kernel's own ports: ptys that a preload passes off as serial ports.
const ptys = join(work, "pty");
mkdirSync(ptys);
await pullCables({ name: "tty", boards: 4, pulls: Math.ceil(o.pulls / 10), fixtureOptions: ["--pty", ptys],
    stationOptions: () => ({ preload: [join(build, "pty_lines.so")],
        extraEnv: { PTY_LINES_CONTROL: join(work, "ctl"), PTY_LINES_DIR: ptys } }) });
rmSync(ptys, { recursive: true, force: true });
await halfDead();
finish();
