// Two sounds, told apart by rhythm: hearing protection takes the heights. FAIL: three short ones;
// the end of a batch: two long ones. Whoever switches them off has ten minutes.

const BACK_MS = 10 * 60 * 1000;
const patterns = { fail: [[0, 0.12], [0.2, 0.12], [0.4, 0.12]], end: [[0, 0.45], [0.6, 0.45]] };

let context, offUntil = 0, allowed = true;

export const soundIsOn = () => allowed && Date.now() >= offUntil;

export function setSound(on) {
    offUntil = on ? 0 : Date.now() + BACK_MS;
}

export function allowSound(may) {
    allowed = may;
}

// Browsers play nothing before somebody has touched the page, unless they are told to.
addEventListener("pointerdown", () => context?.resume(), { passive: true });

export function play(name) {
    document.body.dataset.sound = name;
    if (!soundIsOn()) return;
    try {
        context ??= new AudioContext();
        if (context.state !== "running") return;
        for (const [at, length] of patterns[name]) {
            const tone = context.createOscillator(), volume = context.createGain();
            tone.type = "square";
            tone.frequency.value = 880;
            volume.gain.value = 0.2;
            tone.connect(volume).connect(context.destination);
            tone.start(context.currentTime + at);
            tone.stop(context.currentTime + at + length);
        }
    } catch { /* a computer without sound */ }
}
