// The benchmark: how long boards take, beside what wire and flash allow. No hardware: the virtual
// boards in real time. Prints a table; tests nothing.
//
//   make bench                                      a short selection, some minutes
//   make bench BENCH="rate=115200,2000000 ports=1,32 latency=16 flash=blank set=esp8266"
//   make bench BENCH=all RUNS=5                     the whole matrix, many hours
//   make bench BENCH="turns set=unit,shared ports=256"  boards with an NVS partition of their own each, beside
//                                                   the same bytes for all; million: from a pool of so many rows
//   make bench PEER=esptool                         another tool beside; or its whole command line with
//                                                   {chip} {port} {baud} {images} where they belong
//
//   make bench BENCH="client=fast,real rate=460800,921600,2000000"  the fast stub beside the vendor's, both
//                                                   by their own machine code: leave them the machine
//
//   make bench IMAGES=0x1000=boot.bin,0x10000=app.bin BENCH=set=given   images of yours, for CHIP (esp32)
//
// What is not chosen stays as in the short selection. Further words: client=espstation,esptool-js,
// peer,fast,real; turns, a run of each cell by turns, for cells that are to be compared on a machine that has more to do;
// peerports=8, up to how many ports tools for one board are run, a process for each;
// out=FILE, every run as a JSON line, with how often board 0 got each command. What the floor is:
// floor.mjs.
//
// Columns: the median of the runs and the fastest and slowest one, in seconds from the start of the
// command to its end; the floor and how much of the time it is. Then medians over boards and runs,
// for one board: commands; seconds during which the wire was idle although data were missing, and
// how many of them the stub's, which had no room; seconds the last block took after its last byte.
// Then for one port: the client's CPU time, memory and context switches. Last the fixture itself:
// its CPU time per board and second, and how late it was at worst: figures of cells in which that
// is more than a few milliseconds are the machine's, not the client's.
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { findClients } from "./clients.mjs";
import { floorSeconds, wireBytes } from "./floor.mjs";
import { Rack } from "./rack.mjs";

const everything = {
  set: ["esp32", "esp8266", "noise", "unit", "shared", "million"], rate: [115200, 460800, 921600, 2000000], latency: [1, 16],
  flash: ["dirty", "blank"], ports: [1, 8, 32, 128, 256],
};
if (process.env.IMAGES) everything.set.push("given");
const short = { set: ["esp32"], rate: [921600], latency: [1, 16], flash: ["dirty"], ports: [1, 8] };

function fail(text) {
  console.error(`bench: ${text}`);
  process.exit(2);
}

function readNumber(text, word) {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) fail(`"${word}": "${text}" is not a number of 1 or more`);
  return n;
}

// "name=value,value" words over the short selection.
function readSelection(words) {
  const chosen = { ...short, client: null, peerports: 8, out: null, runs: readNumber(process.env.RUNS ?? "5", "RUNS") };
  for (const word of words) {
    const [name, text = ""] = word.split("=", 2);
    if (word === "turns") chosen.turns = true;
    else if (word === "all") Object.assign(chosen, everything);
    else if (["rate", "latency", "ports"].includes(name)) chosen[name] = text.split(",").map((v) => readNumber(v, word));
    else if (name === "runs" || name === "peerports") chosen[name] = readNumber(text, word);
    else if (name === "client") chosen.client = text.split(",");
    else if (name === "out" && text) chosen.out = resolve(text);
    else if (everything[name] && text.split(",").every((v) => everything[name].includes(v))) chosen[name] = text.split(",");
    else fail(`"${word}": choose from all, turns, runs=N, ${Object.entries(everything)
      .map(([k, v]) => `${k}=${v.join(",")}`).join(", ")}, client=, peerports=N, out=FILE`);
  }
  return chosen;
}

// ---- Images ----

// OFFSET=FILE, with commas between.
function givenSet(work) {
  const files = process.env.IMAGES.split(",").map((word) => {
    const [offset, path = ""] = word.split("=", 2);
    copyFileSync(path, join(work, basename(path)));
    return [Number(offset), basename(path)];
  });
  return { chip: process.env.CHIP ?? "esp32", files };
}

function makeSets(build, work) {
  execFileSync(join(build, "make_images"), [work, "1024"]);
  const noise = Buffer.alloc(1 << 20);
  for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) >>> 24;
  writeFileSync(join(work, "noise.bin"), noise);
  const sets = {
    esp32: { chip: "esp32", files: [[0x1000, "bootloader.bin"], [0x8000, "partitions.bin"], [0x10000, "app.bin"]] },
    esp8266: { chip: "esp8266", files: [[0, "esp8266.bin"]] },
    noise: { chip: "esp32", files: [[0x10000, "noise.bin"]] },
  };
  // What is a board's own, and the same as one more image: an NVS partition of 24 KiB.
  const section = `unit:
  serial: serial
  values:
    - { name: serial, from: counter, pattern: "SN-{n:8}" }
    - { name: key, from: pool, type: hex, secret: true }
  pools: [ { name: keys, file: keys.csv } ]
  images:
    - partition: fctry
      keys:
        - { space: factory, key: serial, type: string, value: "{serial}" }
        - { space: factory, key: key, type: blob, value: "{key}" }
`;
  const key = (i) => i.toString(16).padStart(32, "0");
  const pool = (name, rows) => writeFileSync(join(work, name), "key\n" + Array.from({ length: rows }, (_, i) => key(i) + "\n").join(""));
  pool("keys.csv", 10000);
  if (process.argv.some((word) => word === "all" || /^set=.*million/.test(word))) pool("million.csv", 1e6);
  writeFileSync(join(work, "fctry.csv"), `key,type,encoding,value\nfactory,namespace,,\nserial,data,string,SN-00000001\nkey,data,hex2bin,${key(1)}\n`);
  execFileSync(join(build, "espstation"), ["nvs", "make", join(work, "fctry.csv"), "-o", join(work, "fctry.bin"), "--size", "24K"]);
  const shared = [...sets.esp32.files, [0x310000, "fctry.bin"]];
  sets.shared = { chip: "esp32", files: shared };
  sets.unit = { chip: "esp32", files: shared, own: "fctry.bin", section };
  sets.million = { ...sets.unit, section: section.replace("keys.csv", "million.csv") };
  if (process.env.IMAGES) sets.given = givenSet(work);
  for (const set of Object.values(sets)) {
    set.files = set.files.map(([offset, name]) => {
      const bytes = readFileSync(join(work, name));
      return { offset, name, length: bytes.length, wire: wireBytes(bytes) };
    });
  }
  return sets;
}

// ---- Cells ----

function cellsOf(chosen, clients) {
  const cells = [];
  for (const set of chosen.set) for (const rate of chosen.rate) for (const latency of chosen.latency)
    for (const flash of chosen.flash) for (const ports of chosen.ports) for (const client of clients) {
      if (client.name !== "espstation" && ports > chosen.peerports) continue;
      cells.push({ set, rate, latency, flash, ports, client });
    }
  return cells;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

async function runOnce(build, work, cell, set) {
  const rack = await Rack.start(build, work, { chip: set.chip, boards: cell.ports, flash: cell.flash,
    latency: cell.latency, pty: cell.client.pty, real: cell.client.real });
  try {
    if (cell.client.needsBoot) await rack.pressBoot();
    const before = rack.cpuSeconds();
    const cost = await cell.client.run(cell, set, rack.ports);
    const fixtureCpu = rack.cpuSeconds() - before;
    const states = await rack.states();
    const of = (name) => median(states.map((s) => s[name]));
    return {
      seconds: cost.seconds, commands: of("frames"), idle_s: of("wire_idle_us") / 1e6, stall_s: of("stub_stall_us") / 1e6,
      tail_s: of("write_tail_us") / 1e6, cpu_ms: (cost.cpu_s * 1000) / cell.ports,
      mib: cost.rss_kib / 1024 / cell.ports, switches: cost.switches / cell.ports,
      fixture_cpu_ms: (fixtureCpu * 1000) / cell.ports / cost.seconds,
      late_ms: Math.max(...states.map((s) => s.late_us)) / 1000,
      ops: states[0].ops,
      overruns: states.reduce((n, s) => n + s.overruns, 0),
    };
  } finally {
    await rack.stop();
  }
}

// ---- Table ----

const columns = [
  ["client", -11, (r) => r.client], ["set", -7, (r) => r.set], ["baud", 7, (r) => r.rate], ["lat", 3, (r) => r.latency],
  ["flash", -5, (r) => r.flash], ["ports", 5, (r) => r.ports], ["seconds", 7, (r) => r.seconds.toFixed(2)],
  ["(spread)", -13, (r) => `(${r.fastest.toFixed(2)}-${r.slowest.toFixed(2)})`], ["floor", 6, (r) => r.floor.toFixed(2)],
  ["share", 5, (r) => `${Math.round((100 * r.floor) / r.seconds)}%`], ["cmds", 5, (r) => Math.round(r.commands)],
  ["idle", 5, (r) => r.idle_s.toFixed(2)], ["stall", 5, (r) => r.stall_s.toFixed(2)],
  ["tail", 5, (r) => r.tail_s.toFixed(2)], ["CPU ms", 7, (r) => r.cpu_ms.toFixed(1)], ["MiB", 5, (r) => r.mib.toFixed(1)],
  ["switches", 8, (r) => Math.round(r.switches)], ["fixture ms/s", 12, (r) => r.fixture_cpu_ms.toFixed(1)],
  ["late ms", 7, (r) => r.late_ms.toFixed(1)],
];

function line(values) {
  return columns.map(([, width], i) => (width < 0 ? String(values[i]).padEnd(-width) : String(values[i]).padStart(width)))
    .join(" ").trimEnd();
}

function summary(cell, floor, runs) {
  const { client, ...rest } = cell, seconds = runs.map((r) => r.seconds);
  const row = { client: client.name, ...rest, floor, fastest: Math.min(...seconds), slowest: Math.max(...seconds) };
  for (const [name, value] of Object.entries(runs[0]))
    if (typeof value === "number") row[name] = median(runs.map((r) => r[name]));
  row.late_ms = Math.max(...runs.map((r) => r.late_ms));
  return row;
}

const build = resolve(process.env.BUILD ?? "build");
const chosen = readSelection(process.argv.slice(2));
const work = mkdtempSync(join(tmpdir(), "espbench-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const sets = makeSets(build, work);
const clients = findClients(build, work, process.env.PEER)
  .filter((c) => (chosen.client ? chosen.client.some((name) => c.name.startsWith(name)) : !c.real));
const cells = cellsOf(chosen, clients);
const floorOf = (cell) => floorSeconds(sets[cell.set].files, cell.rate, cell.flash);
const minutes = (cells.reduce((sum, c) => sum + (floorOf(c) * 1.3 + 2) * chosen.runs, 0) / 60).toFixed(0);
console.log(`${cells.length} cells, ${chosen.runs} runs each, about ${minutes} minutes.` +
  (process.argv.length > 2 ? "" : ' Other selections: make bench BENCH="rate=115200,2000000 ports=1,32"; all: BENCH=all'));
console.log(line(columns.map(([name]) => name)));
async function run(cell) {
  const found = await runOnce(build, work, cell, sets[cell.set]);
  const told = { ...cell, client: cell.client.name, floor: floorOf(cell), ...found };
  if (chosen.out) appendFileSync(chosen.out, `${JSON.stringify(told)}\n`);
  return found;
}
const found = cells.map(() => []);
for (let turn = 0; chosen.turns && turn < chosen.runs; turn++)
  for (const [i, cell] of cells.entries()) found[i].push(await run(cell));
for (const [i, cell] of cells.entries()) {
  while (found[i].length < chosen.runs) found[i].push(await run(cell));
  console.log(line(columns.map(([, , value]) => value(summary(cell, floorOf(cell), found[i])))));
}
