// One line that says what to do now: the most urgent thing, and where.
import { $, emWidth, make, sign } from "./dom.js";
import { state } from "./state.js";
import { say } from "./words.js";

const NAMES_MAX = 6;

const inState = (...states) => [...state.tiles.values()].filter((t) => states.includes(t.state));

function names(tiles) {
    const shown = tiles.slice(0, NAMES_MAX).map((t) => t.name).join(", ");
    return tiles.length > NAMES_MAX ? `${shown} +${tiles.length - NAMES_MAX}` : shown;
}

// [sign and colour, word, where]
export function whatNow() {
    if (!state.alive) return ["no-adapter", say("no-connection"), ""];
    if (state.tiles.size === 0) return ["no-adapter", say("no-slots"), ""];
    if (state.summary?.stopping) return ["waiting", say("stopping"), ""]; // whatever tiles show: nothing goes on by itself
    const attention = inState("attention"), fail = inState("fail"), pass = inState("pass");
    const waiting = inState("waiting"), empty = inState("empty"), working = inState("working");
    if (attention.length) return ["attention", say("call-engineer"), names(attention)];
    if (fail.length) return ["fail", say("take-out"), names(fail)];
    if (pass.length) return ["pass", say("take-out"), names(pass)];
    if (state.summary?.lot_full) return ["waiting", say("lot-full"), state.summary.lot ?? ""];
    if (waiting.length) return ["waiting", say("waiting"), names(waiting)];
    if (empty.length) return ["empty", say("put-in"), names(empty)];
    if (working.length) return ["working", say("working"), names(working)];
    return ["no-adapter", say("no-adapter"), ""];
}

let shown = "";

export function showNow() {
    const [kind, word, where] = whatNow(), text = `${kind} ${word} ${where}`;
    if (text === shown) return;
    shown = text;
    const now = $("now");
    now.className = `now ${kind}`;
    now.replaceChildren(sign(kind), make("span", { className: "what" }, word), ...(where ? [make("span", { className: "where" }, where)] : []));
    fitNow();
}

// As large as the line allows, on two lines at most. Reckoned from widths, for to ask the browser would
// have it lay out every tile each time.
const SIGN = 1.35, GAPS = 0.7; // of the font size
let room = 0, largest = 70, family = "sans-serif";

export function measureNow() {
    const now = $("now");
    now.style.setProperty("--fit", 1);
    const style = getComputedStyle(now);
    [room, largest, family] = [now.clientWidth, parseFloat(style.fontSize), style.fontFamily];
    fitNow();
}

function fitNow() {
    const now = $("now"), parts = [...now.querySelectorAll("span")].map((e) => emWidth(e.textContent, family));
    const ems = SIGN + GAPS + parts.reduce((a, b) => a + b, 0), one = room / (ems * largest);
    const two = Math.min(0.56, (room * 1.6) / (ems * largest));
    now.style.setProperty("--fit", Math.max(0.3, Math.min(1, Math.max(one, two))).toFixed(2));
}
