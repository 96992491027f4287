// Writes images into a folder that boot on the real parts' rules: headers, checksums, digests, the
// partition table and the application descriptor are all right. The contents are noise and
// repetition, with every byte that needs an escape on the way.
//
//   node images.mjs FOLDER

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const DIO = 2, ESP32_4MB_40MHZ = 0x20, ESP8266_4MB_40MHZ = 0x40;
const ESP32_CHIP_ID = 0;

const u16 = (n) => [n & 255, (n >> 8) & 255];
const u32 = (n) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];
const text = (s, bytes) => Buffer.concat([Buffer.from(s), Buffer.alloc(bytes)]).subarray(0, bytes);
const digest = (name, bytes) => createHash(name).update(bytes).digest();
const padded = (bytes, length) =>
  Buffer.concat([bytes, Buffer.alloc(length - bytes.length, 0xff)]);

// The same bytes for the same seed: half noise (xorshift), half what compresses and what SLIP and
// telnet escape.
function filling(bytes, seed) {
  const out = Buffer.alloc(bytes);
  let x = seed;
  for (let i = 0; i < bytes; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = (i >> 9) % 2 ? x & 255 : [0xc0, 0xdb, 0xff, 0x00, 0xdc, 0xdd][(i >> 2) % 6];
  }
  return out;
}

// A header of 8 bytes and `extended`, the segments, and the checksum as the last byte of a row.
function image(header, extended, segments) {
  const parts = [Buffer.from([0xe9, segments.length, ...header]), Buffer.from(extended)];
  let sum = 0xef;
  for (const s of segments) {
    parts.push(Buffer.from([...u32(s.address), ...u32(s.data.length)]), s.data);
    for (const b of s.data) sum ^= b;
  }
  const body = Buffer.concat(parts);
  const out = Buffer.concat([body, Buffer.alloc(16 - (body.length % 16))]);
  out[out.length - 1] = sum;
  return out;
}

// ---- ESP32 ----

function esp32Image(entry, segments) {
  const extended = [
    0xee, 0, 0, 0, ...u16(ESP32_CHIP_ID), 0, // pins, chip, old least revision
    ...u16(0), ...u16(0xffff), 0, 0, 0, 0, 1, // least and greatest revision, digest appended
  ];
  const body = image([DIO, ESP32_4MB_40MHZ, ...u32(entry)], extended, segments);
  return Buffer.concat([body, digest("sha256", body)]);
}

function esp32Loader() {
  return esp32Image(0x40080400, [
    { address: 0x3fff0030, data: filling(4, 11) },
    { address: 0x40078000, data: filling(15000, 12) },
    { address: 0x40080400, data: filling(6000, 13) },
  ]);
}

function partitionTable(rows) {
  const body = Buffer.concat(rows.map((r) => Buffer.concat([
    Buffer.from([0xaa, 0x50, r.type, r.subtype, ...u32(r.offset), ...u32(r.bytes)]),
    text(r.name, 16),
    Buffer.from(u32(0)),
  ])));
  const md5 = Buffer.concat([Buffer.from([0xeb, 0xeb]), Buffer.alloc(14, 0xff), digest("md5", body)]);
  return padded(Buffer.concat([body, md5]), 0xc00);
}

function descriptor() {
  return Buffer.concat([
    Buffer.from([...u32(0xabcd5432), ...u32(0), ...u32(0), ...u32(0)]),
    text("1.0.0", 32), text("independence", 32), text("12:00:00", 16), text("Jan  1 2024", 16),
    text("v5.1", 32), Buffer.alloc(32, 0x5a), Buffer.alloc(80),
  ]);
}

// Mapped segments keep their place within a page of 64 KiB: 24 + 8 bytes in front of the first.
function esp32App() {
  const constants = Buffer.concat([descriptor(), filling(70000, 21)]);
  const codeOffset = 32 + constants.length + 8;
  return esp32Image(0x40081000, [
    { address: 0x3f400020, data: constants },
    { address: 0x400d0000 + (codeOffset & 0xffff), data: filling(150000, 22) },
    { address: 0x40080000, data: filling(20000, 23) },
  ]);
}

// ---- ESP8266 ----

// As MicroPython lays its image out: what the ROM loads into RAM, at 9000 (hex) what is mapped, in
// front of that the length, and behind everything the MD5 of all but the first word.
function esp8266Merged() {
  const ram = image([DIO, ESP8266_4MB_40MHZ, ...u32(0x4010f29c)], [], [
    { address: 0x40100000, data: filling(28000, 31) },
    { address: 0x3ffe8000, data: filling(3000, 32) },
  ]);
  const mapped = filling(180000, 33);
  const length = Buffer.from(u32(0x9000 + mapped.length));
  const body = Buffer.concat([padded(ram, 0x8ffc), length, mapped]);
  return Buffer.concat([body, digest("md5", body.subarray(4))]);
}

// ---- All of them ----

const folder = process.argv[2];
if (!folder) {
  process.stderr.write("usage: node images.mjs FOLDER\n");
  process.exit(2);
}
const put = (name, bytes) => writeFileSync(join(folder, name), bytes);
put("esp32-loader.bin", esp32Loader());
put("esp32-partitions.bin", partitionTable([
  { type: 1, subtype: 2, offset: 0x9000, bytes: 0x6000, name: "nvs" },
  { type: 1, subtype: 1, offset: 0xf000, bytes: 0x1000, name: "phy_init" },
  { type: 0, subtype: 0, offset: 0x10000, bytes: 0x100000, name: "factory" },
]));
put("esp32-app.bin", esp32App());
put("esp8266-merged.bin", esp8266Merged());
put("odd.bin", filling(5001, 41)); // no multiple of anything
