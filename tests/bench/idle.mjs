// What a station costs that has nothing to do: processor time of the line with empty slots.
//
//   make bench-idle                               64 slots, once they are asked rarely; five minutes
//   make bench-idle IDLE="slots=256 settle=0 span=20 browsers=0"
//   ... check=2                                   and fails where it is more, in percent of one core
//
// Slots that nobody sits in, over RFC 2217, listened to and asked by a reset now and then. Prints
// percent of one core for the whole process and for each kind of its threads, and how often a second
// it was woken. `readers=2`: with so many who look.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Rack } from "./rack.mjs";

const build = resolve(process.env.BUILD ?? "build"), words = process.argv.slice(2).join(" ");
const option = (name, otherwise) => Number(new RegExp(`\\b${name}=(\\S+)`).exec(words)?.[1] ?? otherwise);
const slots = option("slots", 64), settleS = option("settle", 130), spanS = option("span", 60), readers = option("readers", 0), limit = option("check", 0);
const deadlineMs = 60000;
const work = mkdtempSync(join(tmpdir(), "bench-idle-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Nanoseconds on a processor and times woken, by the names of the threads.
function used(pid) {
    const sum = new Map();
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        const [ns] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ").map(Number);
        const name = readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim().replace(/\d+/g, "");
        const woken = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"))[1]);
        const before = sum.get(name) ?? { ns: 0, woken: 0, threads: 0 };
        sum.set(name, { ns: before.ns + ns, woken: before.woken + woken, threads: before.threads + 1 });
    }
    return sum;
}

function startLine(ports) {
    const file = join(work, "station.yaml"), seen = new Set();
    writeFileSync(file, ["station: bench", 'screen: { listen: "127.0.0.1:0" }', "slots:", ...ports.map((p, i) => `  - { name: A${i}, port: "${p}" }`)].join("\n"));
    const child = spawn(join(build, "espstation"), ["line", join(work, "esp32.yaml"), "--station", file, "--db", join(work, "line.db")], { stdio: ["ignore", "pipe", "pipe"] });
    const url = new Promise((done) => createInterface({ input: child.stderr }).on("line", (text) => { const m = /shown at (\S+)/.exec(text); if (m) done(m[1]); }));
    const ready = new Promise((done, fail) => {
        const timer = setTimeout(() => fail(new Error("the slots are not empty in time")), deadlineMs);
        createInterface({ input: child.stdout }).on("line", (text) => {
            const slot = /^slot (\S+): empty/.exec(text);
            if (slot && seen.add(slot[1]).size === ports.length) done(clearTimeout(timer));
        });
    });
    return { child, url, ready };
}

function look(url, stop) {
    fetch(`${url}api/v1/events`, { signal: stop.signal }).then(async (r) => { for await (const part of r.body) void part; }).catch(() => {});
}

execFileSync(join(build, "make_images"), [work, "64"]);
const rack = await Rack.start(build, work, { chip: "esp32", boards: slots, flash: "blank", latency: 16 });
for (let i = 0; i < slots; i++) await rack.tell(`board ${i} drop=1`);
const line = startLine(rack.ports), stop = new AbortController();
await line.ready;
for (let i = 0; i < readers; i++) look(await line.url, stop);
await pause(settleS * 1000);
const before = used(line.child.pid);
await pause(spanS * 1000);
const after = used(line.child.pid);
let sum = 0;
for (const [name, a] of [...after].sort((x, y) => y[1].ns - x[1].ns)) {
    const b = before.get(name) ?? { ns: 0, woken: 0 }, share = (a.ns - b.ns) / (spanS * 1e7);
    sum += share;
    console.log(`${`${name} (${a.threads})`.padEnd(24)} ${share.toFixed(3)} %   ${((a.woken - b.woken) / spanS).toFixed(1)} times a second`);
}
console.log(`${slots} empty slots: ${sum.toFixed(3)} % of one core`);
stop.abort();
const gone = new Promise((done) => line.child.once("exit", done));
line.child.kill("SIGINT");
await gone;
await rack.stop();
if (limit && sum > limit) {
    console.log(`more than ${limit} %`);
    process.exit(1);
}
process.exit(0);
