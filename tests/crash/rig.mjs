// What the crash, pull and soak tests share: TAP, numbers from a seed, a fixture with its control
// socket, stations whose output is read line by line, and questions to records.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const build = resolve(process.env.BUILD ?? "build");
export const work = mkdtempSync(join(tmpdir(), "espcrash-"));
export const images = join(work, "images");
const children = new Set();
process.on("exit", () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

// ---- Options: --name value -----------------------------------------------------------------------
export function options(known) {
    const given = { ...known };
    for (let i = 2; i < process.argv.length; i += 2) {
        const name = process.argv[i].replace(/^--/, "");
        if (!(name in known) || process.argv[i + 1] === undefined) {
            console.error(`usage: ${Object.keys(known).map((k) => `[--${k} ${known[k]}]`).join(" ")}`);
            process.exit(2);
        }
        given[name] = Number(process.argv[i + 1]);
    }
    return given;
}

// ---- TAP -----------------------------------------------------------------------------------------
let tests = 0, failures = 0;

export function check(title, good, ...details) {
    tests++;
    if (!good) failures++;
    console.log(`${good ? "ok" : "not ok"} ${tests} - ${title}`);
    if (!good) for (const detail of details) note(typeof detail === "string" ? detail : JSON.stringify(detail));
}

export const note = (text) => console.log(text.replace(/^/gm, "# "));

export function finish() {
    console.log(`1..${tests}`);
    process.exit(failures ? 1 : 0);
}

// ---- Chance, the same for the same seed ------------------------------------------------------------
export function chance(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    const below = (n) => Math.floor(next() * n);
    return { next, below, pick: (list) => list[below(list.length)], hits: (part) => next() < part };
}

// ---- A record, as it was left ------------------------------------------------------------------------
export function copyRecord(from, to) {
    const parts = ["", "-wal", "-journal"];
    for (const part of [...parts, "-shm"]) rmSync(to + part, { force: true });
    for (const part of parts) if (existsSync(from + part)) copyFileSync(from + part, to + part);
}

// ---- Waiting: for a condition, never for luck --------------------------------------------------------
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(condition, seconds = 60) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(10)) if (condition()) return true;
    return false;
}

// ---- The fixture ---------------------------------------------------------------------------------
export function makeImages(kib) {
    execFileSync(join(build, "make_images"), [images, String(kib)]);
}

// A recipe out of one of make_images', with some lines replaced: { retry: "..." }.
export function makeRecipe(name, from, lines) {
    let text = readFileSync(join(images, `${from}.yaml`), "utf8");
    for (const [key, value] of Object.entries(lines))
        text = text.replace(new RegExp(`^${key}:.*\n|$(?![^])`, "m"), value ? `${key}: ${value}\n` : "");
    writeFileSync(join(images, `${name}.yaml`), text);
    return join(images, `${name}.yaml`);
}

export async function startFixture(...args) {
    const [portsFile, control] = [join(work, "ports"), join(work, "ctl")];
    for (const file of [portsFile, control]) rmSync(file, { force: true });
    const child = spawn(join(build, "espfixture"), ["--quiet", "--ports-file", portsFile, "--control", control,
        ...args.map(String)], { stdio: ["ignore", "inherit", "inherit"] });
    children.add(child);
    if (!await until(() => existsSync(portsFile) && readFileSync(portsFile, "utf8").endsWith("\n")))
        throw new Error("the fixture does not start");
    const ports = readFileSync(portsFile, "utf8").trim().split("\n");
    const socket = connect(control), waiting = [];
    createInterface({ input: socket }).on("line", (line) => waiting.shift()(line));
    // One command, its answer behind "ok ".
    const ctl = (...words) => new Promise((done, failed) => {
        waiting.push((line) => line.startsWith("ok") ? done(line.slice(3)) : failed(new Error(`${words}: ${line}`)));
        socket.write(words.join(" ") + "\n");
    });
    const stop = () => new Promise((done) => {
        child.once("exit", () => (children.delete(child), done()));
        socket.destroy();
        child.kill();
    });
    return { ports, portOptions: ports.flatMap((p) => ["--port", p]), ctl, stop, pid: child.pid,
        state: async (board) => JSON.parse(await ctl("state", board)) };
}

// ---- The station ---------------------------------------------------------------------------------
// With tests/preload/trouble.so in front of it where `trouble` names what befalls it: { KILL: 7 }.
function environment(trouble, preload = []) {
    const env = { ...process.env };
    for (const [name, value] of Object.entries(trouble)) env[`TROUBLE_${name}`] = String(value);
    if (Object.keys(trouble).length) preload = [...preload, join(build, "trouble.so")];
    if (preload.length) env.LD_PRELOAD = preload.join(" ");
    // A sanitizer's runtime wants to be the first library.
    env.ASAN_OPTIONS = `${env.ASAN_OPTIONS ?? ""}:verify_asan_link_order=0`;
    return env;
}

// `onLine` gets each line, parsed where it is JSON; unless `keep` is false they also stay in `lines`.
// `exited` resolves to { code, signal }.
export function startStation(args, { trouble = {}, preload, extraEnv = {}, onLine = () => {}, keep = true } = {}) {
    const child = spawn(join(build, "espstation"), args,
        { stdio: ["ignore", "pipe", "pipe"], env: { ...environment(trouble, preload), ...extraEnv } });
    children.add(child);
    const station = { pid: child.pid, lines: [], errors: "", kill: (signal) => child.kill(signal) };
    createInterface({ input: child.stdout }).on("line", (text) => {
        let line = text;
        if (text.startsWith("{")) {
            try {
                line = JSON.parse(text);
            } catch {
                line = { event: "torn", text };
            }
        }
        if (keep) station.lines.push(line);
        onLine(line, station);
    });
    child.stderr.on("data", (data) => (station.errors += data));
    station.exited = new Promise((done) => child.once("close", (code, signal) => {
        children.delete(child);
        done({ code, signal });
    }));
    return station;
}

// A command that ends by itself: { status, stdout, stderr }.
export const command = (...args) => spawnSync(join(build, "espstation"), args, { encoding: "utf8", maxBuffer: 1 << 28 });

// The counters of tests/preload/trouble.c.
export function counters(file) {
    const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const names = ["diskSteps", "diskFailures", "waits", "reads", "emptyReads"];
    return Object.fromEntries(names.map((name, i) => [name, bytes.length >= 8 * (i + 1) ? Number(bytes.readBigUInt64LE(8 * i)) : 0]));
}

// What the kernel says of a process.
export function footprint(pid) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const ticks = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
    return { descriptors: readdirSync(`/proc/${pid}/fd`).length, threads: readdirSync(`/proc/${pid}/task`).length,
        rssKib: Number(/VmRSS:\s+(\d+)/.exec(status)[1]), cpuTicks: Number(ticks[11]) + Number(ticks[12]) };
}

// ---- The record ----------------------------------------------------------------------------------
// Rows of one or more statements, their columns as texts.
export function sql(db, text) {
    const run = spawnSync("sqlite3", ["-batch", "-separator", "\t", db, text], { encoding: "utf8", maxBuffer: 1 << 28 });
    if (run.status !== 0) throw new Error(`sqlite3: ${run.stderr}`);
    return run.stdout.split("\n").filter((line) => line).map((line) => line.split("\t"));
}

export const number = (db, text) => Number(sql(db, text)[0]?.[0] ?? NaN);
