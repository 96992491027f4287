// The floor: what a region takes at least, whoever writes it.
//
//   wire    every byte of the compressed region, its SLIP escapes and 26 bytes of frame per block
//           of 16 KiB, ten bit times each
//   flash   erasing (dirty flash only) by blocks of 64 KiB where they fit, else by sectors of 4 KiB,
//           and programming
//   floor   the slower of the two, plus the chip's MD5 over the region; summed over the regions
//
// The figures of the flash are those of the virtual boards, see tests/fixture/sim_nor.c. What comes
// on top is the client's and the stub's: reset, stub, commands, and the time in which the wire waits
// for the flash or the flash for the wire although neither is the slower one over all.
import { deflateSync } from "node:zlib";

const eraseBlock = 0.150, eraseSector = 0.045, programPage = 0.00086, md5Rate = 1.5e6;
const sector = 4096, block = 65536, page = 256, stubBlock = 16384, frameBytes = 26;

function slipBytes(bytes) {
  let n = bytes.length;
  for (const b of bytes) n += b === 0xc0 || b === 0xdb;
  return n;
}

export function wireBytes(file) {
  const packed = deflateSync(file, { level: 9 });
  const sent = packed.length < file.length ? packed : file;
  return slipBytes(sent) + Math.ceil(sent.length / stubBlock) * frameBytes;
}

function eraseSeconds(offset, length) {
  let seconds = 0;
  const end = offset + length;
  for (let at = offset - (offset % sector); at < end;) {
    const whole = at % block === 0 && end - at > block - sector;
    seconds += whole ? eraseBlock : eraseSector;
    at += whole ? block : sector;
  }
  return seconds;
}

// Seconds for one board; regions: [{ offset, length, wire }], wire as wireBytes() gives it.
export function floorSeconds(regions, baud, flash) {
  return regions.reduce((sum, { offset, length, wire }) => {
    const erase = flash === "dirty" ? eraseSeconds(offset, length) : 0;
    const write = erase + (length / page) * programPage;
    return sum + Math.max((wire * 10) / baud, write) + length / md5Rate;
  }, 0);
}
