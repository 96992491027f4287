// Boards that are broken, each in a way of its own, as a rack of virtual boards is told.
export function makeFaults(random) {
    const bytes = () => 1 + random.below(64 << 10);
    const place = () => random.pick(["connect", "identify", "stub", "baud", "write", "first", "middle", "last", "verify"]);
    const times = () => 1 + random.below(4);
    const faults = [
        () => `deaf=${1 + random.below(12)}`, () => "log-noise", () => `drop=${random.next() / 3000}`, () => `flip=${random.next() / 3000}`,
        () => `extra=${random.next() / 3000}`, () => `hang=${bytes()},times=${times()}`, () => `hang,at=${place()},times=${times()}`,
        () => `brownout=${bytes()},times=${times()}`, () => `pull=${bytes()},back-ms=${random.below(600)},times=${times()}`,
        () => `pull,at=${place()},back-ms=${random.below(600)},times=${times()}`, () => `swap=${bytes()},times=1`,
        () => `half-open,at=${place()},times=1`, () => `lose,at=${place()},times=${times()}`, () => `garble,at=${place()},times=${times()}`,
        () => `late=${random.below(2000)},at=${place()}`, () => `refuse,at=${place()},times=${times()}`, () => `cut=2,at=${place()},times=${times()}`,
        () => `stuck-bit=${0x10000 + random.below(0x10000)}`, () => "restless=300", () => "slow-en", () => "no-reset", () => "write-protect",
        () => "chip=esp32s3", () => "chip=esp8266", () => "flash=8MB", () => "flash=512KB", () => "secure-boot", () => "flash-encryption",
    ];
    return () => random.pick(faults)();
}

// The n-th board's MAC.
export const macOf = (n) => `24:0a:c5:${n.toString(16).padStart(6, "0").replace(/(..)(?=.)/g, "$1:")}`;
