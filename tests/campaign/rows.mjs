// What the campaign does to boards, and what must come of it. Data only; campaign.mjs runs it.
//
// The expectation follows from the fault: one that strikes once, or that the protocol bears, leaves a
// board that a retry can flash, so it must PASS. One that strikes at each attempt must FAIL, with a
// code of the phase it strikes in and the state that the flash is in then. Where chance decides,
// both verdicts may come, but never an untrue one: campaign.mjs compares each with the flash.

// The classes of boards. `stub`: the stub is uploaded before the write. `romCan`: where the stub does
// not start, the ROM loader can do the whole job. `baud`: there is a command for the rate.
// `lines`: DTR and RTS are wires; else the port is the chip's own. `tty`: it hangs here, and not behind
// a server. `real`: the vendor's stub itself runs, and before it our own with loader fast. `brief`: only what a board
// must get over. `patch`: bytes that the station must change in the first image.
export const classes = {
    "esp8266-stub": { chip: "esp8266", loader: "stub", lines: true, stub: true, baud: true },
    "esp8266-rom": { chip: "esp8266", loader: "rom", lines: true },
    "esp32-stub": { chip: "esp32", loader: "auto", lines: true, stub: true, romCan: true, baud: true },
    "esp32-rom": { chip: "esp32", loader: "rom", lines: true, baud: true },
    "c3-jtag-stub": { chip: "esp32c3", loader: "auto", board: "usb=jtag", tty: true, stub: true, romCan: true },
    "c3-jtag-rom": { chip: "esp32c3", loader: "rom", board: "usb=jtag", tty: true },
    ...Object.fromEntries(["c2", "c3", "c5", "c6", "c61", "h2", "p4", "s2", "s3"].map((name) => [`${name}-real`,
        { chip: `esp32${name}`, loader: "auto", lines: true, stub: true, romCan: true, baud: true, real: true,
            brief: name !== "c3" }])),
    "esp32-real": { chip: "esp32", loader: "auto", lines: true, stub: true, romCan: true, baud: true, real: true, brief: true },
    "esp8266-real": { chip: "esp8266", loader: "stub", lines: true, stub: true, baud: true, real: true, brief: true },
    ...Object.fromEntries(["esp32", "esp32c3", "esp8266", "esp32c6", "esp32s3"].map((chip) => [`${chip.replace("esp32c", "c")}-fast`,
        { chip, loader: "fast", lines: true, stub: true, romCan: chip !== "esp8266", baud: true, real: true,
            brief: /c6|s3/.test(chip) }])),
    "c3-remote": { chip: "esp32c3", loader: "auto", board: "usb=jtag", reset: "usb-jtag", stub: true, romCan: true },
};

export const chips = {
    esp8266: {
        files: [[0x0, "esp8266.bin"]], patch: { 2: 0x02, 3: 0x40 }, // dio, 4MB and 40 MHz
        recipe: "flash: { size: detect, mode: dio, freq: 40m }\n" +
            "port: { baud: 460800, fallback: [115200] }\n" +
            "boot: { expect: \"application at 0x0 is running\", within_ms: 2500 }\n",
    },
    esp32: {
        files: [[0x1000, "bootloader.bin"], [0x8000, "partitions.bin"], [0x10000, "app.bin"]],
        recipe: "flash: { size: detect, mode: dio, freq: 40m }\n" +
            "port: { baud: 921600, fallback: [460800, 115200] }\n" +
            "boot: { expect: \"Loaded app from partition\", reject: [\"invalid header\"], within_ms: 2500 }\n",
    },
    ...Object.fromEntries([
        ["esp32c3", 5, 0], ["esp32c2", 12, 0], ["esp32c5", 23, 0x2000], ["esp32c6", 13, 0], ["esp32c61", 20, 0],
        ["esp32h2", 16, 0], ["esp32p4", 18, 0x2000], ["esp32s2", 2, 0x1000], ["esp32s3", 9, 0],
    ].map(([name, id, boot]) => [name, {
        images: [name, String(id), `0x${boot.toString(16)}`],
        files: [[boot, "bootloader.bin"], [0x8000, "partitions.bin"], [0x10000, "app.bin"]],
        recipe: "flash: { size: detect, mode: dio, freq: keep }\n" +
            "port: { baud: 460800, fallback: [115200], reset: RESET }\n" +
            "boot: { expect: \"Loaded app from partition\", reject: [\"invalid header\"], within_ms: 2500 }\n",
    }])),
};

// A real stub answers by its own code, and what is on its way to it is not taken back: espfixture
// refuses these.
export const possible = (row, c) =>
    !(c.real && /^(refuse|lengths|cut|finish-0106|stub=|chip=|fifo|forget)|dir=in/.test(row.spec)) && (!row.only || row.only(c));

// The places, in the order of a board's flashing: which code says that it failed there, and how the
// flash is then.
export const places = {
    open: { codes: ["port-busy", "port-gone", "port-missing"], states: ["untouched"] },
    connect: { codes: ["no-sync", "wrong-boot-mode"], states: ["untouched"] },
    identify: { codes: ["identify"], states: ["untouched"] },
    stub: { codes: ["stub"], states: ["untouched"] },
    baud: { codes: ["baud"], states: ["untouched"] },
    erase: { codes: ["erase"], states: ["half-written"] },
    first: { codes: ["write"], states: ["half-written"] },
    middle: { codes: ["write"], states: ["half-written"] },
    last: { codes: ["write"], states: ["half-written"] },
    verify: { codes: ["verify"], states: ["written"] },
    leave: { codes: ["finish", "boot"], states: ["verified"] },
    boot: { codes: ["boot", "finish"], states: ["verified"] },
};

const commands = ["connect", "identify", "stub", "baud", "erase", "first", "middle", "last", "verify"];
const afterwards = ["leave", "boot"];
export const pass = { verdict: "PASS" };
export const fail = (codes, states) => ({ verdict: "FAIL", codes, states });
// A wire that lies may end in any phase, but never in a statement about the board that is not true.
export const wireCodes = ["no-sync", "wrong-boot-mode", "identify", "stub", "baud", "erase", "write", "verify",
    "finish", "boot"];
export const either = (c, ...codes) =>
    ({ verdict: "either", codes: [...wireCodes, ...goesAway(c), ...codes] });

// A chip that is its own USB device goes from the bus when it resets itself; and as long as the station
// has not stopped its watchdogs, silence makes it do so.
const goesAway = (c) => c.lines ? [] : ["port-gone"];

// Who told an ESP8266 to attach its flash, and lost an answer since, cannot say what it has erased.
const inDoubt = (place, c) =>
    c.chip === "esp8266" && ["identify", "stub", "baud"].includes(place) ? ["unknown"] : [];

// What must come of a fault that strikes at a place at each attempt.
function hopeless(place, c) {
    if (place === "baud") return pass; // the last rate is the one that needs no change
    if (place === "stub" && c.romCan) return pass;
    // The ROM of the ESP8266 cannot compute an MD5: its stub comes after the write.
    if (place === "stub" && !c.stub) return fail(["stub"], ["written"]);
    return fail([...places[place].codes, ...(place === "identify" ? goesAway(c) : [])],
        [...places[place].states, ...inDoubt(place, c)]);
}

const plus = (expectation, ...codes) =>
    expectation.codes ? { ...expectation, codes: [...expectation.codes, ...codes] } : expectation;

// What strikes at a place: a spec for espfixture, the places where it makes sense, what must come of
// it where it strikes once and at each attempt (null: not tried).
export const acts = [
    { name: "hang", spec: "hang", at: [...commands, "boot"], once: () => pass, always: hopeless },
    // A dip as the board leaves or boots is one more start.
    { name: "brownout", spec: "brownout", at: [...commands, ...afterwards], once: () => pass,
        // A chip that is its own USB device goes from the bus with it,
        // and with it goes what it said as it booted.
        always: (p, c) => afterwards.includes(p) && c.lines ? pass
            : c.lines ? plus(hopeless(p, c), "boot")
            : fail(["port-gone", ...(c.tty ? places[p].codes : [])], places[p].states) },
    { name: "pull", spec: "pull,back-ms=400", at: [...commands, ...afterwards], once: () => pass,
        // At its reset such a chip goes by itself, and is waited for: when it is back in time, it is heard.
        always: (p, c) => ({ ...fail(["port-gone", ...(c.tty ? places[p].codes : [])],
            p === "stub" && !c.stub ? ["written"] : places[p].states),
        ...(c.tty && afterwards.includes(p) ? { verdict: "either" } : {}) }) },
    { name: "half-open", spec: "half-open", at: ["open", ...commands, ...afterwards], only: (c) => !c.tty, tries: 2,
        // Whoever is not spoken to at all takes the port for busy, which is said at once.
        once: (p) => p === "open" ? fail(["port-busy"], ["untouched"]) : pass,
        // Each time costs two attempts: one until it shows, one that finds nobody.
        always: (p, c) => p === "open" ? fail(["port-busy"], ["untouched"])
            : plus(p === "stub" && c.stub ? fail(["stub"], ["untouched", ...inDoubt(p, c)]) : hopeless(p, c), "no-sync", "port-gone",
                // The first block goes out with BEGIN, and may cut off its answer.
                ...(p === "first" ? ["erase"] : [])) },
    { name: "lose-in", spec: "lose,dir=in", at: commands, once: () => pass, always: hopeless },
    { name: "lose-out", spec: "lose,dir=out", at: commands, once: () => pass, always: hopeless },
    { name: "garble-in", spec: "garble,dir=in", at: commands, once: () => pass, always: (p, c) => either(c) },
    { name: "garble-out", spec: "garble,dir=out", at: commands, once: () => pass, always: (p, c) => either(c) },
    { name: "late 0.15 s", spec: "late=150", at: commands, once: () => pass, always: () => pass },
    { name: "late 20 s", spec: "late=20000", at: commands, once: () => pass, always: hopeless },
    { name: "refuse", spec: "refuse", at: commands, once: () => pass,
        // A stub's refusal at the MD5 may be the block before.
        always: (p, c) => p === "verify" ? fail(["verify", "write"], ["written", "half-written"]) : hopeless(p, c) },
    { name: "long length", spec: "lengths=4", at: commands, once: () => pass, always: hopeless },
    { name: "short length", spec: "lengths=-1", at: commands, once: () => pass, always: hopeless },
    { name: "cut", spec: "cut=64", at: commands, once: () => pass, always: hopeless },
];

// Two boards change places: a verdict may only be about the board whose MAC it names.
export const swaps = [
    ...["identify", "erase", "first", "middle", "last", "verify", "leave", "boot"].flatMap((at) => [
        { name: `swap at ${at}`, spec: `swap,at=${at},times=1`, at },
        { name: `swap with cables at ${at}`, spec: `swap,at=${at},back-ms=300,times=1`, at },
    ]),
].map((row) => ({ ...row, pair: true,
    expect: (c) => either(c, "port-gone") }));

const uart = (c) => c.lines, esp32 = (c) => c.chip === "esp32", c3 = (c) => c.chip === "esp32c3";

// What is there all the time, or strikes by chance or by bytes.
export const whole = [
    { spec: "", expect: () => pass },
    { spec: "deaf=3", expect: () => pass },
    { spec: "deaf=100000", expect: () => fail(["no-sync"], ["untouched"]) },
    { spec: "log-noise=0.2", expect: () => pass },
    { spec: "drop=0.0005,times=2", expect: () => pass },
    { spec: "flip=0.0005,times=2", expect: () => pass },
    { spec: "extra=0.0005,times=2", expect: () => pass },
    { spec: "drop=0.00002", expect: either },
    { spec: "flip=0.00002", expect: either },
    { spec: "extra=0.00002", expect: either },
    { spec: "drop=0.01", expect: either },
    { spec: "flip=0.01", expect: either },
    { spec: "extra=0.01", expect: either },
    { spec: "flip=0.001", expect: either },
    // Of a board that answers what nobody asked nobody can say what it did.
    { spec: "flip=0.3", expect: () => fail(["no-sync", "wrong-boot-mode", "identify"], ["untouched", "unknown"]) },
    { spec: "hang=30000,times=1", expect: () => pass },
    { spec: "hang=30000", expect: () => fail(["write"], ["half-written"]) },
    { spec: "brownout=30000,times=2", expect: () => pass },
    { spec: "pull=30000", expect: () => fail(["port-gone"], ["half-written"]) },
    { spec: "pull=30000,back-ms=3000,times=1", expect: () => pass },
    { spec: "lengths=4", expect: () => fail(["no-sync"], ["untouched"]) },
    { spec: "lengths=-1", expect: () => fail(["no-sync"], ["untouched"]) },
    { spec: "cut=64", expect: () => fail(["no-sync"], ["untouched"]) },
    { spec: "late=60", expect: () => pass },
    { spec: "finish-0106", expect: () => pass },
    { spec: "stuck-bit=0x12345", expect: () => fail(["bad-flash"], ["written"]) },
    { spec: "stuck-bit=0x3f0000", expect: () => pass },
    { spec: "restless=1000", expect: either },
    { spec: "restless=250", expect: either },
    { spec: "clock-drift=2", expect: () => pass },
    { spec: "clock-drift=-15", expect: either },
    { spec: "sync-limit=115200", expect: () => pass },
    { spec: "gap=300", only: uart, expect: () => pass },
    { spec: "glue=5", only: uart, expect: () => pass },
    { spec: "cpu-mhz=20", only: uart, expect: () => pass },
    { spec: "fifo-batch=1", only: uart, expect: () => pass },
    { spec: "fifo-batch=60", only: uart, expect: () => pass },
    { spec: "forget-rate", only: uart, expect: () => pass },
    { spec: "rom-pace", only: uart, expect: () => pass },
    { spec: "slow-en=300", only: uart, expect: () => pass },
    { spec: "slow-en=3000", only: uart, expect: () => fail(["no-sync", "wrong-boot-mode"], ["untouched"]) },
    { spec: "no-reset", only: uart, expect: () => fail(["no-sync", "wrong-boot-mode"], ["untouched"]) },
    // A board that finds nothing to start resets itself, and meets DTR then: it can be flashed, not left.
    { spec: "no-rts", only: uart, expect: () => fail(["no-sync", "wrong-boot-mode", "boot", "finish"]) },
    { spec: "no-dtr", only: uart, expect: () => fail(["no-sync", "wrong-boot-mode"], ["untouched"]) },
    { spec: "write-protect", expect: () => fail(["protected"], ["untouched"]) },
    { spec: "write-protect=soft", expect: () => pass },
    { spec: "rdid=ffffff", expect: () => fail(["no-flash"], ["untouched"]) },
    { spec: "rdid=000000", expect: () => fail(["no-flash"], ["untouched"]) },
    { spec: "xmc", expect: () => pass },
    { spec: "flash=256KB", only: (c) => c.chip !== "esp8266", expect: () => fail(["flash-size"], ["untouched"]) },
    // Found when the first image is written at the latest; the ESP8266's ROM tells nothing until its stub comes.
    { spec: "array=1M", expect: () => fail(["flash-size-false"], ["half-written", "written"]) },
    // Whatever the chip itself says: with the magic of an ESP32-S2 it is none that could be told.
    { spec: "magic=7c6", expect: () => fail(["wrong-chip"], ["untouched"]) },
    { spec: "chip-id=9", only: c3, expect: () => fail(["wrong-chip"], ["untouched"]) },
    { spec: "mac=ff:ff:ff:ff:ff:ff", expect: () => fail(["bad-mac"], ["untouched"]) },
    { spec: "chip=esp32", only: (c) => c.chip === "esp8266", expect: () => fail(["wrong-chip"], ["untouched"]) },
    { spec: "chip=esp8266", only: esp32, expect: () => fail(["wrong-chip"], ["untouched"]) },
    { spec: "chip=esp32c6", only: c3, expect: () => fail(["wrong-chip"], ["untouched"]) },
    { spec: "mac=24:0a:c4:7f:ff:01", expect: () => pass, alone: true },
    { spec: "revision=301", only: esp32, expect: () => pass },
    { spec: "package=1", only: (c) => !uart(c), expect: () => pass },
    { spec: "crystal=26", only: (c) => esp32(c) || c.chip === "esp8266", expect: () => pass },
    { spec: "crystal=40", only: (c) => c.chip === "esp8266", expect: () => pass },
    { spec: "pico-d4", only: esp32, expect: () => pass },
    { spec: "stub=v1", expect: () => pass },
    { spec: "sdm", only: c3, expect: () => fail(["secured"], ["untouched"]) },
    { spec: "secure-boot", only: c3, expect: () => fail(["secured"], ["untouched"]) },
    { spec: "flash-encryption", only: c3, expect: () => fail(["secured"], ["untouched"]) },
    { spec: "rom-mute", only: c3, expect: () => pass },
    // These strike who burns a fuse, which no run of these recipes does.
    ...["fuse-weak", "fuse-dead", "fuse-part", "fuse-slow=100"].map((spec) => ({ spec, only: c3, expect: () => pass })),
];

// Random mixes: up to two faults that strike once, which the retries of a recipe must bear, or noise
// on the wire beside them, where chance decides.
export function mix(c, random) {
    const mine = acts.filter((act) => possible(act, c));
    const pick = (list) => list[Math.floor(random() * list.length)];
    const specs = [], count = 1 + Math.floor(random() * 2);
    let boots = 0, tries = 0; // a recipe allows one more start, and two more writes
    for (let i = 0; i < count; i++) {
        const act = pick(mine);
        const at = pick(act.at.filter((p) => p !== "open"));
        boots += at === "boot" || at === "leave";
        tries += act.tries ?? 1;
        if (boots < 2 && tries <= 2) specs.push(`${act.spec},at=${at},times=1`);
    }
    const noisy = random() < 0.4;
    if (noisy) specs.push(`${pick(["drop", "flip", "extra"])}=${(10 ** (-2 - 3 * random())).toExponential(2)}`);
    return { specs, expect: () => noisy ? either(c, "port-gone") : pass };
}
