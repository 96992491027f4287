// A rack of virtual boards in real time for one run, and what it has seen.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

const deadlineMs = 20000;
const ticksPerSecond = 100; // of /proc/PID/stat, the same on every Linux

// Asks the control socket line by line; gives the answers.
function ask(path, lines) {
  return new Promise((done, fail) => {
    let text = "";
    const socket = net.connect(path);
    const next = () => socket.write(`${lines[text.split("\n").length - 1]}\n`);
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`${path}: no answer`)));
    socket.on("connect", next);
    socket.on("error", fail);
    socket.on("data", (part) => {
      text += part;
      if (!text.endsWith("\n")) return;
      if (text.split("\n").length <= lines.length) return next();
      socket.destroy();
      done(text.trim().split("\n"));
    });
  });
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export class Rack {
  // options: { chip, boards, flash, latency, pty, real, seed, speed, faults }; real: stubs run by their
  // own code; faults: as --fault takes them
  static async start(build, work, { chip, boards, flash, latency, pty, real, seed = 1, speed = 1, faults = [] }) {
    const rack = new Rack();
    const portsFile = join(work, "ports"), terminals = join(work, "pty");
    rmSync(portsFile, { force: true });
    mkdirSync(terminals, { recursive: true });
    rack.control = join(work, "control");
    rack.process = spawn(join(build, "espfixture"), ["--quiet", "--boards", boards, "--chip", chip, "--fill", flash,
      "--latency-ms", latency, "--seed", seed, "--speed", speed, ...faults.flatMap((f) => ["--fault", f]), "--ports-file", portsFile, "--control", rack.control,
      ...(pty ? ["--pty", terminals] : []), ...(real ? ["--stub", "real"] : [])], { stdio: "inherit" });
    rack.gone = new Promise((done) => rack.process.once("exit", done));
    const lost = rack.gone.then(() => { throw new Error("the fixture did not start"); });
    const ready = (async () => {
      while (!existsSync(portsFile)) await new Promise((r) => setTimeout(r, 20));
    })();
    await Promise.race([ready, lost]);
    lost.catch(() => {});
    rack.ports = readFileSync(portsFile, "utf8").trim().split("\n");
    return rack;
  }

  // Every board into its loader, as by hand.
  async pressBoot() {
    await ask(this.control, this.ports.map((_, i) => `press ${i} boot`));
  }

  // One command to the fixture.
  async tell(command) {
    const [answer] = await ask(this.control, [command]);
    if (!answer.startsWith("ok")) throw new Error(`${command}: ${answer}`);
  }

  async state(board) {
    const [answer] = await ask(this.control, [`state ${board}`]);
    return JSON.parse(answer.replace(/^ok /, ""));
  }

  cpuSeconds() {
    return cpuSeconds(this.process.pid);
  }

  async states() {
    const answers = await ask(this.control, this.ports.map((_, i) => `state ${i}`));
    return answers.map((line) => JSON.parse(line.replace(/^ok /, "")));
  }

  async stop() {
    this.process.kill();
    await this.gone;
  }
}
