// The words of the page in its language; numbers and times as that language writes them.

let words = {}, code = "en", sentences = [];

export const language = () => code;
export const say = (key) => words[key] ?? key;
export const cause = (err) => (err ? words[`cause-${err}`] ?? err : "");

// Sentences come in English, as they are recorded. Those for operators stand in the table, with %s for
// what differs: [what the English looks like, the sentence in the language].
const plain = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
function learn(english) {
    sentences = Object.entries(english).filter(([key]) => /^(say|hint)-/.test(key))
        .map(([key, text]) => [new RegExp(`^${text.split("%s").map(plain).join("(.+?)")}$`), words[key]]);
}

// null: a sentence for engineers, which stays in English.
export function inWords(english) {
    if (!english || code === "en") return english ?? null;
    const found = sentences.find(([pattern]) => pattern.test(english));
    if (!found) return null;
    const parts = found[0].exec(english).slice(1);
    return found[1].replace(/%s/g, () => parts.shift() ?? "");
}

// A sentence with its full stop, and the blank behind it that Chinese does without.
export const ended = (text) => (!text || /[.\u3002]$/.test(text) ? text : `${text}${/[\u4e00-\u9fff]/.test(text) ? "\u3002" : "."}`);
export const gap = (text) => (text.endsWith("\u3002") ? "" : " ");
export const titled = (title, text) => `${title}${code.startsWith("zh") ? "\uff1a" : ": "}${text}`;
export const joined = (...texts) => texts.filter(Boolean).reduce((all, text) => `${all}${all && gap(all)}${text}`, "");

// What is to be said of a cause: what happened, what helps, and what is left for the engineer.
export function advice({ code: err, sentence, hint }) {
    const said = inWords(sentence), better = inWords(hint), helps = better ?? words[`hint-${err}`] ?? null;
    const left = [said === null ? ended(sentence) : null, hint && better === null ? hint : null].filter(Boolean);
    return { said: ended(said), helps, left: left.length ? titled(say("engineers"), left.join(" ")) : null };
}

export async function speak(wanted) {
    const answer = await fetch(`/api/v1/words/${encodeURIComponent(wanted)}`);
    if (!answer.ok) return wanted === "en" ? undefined : speak("en");
    ({ code, words } = await answer.json());
    if (code !== "en") learn((await (await fetch("/api/v1/words/en")).json()).words);
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

// The time of today, else with the day in front, as this place writes them.
export function moment(utc) {
    const t = new Date(utc), time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (Number.isNaN(t.getTime())) return "";
    return t.toDateString() === new Date().toDateString() ? t.toLocaleTimeString(code, time) : t.toLocaleString(code, { day: "numeric", month: "numeric", ...time });
}

// Of this place, with its distance to UTC: 2026-03-04 06:06:07 +01:00.
export function stamp(utc) {
    const t = new Date(utc), two = (n) => String(n).padStart(2, "0");
    if (Number.isNaN(t.getTime())) return "";
    const east = -t.getTimezoneOffset(), zone = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
    return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())} ${zone}`;
}
