// What looking costs: 256 slots with two who look, in browsers or as plain readers of events.
//
//   make bench-screen                       over a floor that is made up: the web's own share
//   make bench-screen SCREEN="boards=64 browsers=1"   and what it does to boards, beside a line that nobody looks at;
//                                           rounds=3 of both in turn; without browsers, plain readers
//   make bench-screen SCREEN="boards=256 baud=115200"  all slots there can be, at a rate that two cores bear
//   ... slots=64 span=10 quick=1            fewer slots, seconds of each row; browsers and verdicts alone
//
// Prints a table; tests nothing. Processor time is that of the station's process, in percent of one
// core; an event's way is measured in the page, from the change to the frame that shows it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Rack } from "./rack.mjs";

const build = resolve(process.env.BUILD ?? "build"), words = process.argv.slice(2).join(" ");
const option = (name, otherwise) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(words)?.[1] ?? otherwise);
const boards = option("boards", 0), slots = option("slots", 256), rounds = option("rounds", 3);
const [kind, who] = option("browsers", 0) ? ["browsers", browsers] : ["readers", readers];
const TICKS = 100, SPAN_MS = option("span", 20) * 1000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];
function processorMs(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS;
}
async function share(pid, ms = SPAN_MS) {
    const before = processorMs(pid);
    await pause(ms);
    return ((processorMs(pid) - before) / ms) * 100;
}

// ---- Who looks --------------------------------------------------------------------------------

function readers(url, count) {
    const stop = new AbortController(), got = { bytes: 0 };
    for (let i = 0; i < count; i++)
        for (const path of ["", "style.css", "app.js", "api/v1/page", "api/v1/words/en"]) fetch(url + path, { signal: stop.signal }).then((r) => r.arrayBuffer()).catch(() => {});
    for (let i = 0; i < count; i++)
        fetch(`${url}api/v1/events`, { signal: stop.signal }).then(async (r) => { for await (const part of r.body) got.bytes += part.length; }).catch(() => {});
    return { got, close: async () => stop.abort() };
}

// Beside boards a browser gets what is left: it stands on another computer, as a rule.
function behindAll() {
    const file = join(mkdtempSync(join(tmpdir(), "bench-browser-")), "chromium");
    writeFileSync(file, '#!/bin/sh\nrm -r "$(dirname "$0")"\nexec chrt -o 0 nice -n 19 /usr/bin/chromium "$@"\n', { mode: 0o755 });
    return file;
}

async function browsers(url, count) {
    const { chromium } = await import("../js/node_modules/playwright-core/index.mjs");
    const browser = await chromium.launch({ executablePath: boards ? behindAll() : "/usr/bin/chromium", args: ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])] });
    const pages = [];
    for (let i = 0; i < count; i++) {
        const page = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
        await page.goto(url);
        await page.waitForSelector(".tile[data-state]");
        // The serial of a tile that was flipped is the time at which it was.
        await page.evaluate(() => {
            window.late = [];
            new MutationObserver((changes) => {
                const times = changes.filter((c) => /^\d{13}$/.test(c.target.dataset.serial)).map((c) => Number(c.target.dataset.serial));
                requestAnimationFrame(() => { for (const t of times) window.late.push(Date.now() - t); });
            }).observe(document.getElementById("tiles"), { subtree: true, attributeFilter: ["data-serial"] });
        });
        pages.push(page);
    }
    const late = async () => (await Promise.all(pages.map((p) => p.evaluate(() => window.late.splice(0))))).flat();
    return { late, close: () => browser.close() };
}

// ---- Over a floor that is made up -------------------------------------------------------------

async function showFloor(...options) {
    const child = spawn(join(build, "show_floor"), ["--listen", "127.0.0.1:0", ...options], { stdio: ["pipe", "pipe", "inherit"] });
    const url = await new Promise((done) => createInterface({ input: child.stdout }).once("line", done));
    return { url, pid: child.pid, send: (line) => child.stdin.write(`${line}\n`), end: () => new Promise((done) => { child.once("exit", done); child.stdin.end(); }) };
}

async function costs() {
    console.log(`${slots} slots, all at work`.padEnd(34) + "processor     to the pixel");
    for (const [title, who, rate] of [["nobody looks", null, 0], ["two readers", readers, 0], ["two browsers", browsers, 0], ["two readers, 20 verdicts/s", readers, 20], ["two browsers, 20 verdicts/s", browsers, 20]]) {
        if (option("quick", 0) && !(rate && who === browsers)) continue;
        const f = await showFloor("--tiles", String(slots), "--columns", String(Math.ceil(Math.sqrt(slots))), "--scene", "working");
        const lookers = who ? await who(f.url, 2) : null;
        await pause(3000);
        if (lookers?.late) await lookers.late();
        if (rate) f.send(`flood ${rate} ${SPAN_MS / 1000}`);
        const used = await share(f.pid), late = lookers?.late ? await lookers.late() : [];
        const way = late.length ? `p50 ${percentile(late, 0.5)} ms, p99 ${percentile(late, 0.99)} ms (${late.length})` : "";
        console.log(`${title.padEnd(32)} ${used.toFixed(2).padStart(8)} %     ${way}`);
        await lookers?.close();
        await f.end();
    }
}

// ---- Beside boards ----------------------------------------------------------------------------

function run(command, args, done) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => done(line, child));
    createInterface({ input: child.stderr }).on("line", (line) => done(line, child));
    return child;
}

// Seconds until each board has its verdict, with so many who look. They look first, then all boards
// are put in at once: what a browser's start costs this computer is not the line's. The second boards
// count: each slot has learned from its first one how its boards are reset.
// A reader asks for what a page asks for when it is opened, and then for its events: all that two
// browsers on other computers are to the station.
async function line(work, count) {
    const rack = await Rack.start(build, work, { chip: "esp32", boards, flash: "blank", latency: 1 }), file = join(work, "station.yaml");
    for (let i = 0; i < boards; i++) await rack.tell(`board ${i} drop=1`);
    writeFileSync(file, ["station: bench", 'screen: { listen: "127.0.0.1:0" }', "slots:", ...rack.ports.map((p, i) => `  - { name: S${i + 1}, port: "${p}" }`)].join("\n"));
    const seconds = [];
    let station;
    const url = await new Promise((done) => {
        station = run(join(build, "espstation"), ["line", join(work, "esp32.yaml"), "--station", file, "--db", join(work, `${Date.now()}.db`)], (text) => {
            const address = /shown at (\S+)/.exec(text)?.[1], verdict = /^slot [^ ]+: PASS .* in ([\d.]+) s/.exec(text);
            if (address) done(address);
            if (verdict) seconds.push(Number(verdict[1]));
        });
    });
    const lookers = count ? await who(url, count) : null;
    await pause(3000);
    let before, began;
    for (const batch of [0, 1]) {
        seconds.length = 0;
        before = processorMs(station.pid), began = Date.now();
        for (let i = 0; i < boards; i++) await rack.tell(`board ${i} mac=24:0a:c5:00:0${batch}:${i.toString(16).padStart(2, "0")}`); // 256 at most
        for (let i = 0; i < 3000 && seconds.length < boards; i++) await pause(100);
        if (batch === 0) await pause(2500); // until then a ROM's words may be those of our own reset
    }
    const usedMs = processorMs(station.pid) - before, took = Date.now() - began, used = (usedMs * 100) / took;
    station.kill("SIGINT");
    await new Promise((done) => station.once("exit", done));
    await lookers?.close();
    const lateMs = Math.max(...(await rack.states()).map((s) => s.late_us)) / 1000;
    await rack.stop();
    return { mean: seconds.reduce((a, b) => a + b, 0) / seconds.length, worst: Math.max(...seconds), passed: seconds.length, used, usedMs, took, lateMs, bytes: lookers?.got?.bytes ?? 0 };
}

async function beside() {
    const work = mkdtempSync(join(tmpdir(), "bench-screen-"));
    await new Promise((done) => spawn(join(build, "make_images"), [work, String(option("kib", 400))], { stdio: "ignore" }).once("exit", done));
    const recipe = join(work, "esp32.yaml");
    if (option("baud", 0)) writeFileSync(recipe, readFileSync(recipe, "utf8").replace(/^port:.*$/m, `port: { baud: ${option("baud", 0)} }`));
    console.log(`\n${boards} boards                   mean s   worst s  passed`);
    const means = { 0: [], 2: [] }, cores = { 0: [], 2: [] }, spans = [];
    for (let round = 0; round < rounds; round++) for (const count of round % 2 ? [2, 0] : [0, 2]) {
        const r = await line(work, count);
        means[count].push(r.mean);
        cores[count].push(r.usedMs);
        spans.push(r.took);
        console.log(`${`${count} ${kind}`.padEnd(24)}${r.mean.toFixed(3).padStart(8)}  ${r.worst.toFixed(2).padStart(8)}  ${r.passed}   (processor ${r.used.toFixed(1)} %, boards late by ${r.lateMs.toFixed(0)} ms${r.bytes ? `, ${(r.bytes / 1048576).toFixed(1)} MiB of events` : ""})`);
    }
    const middle = (list) => percentile(list, 0.5), more = ((middle(cores[2]) - middle(cores[0])) * 100) / middle(spans);
    console.log(`for who looks: ${more.toFixed(2)} % of one core (medians)`);
    console.log(`with two ${kind} ${(percentile(means[2], 0.5) / percentile(means[0], 0.5)).toFixed(3)} x as long (medians)`);
    rmSync(work, { recursive: true, force: true });
}

if (boards) await beside();
else await costs();
process.exit(0);
