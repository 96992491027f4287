// The words of the page in its language; numbers and times as that language writes them.

let words = {}, code = "en";

export const language = () => code;
export const say = (key) => words[key] ?? key;
export const cause = (err) => (err ? words[`cause-${err}`] ?? err : "");

export async function speak(wanted) {
    const answer = await fetch(`/api/v1/words/${encodeURIComponent(wanted)}`);
    if (!answer.ok) return wanted === "en" ? undefined : speak("en");
    ({ code, words } = await answer.json());
    formats = {};
    document.documentElement.lang = code;
    for (const e of document.querySelectorAll("[data-word]")) e.textContent = say(e.dataset.word);
    for (const e of document.querySelectorAll("[data-label]")) e.setAttribute("aria-label", say(e.dataset.label));
}

// A formatter costs more to make than a thousand numbers to write.
let formats = {};
const write = (kind, options, n) => (formats[kind] ??= new Intl.NumberFormat(code, options)).format(n);

export const count = (n) => write("count", {}, n);
export const percent = (share) => write("percent", { style: "percent", maximumFractionDigits: 1 }, share);
export const seconds = (s) => `${s < 99.5 ? write("tenths", { minimumFractionDigits: 1, maximumFractionDigits: 1 }, s) : write("whole", { maximumFractionDigits: 0 }, s)}\u00a0s`;

// Of this place, with its distance to UTC: 2026-03-04 06:06:07 +01:00.
export function stamp(utc) {
    const t = new Date(utc), two = (n) => String(n).padStart(2, "0");
    if (Number.isNaN(t.getTime())) return "";
    const east = -t.getTimezoneOffset(), zone = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
    return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())} ${zone}`;
}
