// What people do: keys at the bottom, and the window of a slot. Two hits within 300 ms are one.
import { $, make } from "./dom.js";
import { openLogin } from "./settings.js";
import { send, state } from "./state.js";
import { advice, cause, ended, gap, inWords, joined, say, seconds, titled } from "./words.js";

const BOUNCE_MS = 300;
let lastMs = -BOUNCE_MS;

export const myName = () => sessionStorage.getItem("name") ?? state.summary?.operator ?? "";

export function tellError(e, where = $("answer")) {
    const said = e.said ?? {};
    const sentence = inWords(e.message), hint = inWords(said.hint), told = ended(sentence ?? e.message);
    where.replaceChildren(make("strong", sentence ? {} : { lang: "en" }, told), said.hint ? make("span", hint ? {} : { lang: "en" }, `${gap(told)}${hint ?? said.hint}`) : "");
    where.hidden = false;
    if (where === $("answer")) setTimeout(() => { where.hidden = true; }, 8000);
}

// Whoever asked for the act hears how it went, as if he had been logged in before.
const afterLogin = (again) => new Promise((heard) => openLogin(() => { lastMs = -BOUNCE_MS; heard(again()); }));

export async function act(kind, slot = 0, more = {}, where = undefined) {
    const nowMs = performance.now();
    if (nowMs - lastMs < BOUNCE_MS) return false;
    lastMs = nowMs;
    if (where) where.hidden = true; // what was said of the act before
    try {
        await send("acts", { act: kind, slot, name: myName(), ...more });
        return true;
    } catch (e) {
        if (e.status === 401) return afterLogin(() => act(kind, slot, more, where));
        tellError(e, where);
        return false;
    }
}

for (const kind of ["start", "stop", "acknowledge"]) $(kind).onclick = () => act(kind);

// ---- Keys, and a scanner that types ---------------------------------------------------------------

const keys = { F2: "start", F8: "acknowledge", F9: "stop" };
const SCAN_MS = 100, SCAN_CHARACTERS = 3;
let scan = "", scanMs = 0;

// A scanner is a keyboard that is fast: what it types ends with Enter, and belongs to no field.
addEventListener("keydown", (e) => {
    if (keys[e.key] && !document.querySelector("dialog[open]")) {
        e.preventDefault();
        $(keys[e.key]).click();
    }
    if (e.target.closest("input, select, textarea") || e.ctrlKey || e.altKey || e.metaKey) return;
    const nowMs = performance.now();
    if (nowMs - scanMs > SCAN_MS) scan = "";
    scanMs = nowMs;
    if (e.key.length === 1) scan += e.key;
    if (e.key !== "Enter" || scan.length < SCAN_CHARACTERS) return;
    e.preventDefault();
    e.stopPropagation();
    const text = scan;
    scan = "";
    act("code", 0, { text });
}, true);

// ---- The window of a slot ---------------------------------------------------------------------

function fact(name, value) {
    return value === null || value === undefined || value === "" ? [] : [make("dt", {}, name), make("dd", {}, value)];
}

function field(id, name, value) {
    return make("label", { className: "field" }, name, make("input", { id, value, autocomplete: "off", maxLength: 64 }));
}

function possible(t) {
    if (t.disabled) return ["enable"];
    const by = { fail: ["retry", "acknowledge"], pass: ["rework", "acknowledge"], working: ["stop"], empty: ["start"], waiting: ["start", "acknowledge"], attention: ["acknowledge", "retry"] };
    const printed = state.summary?.printer && t.run && ["pass", "waiting"].includes(t.state); // a label is of a board that has passed
    return [...(t.state === "fail" && t.code === "not-burnt" ? ["burn"] : []), ...(by[t.state] ?? []), ...(printed ? ["print"] : []), "disable"];
}

const wordOf = (kind) => say(kind === "print" ? "print-again" : kind);

export function openSlot(slot) {
    const dialog = $("slot-dialog"), t = state.tiles.get(slot), wrong = make("p", { className: "wrong", hidden: true, role: "alert" });
    const people = state.page?.people, { said, helps, left } = advice(t);
    const doIt = async (kind) => {
        const name = $("act-name")?.value.trim() ?? "", reason = $("act-reason").value.trim();
        if (name) sessionStorage.setItem("name", name);
        if (await act(kind, slot, { name, ...(reason ? { reason } : {}) }, wrong)) dialog.close();
    };
    dialog.replaceChildren(
        make("h2", { id: "slot-title" }, titled(`${say("slot")} ${t.name}`, t.disabled ? say("out-of-work") : say(t.state))),
        ...(t.sentence ? [make("p", { className: "told" }, make("strong", {}, ended(cause(t.code))), `${gap(ended(cause(t.code)))}${joined(said, helps)}`), ...(left ? [make("p", { className: "told", lang: "en" }, left)] : [])] : []),
        make("dl", {}, fact("MAC", t.mac && make("a", { href: `#board/${t.mac}`, onclick: () => dialog.close() }, t.mac)), fact(say("serial"), t.serial), fact(say("chip"), t.chip), fact(say("run"), t.run),
            fact(say("attempt"), t.attempt || ""), fact(say("duration"), t.seconds > 0 ? seconds(t.seconds) : ""), fact(say("port"), t.port), fact(say("boards"), `${t.passes} / ${t.boards}`)),
        make("div", { className: "fields" }, people ? "" : field("act-name", say("your-name"), myName()), field("act-reason", say("reason"), "")),
        wrong,
        make("div", { className: "keys" }, possible(t).map((kind) => make("button", { type: "button", className: "key", onclick: () => doIt(kind) }, wordOf(kind))),
            make("button", { type: "button", className: "key plain", onclick: () => dialog.close() }, say("close"))));
    dialog.showModal();
}
