// The campaign of burns (fuses.mjs): its chips, what recipes wish, and what disturbs the burns, a row each.

// `keys`: where secrets are, as [block, words]. The ESP32 takes secure boot v2 from v3.0 on. `refused`: wishes that the
// station refuses for want of a source, and what it says; no board of that chip may be burnt then.
const laterKeys = [4, 5, 6, 7, 8, 9].map((b) => [b, 8]), rsa = { pem: "rsa3072-1", keys: laterKeys };
export const chips = {
    esp32: { ...rsa, images: [], board: "revision=300", keys: [[1, 8]], wishes: ["shared", "own", "gone"] },
    esp32c3: { ...rsa, images: ["esp32c3", "5", "0x0"], wishes: ["shared", "own", "closed", "gone", "keys"] },
    esp32s2: { ...rsa, images: ["esp32s2", "2", "0x1000"], wishes: ["shared", "own"] },
    esp32s3: { ...rsa, images: ["esp32s3", "9", "0x0"], wishes: ["shared", "own", "closed"] },
    esp32c6: { ...rsa, images: ["esp32c6", "13", "0x0"], wishes: ["shared", "closed"] },
    esp32h2: { ...rsa, images: ["esp32h2", "16", "0x0"], wishes: ["shared", "own"] },
    esp32c2: { images: ["esp32c2", "12", "0x0"], pem: "p256", keys: [[3, 4]], flashKey: 16, wishes: ["shared", "own"] },
    esp32c5: { ...rsa, images: ["esp32c5", "23", "0x2000"], wishes: ["shared", "closed"] },
    esp32p4: { ...rsa, images: ["esp32p4", "18", "0x2000"], wishes: ["shared", "own"] },
    esp32h21: { ...rsa, images: ["esp32h21", "25", "0x0"], wishes: ["shared", "own"] },
    esp32s31: { ...rsa, images: ["esp32s31", "32", "0x2000"], keys: laterKeys.slice(0, 5), wishes: ["shared", "own"] },
    esp32c61: { ...rsa, images: ["esp32c61", "20", "0x0"], wishes: ["encrypted"],
        refused: { shared: "it takes signatures of elliptic curves alone, which ESP-IDF holds for broken" } },
    esp32h4: { ...rsa, images: ["esp32h4", "28", "0x2000"], wishes: ["encrypted"], refused: { shared: "ESP-IDF has it switched off for this chip" } },
    esp32e22: { ...rsa, images: ["esp32e22", "31", "0x0"], wishes: [], refused: { encrypted: "no source says which bits lock its fuses" } },
    esp8266: { ...rsa, images: [], wishes: [], refused: { encrypted: "it has none with names here" } },
};

const signed = "  secure_boot: { version: v2, keys: [ { file: key.pub.pem } ] }\n";
const shared = "  flash_encryption: { mode: release, key: flash.key, shared: true }\n";
const own = "  flash_encryption: { mode: release, key: board }\n";
export const wishes = {
    shared: `${signed}${shared}  download: open\n`,
    own: `${signed}${own}  download: open\n`,
    closed: `${signed}${own}  download: secure\n`,
    gone: `${signed}  download: none\n`,
    encrypted: `${shared}  download: open\n`,
    keys: `  keys: [ { use: ds, key: flash.key, block: 1 }, { use: hmac-up, key: board } ]\n  fuses: [ { name: DIS_FORCE_DOWNLOAD } ]\n  lock: [ DIS_FORCE_DOWNLOAD ]\n`,
};

// Each at every step; `may`: what a run may end with. A later run, undisturbed, must end with PASS or be
// refused without a burn.
const slow = "fuse-slow=60";
export const acts = [
    { name: "lose command", specs: (k) => [`lose,at=burn,dir=in,after=${k},times=1`] },
    { name: "lose answer", specs: (k) => [`lose,at=burn,dir=out,after=${k},times=1`] },
    { name: "garble command", specs: (k) => [`garble,at=burn,dir=in,after=${k},times=1`] },
    { name: "garble answer", specs: (k) => [`garble,at=burn,dir=out,after=${k},times=1`] },
    { name: "garble a word", specs: (k, r) => [`garble,at=identify,after=${200 + k * 150 + Math.floor(r() * 300)},times=1`] },
    { name: "lose a word", specs: (k, r) => [`lose,at=identify,after=${200 + k * 150 + Math.floor(r() * 300)},times=1`] },
    { name: "refuse", specs: (k) => [`refuse,at=burn,after=${k},times=1`] },
    { name: "late", specs: (k) => [`late=3000,at=burn,after=${k},times=1`] },
    { name: "reset in front", specs: (k) => [`brownout,at=burn,after=${k},times=1`] },
    { name: "power cut in it", specs: (k) => [slow, `brownout,at=burning,after=${k},times=1`] },
    { name: "hang", specs: (k) => [`hang,at=burn,after=${k},times=1`] },
    { name: "cable", specs: (k) => [`pull,at=burn,after=${k},back-ms=300,times=1`] },
    { name: "cable in it", specs: (k) => [slow, `pull,at=burning,after=${k},back-ms=300,times=1`] },
    { name: "swapped", specs: (k) => [`swap,at=burn,after=${k},times=1`], pair: true },
    { name: "weak", specs: (k) => [`fuse-weak,after=${k}`] },
    { name: "part", specs: (k) => [`fuse-part,after=${k}`] },
    { name: "dead", specs: (k) => [`fuse-dead,after=${k}`] },
    { name: "killed", specs: () => [slow], kill: "SIGKILL" },
    { name: "crashed", specs: () => [slow], kill: "SIGSEGV" },
    { name: "wrong key", specs: (k) => [`hang,at=burn,after=${k}`], otherKey: true },
    { name: "two stations", specs: () => [slow], two: true },
];
