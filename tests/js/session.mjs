// What the programs here share: their options, and a session of the real esptool-js with one board.

import { parseArgs } from "node:util";
import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { ESPLoader, Transport } from "esptool-js";
import { Rfc2217Port } from "./rfc2217.mjs";

const NAMES = {
  esp8266: "ESP8266", esp32: "ESP32", esp32s2: "ESP32-S2", esp32s3: "ESP32-S3", esp32c2: "ESP32-C2",
  esp32c3: "ESP32-C3", esp32c5: "ESP32-C5", esp32c6: "ESP32-C6", esp32c61: "ESP32-C61",
  esp32h2: "ESP32-H2", esp32h4: "ESP32-H4", esp32h21: "ESP32-H21", esp32p4: "ESP32-P4",
  esp32s31: "ESP32-S31", esp32e22: "ESP32-E22",
};
const FOUR_WORDS_IN_BEGIN = ["ESP8266", "ESP32"]; // their ROMs
const USB = { none: {}, jtag: { usbVendorId: 0x303a, usbProductId: 0x1001 } };
const ROM_BAUD = 115200;
const ROM_BLOCK_BYTES = 0x400;
const C3_WATCHDOGS = {
  rtc: { protect: 0x600080a8, config: 0x60008090, key: 0x50d83aa1 },
  super: { protect: 0x600080b0, config: 0x600080ac, key: 0x8f1d312a, feedsItself: 0x80000000 },
};

export const md5Hex = (bytes) => createHash("md5").update(bytes).digest("hex");
export const hex = (n) => `0x${n.toString(16)}`;

// ---- Options ----

function usage(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}

// Reads `--port URL --chip NAME [...] offset file offset file...`; `more` are the program's own.
export async function readOptions(more) {
  const options = {
    port: { type: "string" },
    chip: { type: "string" },
    loader: { type: "string", default: "stub" },
    baud: { type: "string", default: "460800" },
    usb: { type: "string", default: "none" }, // what the browser would say the port is
    verbose: { type: "boolean", default: false },
    ...more,
  };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (!values.port || !NAMES[values.chip] || !["stub", "rom"].includes(values.loader) ||
      !USB[values.usb] ||
      positionals.length % 2 !== 0)
    usage(`usage: --port rfc2217://HOST:PORT --chip ${Object.keys(NAMES).join("|")} ` +
          `[--loader stub|rom] [--baud N] [--usb none|jtag] ${Object.keys(more).map((m) => `[--${m}] `).join("")}` +
          "[--verbose] [OFFSET FILE]...");
  values.baud = Number(values.baud);
  values.files = [];
  for (let i = 0; i < positionals.length; i += 2) {
    const address = Number(positionals[i]);
    if (!Number.isInteger(address)) usage(`not an offset: ${positionals[i]}`);
    values.files.push({ address, path: positionals[i + 1],
                        data: new Uint8Array(await readFile(positionals[i + 1])) });
  }
  return values;
}

// ---- The library, as it is ----

// The library's transport logs by itself even when nobody asked it to trace.
class QuietTransport extends Transport {
  trace() {}
}

// With the stub esptool-js 0.7.0 works as it is, but for one register: it takes the ESP8266 for a
// chip whose SPI data lengths have registers of their own, at offset 0, which is the command
// register. Without that offset it uses the right path, which it also has. And of the two chips here
// whose own USB lets the watchdogs run on over a reset it stops only those of the ESP32-P4: an ESP32-C3
// would reset itself as soon as a busy computer takes longer than they wait. And it never takes the
// digest that ends READ_FLASH: the next command goes out right behind the last acknowledgement, where
// the stub has no buffer for it unless a pause of the host happens to lie between.
class StubLoader extends ESPLoader {
  applyDetectedChip(chip) {
    super.applyDetectedChip(chip);
    if (chip.CHIP_NAME === "ESP8266") delete chip.SPI_MOSI_DLEN_OFFS;
    if (chip.CHIP_NAME === "ESP32-C3" && this.transport.getPid() === USB.jtag.usbProductId)
      chip.postConnect = stopWatchdogs;
  }

  async readFlash(...region) {
    const bytes = await super.readFlash(...region);
    const digest = Buffer.from(await this.transport.read(this.FLASH_READ_TIMEOUT)).toString("hex");
    if (digest !== md5Hex(bytes)) throw new Error("the digest behind what was read is another one");
    return bytes;
  }
}

async function stopWatchdogs(loader) {
  const { rtc, super: dog } = C3_WATCHDOGS;
  await loader.writeReg(rtc.protect, rtc.key);
  await loader.writeReg(rtc.config, 0);
  await loader.writeReg(rtc.protect, 0);
  await loader.writeReg(dog.protect, dog.key);
  await loader.writeReg(dog.config, (await loader.readReg(dog.config)) | dog.feedsItself);
  await loader.writeReg(dog.protect, 0);
}

// What esptool-js 0.7.0 lacks to work with a ROM loader; everything else is
// still its own: frames, checksums, compression, the order of a write, the comparison.
class RomLoader extends StubLoader {
  constructor(options) {
    super(options);
    // It would send 4000 (hex), which a ROM acknowledges and writes wrong.
    this.FLASH_WRITE_SIZE = ROM_BLOCK_BYTES;
  }

  // In place of the upload: it never attaches the flash, which a ROM needs. 8 bytes, where its own
  // flashSpiAttach sends the 4 of a stub; the ESP8266 attaches at FLASH_BEGIN.
  async runStub() {
    if (this.chip.CHIP_NAME === "ESP8266") await this.flashBegin(0, 0);
    else await this.checkCommand("attach the flash", this.ESP_SPI_ATTACH, new Uint8Array(8));
    return this.chip;
  }

  // It gives FLASH_BEGIN the fifth word that these two do not know, and keeps it from the ESP32-H21
  // and the ESP32-E22.
  checkCommand(what, op, data, ...rest) {
    if (op === this.ESP_FLASH_BEGIN || op === this.ESP_FLASH_DEFL_BEGIN) {
      const words = new Uint8Array(FOUR_WORDS_IN_BEGIN.includes(this.chip.CHIP_NAME) ? 16 : 20);
      words.set(data.slice(0, words.length));
      data = words;
    }
    return super.checkCommand(what, op, data, ...rest);
  }

  // A ROM answers with the digest in hexadecimal, and it turns these characters into hexadecimal
  // once more.
  async flashMd5sum(address, bytes) {
    const twice = await super.flashMd5sum(address, bytes);
    return Buffer.from(twice, "hex").toString("latin1").toLowerCase();
  }
}

// Resets the board into its loader and gets ready to work at the wanted rate.
export async function connect(options) {
  const log = (text) => options.verbose && process.stderr.write(`${text}\n`);
  const Loader = options.loader === "rom" ? RomLoader : StubLoader;
  // The ESP8266 ROM finds the rate at SYNC and cannot change it later.
  const fixedRate = options.loader === "rom" && options.chip === "esp8266";
  const transport = new QuietTransport(new Rfc2217Port(options.port, USB[options.usb]), false);
  const loader = new Loader({
    transport,
    baudrate: options.baud,
    romBaudrate: fixedRate ? options.baud : ROM_BAUD,
    terminal: { clean() {}, write: log, writeLine: log },
    debugLogging: options.verbose,
  });
  const description = await loader.main();
  if (loader.chip.CHIP_NAME !== NAMES[options.chip])
    throw new Error(`the board is an ${loader.chip.CHIP_NAME}, not an ${NAMES[options.chip]}`);
  if (loader.IS_STUB !== (options.loader === "stub"))
    throw new Error(`the ${options.loader} loader is not what runs`);
  // The library falls back to the first rate by itself when a change fails.
  if (transport.baudrate !== options.baud)
    throw new Error(`the board works at ${transport.baudrate} baud only, not at ${options.baud}`);
  return { loader, transport, description };
}

// What the library knows about the board, as the record of our own station names it.
export async function identity({ loader, transport, description }) {
  const id = (await loader.readFlashId()) & 0xffffff;
  return {
    chip: loader.chip.CHIP_NAME,
    description,
    mac: await loader.chip.readMac(loader),
    crystal_mhz: await loader.chip.getCrystalFreq(loader),
    flash_id: id.toString(16).padStart(6, "0"),
    flash_size: loader.DETECTED_FLASH_SIZES[id >> 16] ?? null,
    loader: loader.IS_STUB ? "stub" : "rom",
    baud: transport.baudrate,
  };
}

// Starts the application. Not by the library's hard_reset: that one only releases RTS, which is
// right after a reset strategy that left it asserted, and here does nothing.
export async function leave({ loader, transport }) {
  await loader.after("custom_reset", undefined, "D0|R1|W100|R0");
  await transport.disconnect();
}

// Runs a program: prints its result as one line of JSON, or its failure, and ends with 0 or 1.
export async function main(program) {
  try {
    const result = await program();
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exit(result.ok ? 0 : 1);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ ok: false, error: error.message })}\n`);
    process.exit(1);
  }
}
