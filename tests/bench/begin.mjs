// How soon a board is worked on: from its plug under `line`, beside `run` on a board that is there.
//
//   make bench-begin                              ESP32 and ESP8266, adapters of 1 and 16 ms; ten minutes
//   make bench-begin BEGIN="chip=esp32c3 latency=16 boards=20 settle=0"
//   ... check=1.5                                 and fails where a board on the line waits so much longer
//
// Under `run` the clock starts with the command; under `line` when the board gets its power: in a slot
// that has been empty for `settle` seconds (from two minutes on it is asked rarely), and in one whose
// board has passed (green). Both end at the board: with the first byte that comes for it, and when it
// is told to write. Medians and nine of ten in milliseconds. An empty slot may be under a question when
// its board comes: the first byte is that question's then, and the rest takes longer.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Rack } from "./rack.mjs";

const build = resolve(process.env.BUILD ?? "build"), words = process.argv.slice(2).join(" ");
const option = (name, otherwise) => new RegExp(`\\b${name}=(\\S+)`).exec(words)?.[1] ?? otherwise;
const chips = option("chip", "esp32,esp8266").split(","), latencies = option("latency", "1,16").split(",");
const boards = Number(option("boards", 9)), settleS = Number(option("settle", 130)), limit = Number(option("check", 0));
const deadlineMs = 60000;
const work = mkdtempSync(join(tmpdir(), "bench-begin-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const nowUs = () => Number(process.hrtime.bigint() / 1000n);
const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];
const within = (promise, what) => new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`${what} takes too long`)), deadlineMs);
    promise.then((value) => done((clearTimeout(timer), value)), fail);
});
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
let next = 1;
const mac = () => `24:0a:c5:00:${(next >> 8).toString(16).padStart(2, "0")}:${(next++ & 255).toString(16).padStart(2, "0")}`;

// When the board was heard first and told to write first, since it got its power or since then.
async function timesOf(rack, board, startUs) {
    const s = await rack.state(board), from = startUs ?? s.power_at_us;
    return { heard: (s.heard_at_us - from) / 1000, begin: (s.begin_at_us - from) / 1000 };
}

async function byRun(rack, recipe, board) {
    await rack.tell(`board ${board} mac=${mac()}`);
    await pause(300);
    const startUs = nowUs();
    const child = spawn(join(build, "espstation"), ["run", recipe, "--db", join(work, "run.db"), "--port", rack.ports[board]], { stdio: "ignore" });
    const code = await within(new Promise((done) => child.once("exit", done)), "run");
    if (code !== 0) throw new Error(`run ended with ${code}`);
    return timesOf(rack, board, startUs);
}

class Line {
    static async start(recipe, ports) {
        const line = new Line(), file = join(work, "station.yaml");
        writeFileSync(file, ["station: bench", 'screen: { listen: "127.0.0.1:0" }', "slots:", ...ports.map((p, i) => `  - { name: A${i}, port: "${p}" }`)].join("\n"));
        line.waiting = [];
        line.child = spawn(join(build, "espstation"), ["line", recipe, "--station", file, "--db", join(work, "line.db")], { stdio: ["ignore", "pipe", "ignore"] });
        createInterface({ input: line.child.stdout }).on("line", (text) => {
            line.waiting = line.waiting.filter(({ what, done }) => !what.test(text) || done());
        });
        await Promise.all(ports.map((_, i) => line.says(new RegExp(`\\(A${i}\\): empty`))));
        return line;
    }
    says(what) {
        return within(new Promise((done) => this.waiting.push({ what, done })), String(what));
    }
    async plug(rack, board) {
        const passed = this.says(new RegExp(`A${board}: PASS `));
        await rack.tell(`board ${board} mac=${mac()}`);
        await passed;
        return timesOf(rack, board);
    }
    async stop() {
        const gone = new Promise((done) => this.child.once("exit", done));
        this.child.kill("SIGINT");
        await within(gone, "the end of the line");
    }
}

// One board after the other, at moments that have nothing to do with when slots are asked; the second
// ones when the words of the first ones' last reset can be ours no more.
async function cell(chip, latency) {
    const rack = await Rack.start(build, work, { chip, boards: boards + 1, flash: "blank", latency }), recipe = join(work, `${chip}.yaml`);
    const times = { run: [], empty: [], green: [] };
    for (let i = 0; i < boards; i++) await rack.tell(`board ${i} drop=1`);
    const line = await Line.start(recipe, rack.ports.slice(0, boards));
    for (let i = 0; i < boards; i++) times.run.push(await byRun(rack, recipe, boards));
    await pause(settleS * 1000);
    for (const kind of ["empty", "green"]) {
        for (let i = 0; i < boards; i++) {
            await pause(Math.random() * 1000);
            times[kind].push(await line.plug(rack, i));
        }
        await pause(2500);
    }
    await line.stop();
    await rack.stop();
    return times;
}

execFileSync(join(build, "make_images"), [work, "64"]);
let worst = 0;
console.log("                     told to write: median (9 of 10)                            first byte");
console.log("chip     adapter     run            line, empty    line, green       x          run   empty  green    x");
for (const chip of chips) for (const latency of latencies) {
    const times = await cell(chip, latency), kinds = ["run", "empty", "green"];
    const of = (kind, what, part) => percentile(times[kind].map((t) => t[what]), part);
    const ratio = (what) => Math.max(of("empty", what, 0.5), of("green", what, 0.5)) / of("run", what, 0.5);
    const begins = kinds.map((k) => `${of(k, "begin", 0.5).toFixed(0).padStart(6)} ${`(${of(k, "begin", 0.9).toFixed(0)})`.padEnd(8)}`);
    const heard = kinds.map((k) => of(k, "heard", 0.5).toFixed(0).padStart(6));
    console.log(`${chip.padEnd(8)} ${latency.padStart(4)} ms  ${begins.join("")} ${ratio("begin").toFixed(2)}      ${heard.join(" ")}  ${ratio("heard").toFixed(2)}`);
    worst = Math.max(worst, ratio("begin"));
}
if (limit && !(worst <= limit)) {
    console.log(`a board on the line waits ${worst.toFixed(2)} x as long, more than ${limit}`);
    process.exit(1);
}
