// Signs an image as secure boot's second scheme wants it (RSA-3072), written from ESP-IDF's page of the
// layout and not with the code under test: node sign.mjs KEY.pem IMAGE SIGNED. Makes the key if there is
// none, and prints the digest of its public half as fuses hold it.
import { constants, createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import zlib from "node:zlib";

const [keyFile, imageFile, signedFile] = process.argv.slice(2);
const sector = 4096, blockBytes = 1216;

if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
    writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
}
const key = createPrivateKey(readFileSync(keyFile));
const number = (base64) => BigInt("0x" + Buffer.from(base64, "base64url").toString("hex"));
const littleEndian = (value, bytes) =>
    Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex").reverse();
// The inverse of an odd number modulo 2^32, by doubling the bits that are right.
function inverse(n) {
    let x = 1n;
    for (let bits = 1; bits < 32; bits *= 2) x = BigInt.asUintN(32, x * (2n - n * x));
    return x;
}
function crc(bytes) {
    if (zlib.crc32) return zlib.crc32(bytes) >>> 0; // Node 20.15 and later
    let c = 0xffffffff;
    for (const b of bytes) {
        c ^= b;
        for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    }
    return (c ^ 0xffffffff) >>> 0;
}

const jwk = key.export({ format: "jwk" });
const n = number(jwk.n), e = number(jwk.e);
const image = readFileSync(imageFile);
const padded = Buffer.alloc(Math.ceil(image.length / sector) * sector, 0xff);
image.copy(padded);
const block = Buffer.alloc(blockBytes);
block[0] = 0xe7;
block[1] = 2;
createHash("sha256").update(padded).digest().copy(block, 4);
littleEndian(n, 384).copy(block, 36);
littleEndian(e, 4).copy(block, 420);
littleEndian((1n << 6144n) % n, 384).copy(block, 424);
littleEndian(BigInt.asUintN(32, -inverse(BigInt.asUintN(32, n))), 4).copy(block, 808);
const made = sign("sha256", padded, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
Buffer.from(made).reverse().copy(block, 812);
block.writeUInt32LE(crc(block.subarray(0, 1196)), 1196);
writeFileSync(signedFile, Buffer.concat([padded, block, Buffer.alloc(sector - blockBytes, 0xff)]));
console.log(createHash("sha256").update(block.subarray(36, 812)).digest("hex"));
