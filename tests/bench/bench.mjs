// The benchmark: how long boards take, beside what wire and flash allow. No hardware: the virtual
// fixture in real time. Prints a table; tests nothing.
//
//   make bench                              a short matrix, some minutes
//   make bench BENCH="--runs 5 --rates 115200,460800,921600,2000000 --latency 1,16 --ports 1,8,32"
//   make bench PEER="esptool --chip {chip} --port {port} --baud {baud} write_flash {images}"
//
// Every cell is the median of its runs, with the spread from the fastest to the slowest. The floor is
// wire or flash, whichever is slower for a region, plus MD5; what a station adds is its own.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { deflateSync } from "node:zlib";

const build = resolve(process.env.BUILD ?? "build");
const options = { runs: 3, rates: [460800, 921600, 2000000], latency: [1, 16], fill: ["dirty"], ports: [1, 8],
    sets: ["esp32", "esp8266"], js: true };
const lists = { "--rates": "rates", "--latency": "latency", "--fill": "fill", "--ports": "ports", "--sets": "sets" };
for (let i = 2; i < process.argv.length; i += 2) {
    const [name, value] = [process.argv[i], process.argv[i + 1]];
    if (name === "--runs") options.runs = Number(value);
    else if (name === "--js") options.js = value !== "no";
    else if (lists[name] && value) options[lists[name]] = value.split(",").map((v) => (isNaN(v) ? v : Number(v)));
    else throw new Error(`unknown option ${name}`);
}

// What the fixture's flash takes, as common data sheets say; see tests/fixture.
const eraseBlock = 0.150, eraseSector = 0.045, programPage = 0.00086, md5Rate = 1.5e6;
const sets = {
    esp32: { chip: "esp32", files: [[0x1000, "bootloader.bin"], [0x8000, "partitions.bin"], [0x10000, "app.bin"]] },
    esp8266: { chip: "esp8266", files: [[0x0, "esp8266.bin"]] },
    noise: { chip: "esp32", files: [[0x10000, "noise.bin"]] },
};

const work = mkdtempSync(join(tmpdir(), "espbench-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
execFileSync(join(build, "make_images"), [work, "1024"]);
const noise = Buffer.alloc(1 << 20);
for (let i = 0, x = 1; i < noise.length; i++) noise[i] = (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) >>> 24;
writeFileSync(join(work, "noise.bin"), noise);

function slipBytes(bytes) {
    let n = bytes.length;
    for (const b of bytes) n += b === 0xc0 || b === 0xdb;
    return n;
}

// Seconds that wire and flash alone would take for one board.
function floorSeconds(set, baud, fill) {
    let sum = 0;
    for (const [offset, name] of sets[set].files) {
        const file = readFileSync(join(work, name));
        const packed = deflateSync(file, { level: 9 });
        const wire = (slipBytes(packed.length < file.length ? packed : file) * 10) / baud;
        const sectors = Math.ceil((offset % 4096 + file.length) / 4096);
        const erase = Math.floor(sectors / 16) * eraseBlock + (sectors % 16) * eraseSector;
        const flash = (fill === "dirty" ? erase : 0) + Math.ceil(file.length / 256) * programPage;
        sum += Math.max(wire, flash) + file.length / md5Rate;
    }
    return sum;
}

function recipe(set, baud) {
    const path = join(work, `${set}-${baud}.yaml`);
    const images = sets[set].files.map(([offset, file]) => `  - { file: ${file}, offset: ${offset} }`).join("\n");
    writeFileSync(path, `recipe: bench\nchip: ${sets[set].chip}\nflash: { size: detect }\nimages:\n${images}\n` +
        `port: { baud: ${baud}, fallback: [] }\n`);
    return path;
}

async function withFixture(cell, use) {
    const [portsFile, control] = [join(work, "ports"), join(work, "ctl")];
    rmSync(portsFile, { force: true });
    const fixture = spawn(join(build, "espfixture"), ["--quiet", "--boards", cell.ports, "--chip", sets[cell.set].chip,
        "--fill", cell.fill, "--latency-ms", cell.latency, "--ports-file", portsFile, "--control", control],
    { stdio: "inherit" });
    while (!existsSync(portsFile)) await new Promise((r) => setTimeout(r, 20));
    const ports = readFileSync(portsFile, "utf8").trim().split("\n");
    try {
        const result = use(ports);
        const state = spawnSync(join(build, "espfixture"), ["--ctl", control, "state", "0"], { encoding: "utf8" }).stdout;
        return { ...result, state: JSON.parse(state.replace(/^ok /, "")) };
    } finally {
        fixture.kill();
        await new Promise((r) => fixture.once("exit", r));
    }
}

function measured(command, args) {
    const run = spawnSync(join(build, "measure"), [command, ...args.map(String)],
        { encoding: "utf8", maxBuffer: 1 << 28, cwd: work, env: process.env });
    const cost = JSON.parse(run.stderr.trim().split("\n").pop());
    if (cost.status !== 0) throw new Error(`${command} failed:\n${run.stdout.slice(-2000)}${run.stderr.slice(-2000)}`);
    return cost;
}

const here = process.cwd();
const clients = [{
    name: "espstation",
    run: (cell, ports) => {
        rmSync(join(work, "b.db"), { force: true });
        return measured(join(build, "espstation"), ["run", recipe(cell.set, cell.rate), "--db", join(work, "b.db"),
            "--json", ...ports.flatMap((p) => ["--port", p])]);
    },
}];
if (options.js && existsSync("tests/js/node_modules/esptool-js")) {
    clients.push({
        name: "esptool-js", onePort: true,
        run: (cell, ports) => measured(process.execPath, [join(here, "tests/js/flash.mjs"), "--port", ports[0], "--chip",
            sets[cell.set].chip, "--baud", cell.rate, "--compress",
            ...sets[cell.set].files.flatMap(([offset, file]) => [`0x${offset.toString(16)}`, file])]),
    });
}
if (process.env.PEER) {
    const fill = (word, cell, ports) => word === "{images}"
        ? sets[cell.set].files.flatMap(([offset, file]) => [`0x${offset.toString(16)}`, file])
        : [word.replace("{chip}", sets[cell.set].chip).replace("{port}", ports[0]).replace("{baud}", cell.rate)];
    clients.push({
        name: "peer", onePort: true,
        run: (cell, ports) => {
            const [command, ...args] = process.env.PEER.split(" ").flatMap((w) => fill(w, cell, ports));
            return measured(command, args);
        },
    });
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
console.log("client       set      baud  lat ms  flash  ports  seconds (spread)   floor  of floor  frames  wire idle  " +
    "CPU ms/port  MiB  switches/port");
for (const set of options.sets) for (const rate of options.rates) for (const latency of options.latency)
    for (const fill of options.fill) for (const ports of options.ports) for (const client of clients) {
        if (client.onePort && ports > 1) continue;
        const cell = { set, rate, latency, fill, ports };
        const runs = [];
        for (let i = 0; i < options.runs; i++) runs.push(await withFixture(cell, (p) => client.run(cell, p)));
        const seconds = runs.map((r) => r.seconds), middle = median([...seconds]), floor = floorSeconds(set, rate, fill);
        const busy = ((runs[0].state.wire_in + runs[0].state.wire_out) * 10) / rate;
        console.log([client.name.padEnd(11), set.padEnd(7), String(rate).padStart(8), String(latency).padStart(6),
            fill.padStart(7), String(ports).padStart(6), middle.toFixed(2).padStart(9),
            `(${(Math.max(...seconds) - Math.min(...seconds)).toFixed(2)})`.padEnd(8), floor.toFixed(2).padStart(7),
            `${((floor / middle) * 100).toFixed(0)} %`.padStart(8), String(runs[0].state.frames).padStart(7),
            `${Math.max(0, middle - busy).toFixed(2)} s`.padStart(9),
            ((median(runs.map((r) => r.cpu_s)) * 1000) / ports).toFixed(1).padStart(11),
            (runs[0].rss_kib / 1024).toFixed(0).padStart(5), (runs[0].switches / ports).toFixed(0).padStart(8)].join(" "));
    }
