// Who flashes: the station, esptool-js, and another tool if PEER names one.
import { spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

// Runs a command, tells what it cost: { seconds, cpu_s, rss_kib, switches }.
function measured(build, work, command, args) {
  return new Promise((done, fail) => {
    let said = "", cost = "";
    const child = spawn(join(build, "measure"), [command, ...args.map(String)],
      { cwd: work, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (part) => (said = (said + part).slice(-4000)));
    child.stderr.on("data", (part) => (cost = (cost + part).slice(-4000)));
    child.on("error", fail);
    child.on("close", () => {
      const last = JSON.parse(cost.trim().split("\n").pop());
      if (last.status === 0) done(last);
      else fail(new Error(`${command} failed:\n${said}${cost}`));
    });
  });
}

// Tools for one board: as many processes as there are ports.
async function oneProcessPerPort(ports, run) {
  const costs = await Promise.all(ports.map(run));
  const sum = (name) => costs.reduce((n, c) => n + c[name], 0);
  return { seconds: Math.max(...costs.map((c) => c.seconds)), cpu_s: sum("cpu_s"), rss_kib: sum("rss_kib"),
    switches: sum("switches") };
}

function imageWords(set) {
  return set.files.flatMap(({ offset, name }) => [`0x${offset.toString(16)}`, name]);
}

function writeRecipe(work, set, rate, more = "") {
  const images = set.files.filter((f) => f.name !== set.own).map((f) => `  - { file: ${f.name}, offset: 0x${f.offset.toString(16)} }\n`).join("");
  const path = join(work, `bench-${rate}.yaml`);
  writeFileSync(path, `recipe: bench\nchip: ${set.chip}\nflash: { size: detect }\nimages:\n${images}` +
    `port: { baud: ${rate}, fallback: [] }\n${more}${set.section ?? ""}`);
  return path;
}

// With more in its recipe, or boards whose stubs run by their own code.
function station(build, work, { name = "espstation", more = "", real = false } = {}) {
  return {
    name, real,
    run(cell, set, ports) {
      const db = join(work, "bench.db");
      for (const end of ["", "-wal", "-shm", "-units"]) rmSync(db + end, { force: true });
      return measured(build, work, join(build, "espstation"), ["run", writeRecipe(work, set, cell.rate, more), "--db", db,
        "--json", ...ports.flatMap((p) => ["--port", p])]);
    },
  };
}

function esptoolJs(build, work) {
  const script = resolve("tests/js/flash.mjs");
  return {
    name: "esptool-js",
    run: (cell, set, ports) => oneProcessPerPort(ports, (port) => measured(build, work, process.execPath,
      [script, "--port", port, "--chip", set.chip, "--baud", cell.rate, "--compress", ...imageWords(set)])),
  };
}

// What esptool wants to hear, if PEER does not say it itself. One call for all images, compressed.
// The boards are put into the loader and left there by the fixture: over RFC 2217 the two lines
// change one after the other, too slowly for the reset circuit.
const esptoolWords = "--chip {chip} --port {port} --baud {baud} --before no-reset --after no-reset write-flash -z {images}";

function peer(build, work, words, pty) {
  const template = (words.includes("{port}") ? words : `${words} ${esptoolWords}`).split(/\s+/);
  return {
    name: pty ? "peer (pty)" : "peer", needsBoot: true, pty,
    run: (cell, set, ports) => oneProcessPerPort(ports, (port) => {
      const values = { "{chip}": set.chip, "{port}": port, "{baud}": String(cell.rate) };
      const [command, ...args] = template.flatMap((w) =>
        w === "{images}" ? imageWords(set) : [w.replace(/\{\w+\}/g, (key) => values[key] ?? key)]);
      return measured(build, work, command, args);
    }),
  };
}

// All that can run here, by name.
export function findClients(build, work, peerWords) {
  const clients = [station(build, work), station(build, work, { name: "real", real: true }),
    station(build, work, { name: "fast", real: true, more: "loader: fast\nprove_twice: 0\n" })];
  if (existsSync("tests/js/node_modules/esptool-js")) clients.push(esptoolJs(build, work));
  if (peerWords) clients.push(peer(build, work, peerWords, false), peer(build, work, peerWords, true));
  return clients;
}
