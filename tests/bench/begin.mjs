// How soon a board is worked on: from its plug under `line`, beside `run` on a board that is there.
//
//   make bench-begin                              ESP32 and ESP8266, adapters of 1 and 16 ms; ten minutes
//   make bench-begin BEGIN="chip=esp32c3 latency=16 boards=20 settle=0"
//   ... only=plug                                 the adapter that is plugged in alone; half a minute
//   ... check=1.5                                 and fails where a board on the line waits so much longer
//
// Under `run` the clock starts with the command. Under `line` it starts with what tells of the board:
//
//   plug    its adapter comes (a node in /dev of a made-up machine) in a slot with `start: plug`
//   empty   it gets its power in a slot of `start: board` whose adapter is there and which has been
//           empty for `settle` seconds (from two minutes on it is asked rarely)
//   green   likewise, in one whose board has passed
//
// All end at the board: with the first byte that comes for it, and when it is told to write. Medians
// and nine of ten in milliseconds. An empty slot may be under a question when its board comes: the
// first byte is that question's then, and the rest takes longer. Behind a plug boards are kernel ttys,
// as with adapters (tests/preload/pty_lines.c), under `run` as well; else they are at a server.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Rack } from "./rack.mjs";

const build = resolve(process.env.BUILD ?? "build"), words = process.argv.slice(2).join(" ");
const option = (name, otherwise) => new RegExp(`\\b${name}=(\\S+)`).exec(words)?.[1] ?? otherwise;
const chips = option("chip", "esp32,esp8266").split(","), latencies = option("latency", "1,16").split(",");
const boards = Number(option("boards", 9)), settleS = Number(option("settle", 130)), limit = Number(option("check", 0));
const only = option("only", "");
const machine = "machine"; // below `work`: its /sys and /dev
const deadlineMs = 60000;
const work = mkdtempSync(join(tmpdir(), "bench-begin-"));
const lines = new Set(), racks = new Set(); // what must not outlive this
process.on("exit", () => {
    for (const child of [...lines, ...racks]) child.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true });
});

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

async function byRun(rack, recipe, board, env = process.env) {
    await rack.tell(`board ${board} mac=${mac()}`);
    await pause(300);
    const startUs = nowUs();
    const child = spawn(join(build, "espstation"), ["run", recipe, "--db", join(work, "run.db"), "--port", rack.ports[board]], { stdio: "ignore", env });
    const code = await within(new Promise((done) => child.once("exit", done)), "run");
    if (code !== 0) throw new Error(`run ended with ${code}`);
    return timesOf(rack, board, startUs);
}

class Line {
    // `slots`: what the station file says of each, behind its name; `says`: what it says of an empty one.
    static async start(recipe, slots, { start = "board", says = "empty", env = process.env } = {}) {
        const line = new Line(), file = join(work, "station.yaml");
        writeFileSync(file, ["station: bench", `start: ${start}`, 'screen: { listen: "127.0.0.1:0" }', "slots:", ...slots.map((s, i) => `  - { name: A${i}, ${s} }`)].join("\n"));
        line.waiting = [];
        line.child = spawn(join(build, "espstation"), ["line", recipe, "--station", file, "--db", join(work, "line.db")], { stdio: ["ignore", "pipe", "ignore"], env });
        lines.add(line.child);
        createInterface({ input: line.child.stdout }).on("line", (text) => {
            line.waiting = line.waiting.filter(({ what, done }) => !what.test(text) || done());
        });
        await Promise.all(slots.map((_, i) => line.says(new RegExp(`^slot A${i}: ${says}`))));
        return line;
    }
    says(what) {
        return within(new Promise((done) => this.waiting.push({ what, done })), String(what));
    }
    // A board gets its power, or its adapter comes by what is given. Gives how soon it was worked on.
    async plug(rack, board, adapter) {
        const passed = this.says(new RegExp(`A${board}: PASS `));
        await rack.tell(`board ${board} mac=${mac()}`);
        const startUs = adapter && (await pause(300), adapter());
        await passed;
        return timesOf(rack, board, startUs);
    }
    async stop() {
        const gone = new Promise((done) => this.child.once("exit", done));
        this.child.kill("SIGINT");
        await within(gone, "the end of the line");
    }
}

const socket = (i) => `pci-0000:00:14.0-usb-0:1.${i + 1}:1.0`;

// As the kernel does: what /sys knows of it first, then its node. Gives the microsecond of that.
function plugIn(i, device) {
    const tty = `ttyUSB${i}`, sys = join(work, machine, "sys/class/tty", tty);
    const usb = join(work, machine, `sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.${i + 1}`), port = join(usb, `1-1.${i + 1}:1.0`, tty);
    for (const folder of [port, sys]) mkdirSync(folder, { recursive: true });
    for (const [name, value] of Object.entries({ devnum: i + 2, idVendor: "10c4", idProduct: "ea60" })) writeFileSync(join(usb, name), `${value}\n`);
    writeFileSync(join(port, "port_number"), "0\n");
    symlinkSync("../../cp210x", join(port, "driver"));
    symlinkSync(port, join(sys, "device"));
    const startUs = nowUs();
    symlinkSync(device, join(work, machine, "dev", tty));
    return startUs;
}

// Boards whose adapters are plugged in one after the other, beside `run` on such a port.
async function plugged(chip, latency) {
    rmSync(join(work, machine), { recursive: true, force: true });
    for (const folder of ["sys/class/tty", "dev"]) mkdirSync(join(work, machine, folder), { recursive: true });
    const rack = await Rack.start(build, work, { chip, boards: boards + 1, flash: "blank", latency, pty: true }), recipe = join(work, `${chip}.yaml`);
    racks.add(rack.process);
    const env = { ...process.env, LD_PRELOAD: join(build, "pty_lines.so"), PTY_LINES_CONTROL: rack.control, PTY_LINES_DIR: join(work, "pty") };
    const line = await Line.start(recipe, rack.ports.slice(0, boards).map((_, i) => `usb: "${socket(i)}"`),
        { start: "plug", says: "no adapter", env: { ...env, ESPSTATION_SYSROOT: join(work, machine) } });
    const times = { run: [], plug: [] };
    for (let i = 0; i < boards; i++) {
        times.run.push(await byRun(rack, recipe, boards, env));
        await pause(Math.random() * 1000);
        times.plug.push(await line.plug(rack, i, () => plugIn(i, readlinkSync(rack.ports[i]))));
    }
    await line.stop();
    await rack.stop();
    return times;
}

// One board after the other, at moments that have nothing to do with when slots are asked; the second
// ones when the words of the first ones' last reset can be ours no more.
async function cell(chip, latency) {
    const rack = await Rack.start(build, work, { chip, boards: boards + 1, flash: "blank", latency }), recipe = join(work, `${chip}.yaml`);
    racks.add(rack.process);
    const times = { run: [], empty: [], green: [] };
    for (let i = 0; i < boards; i++) await rack.tell(`board ${i} drop=1`);
    const line = await Line.start(recipe, rack.ports.slice(0, boards).map((p) => `port: "${p}"`));
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
console.log("                   told to write: median (9 of 10)    x      first byte: median (9 of 10)       x");
for (const chip of chips) for (const latency of latencies) {
    const times = only === "plug" ? {} : await cell(chip, latency);
    show(chip, latency, times, Object.keys(times).slice(1));
    show(chip, latency, await plugged(chip, latency), ["plug"]);
}

// Each kind beside `run`.
function show(chip, latency, times, kinds) {
    const of = (kind, what, part) => percentile(times[kind].map((t) => t[what]), part);
    for (const kind of kinds) {
        const [begin, heard] = ["begin", "heard"].map((what) => {
            const ratio = of(kind, what, 0.5) / of("run", what, 0.5), cell = (k) => `${of(k, what, 0.5).toFixed(0)} (${of(k, what, 0.9).toFixed(0)})`;
            if (what === "begin") worst = Math.max(worst, ratio);
            return `run ${cell("run").padEnd(11)} ${kind} ${cell(kind).padEnd(12)} ${ratio.toFixed(2).padStart(4)}`;
        });
        console.log(`${chip.padEnd(8)} ${latency.padStart(3)} ms   ${begin}   ${heard}`);
    }
}
if (limit && !(worst <= limit)) {
    console.log(`a board on the line waits ${worst.toFixed(2)} x as long, more than ${limit}`);
    process.exit(1);
}
