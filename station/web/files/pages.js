// The pages for those who look deeper: lot, board, log, doctor.
import { $, make, sign, table } from "./dom.js";
import { ask, state } from "./state.js";
import { cause, count, ended, gap, inWords, percent, say, seconds, stamp } from "./words.js";

const share = (x) => (x === null || x === undefined ? "" : percent(x));
const ms = (x) => (x > 0 ? seconds(x / 1000) : "");
const slotName = (slot) => state.tiles.get(Number(slot))?.name ?? slot ?? "";
const empty = () => make("p", { className: "quiet" }, say("nothing-yet"));
const boardLink = (mac) => (mac ? make("a", { href: `#board/${mac}` }, mac) : "");

function verdict(v) {
    const kind = { PASS: "pass", FAIL: "fail" }[v];
    if (!kind) return v === null ? "" : say({ STOPPED: "stopped", INTERRUPTED: "interrupted" }[v] ?? v);
    return make("span", { className: `mark ${kind}` }, sign(kind), say(kind));
}

function told(row) {
    return make("td", { className: "wide" }, row.code && row.code !== "ok" ? make("strong", {}, `${cause(row.code)} `) : "", make("span", { lang: "en" }, row.sentence ?? ""));
}

function numbers(pairs) {
    return make("dl", { className: "big" }, pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

// ---- Lot --------------------------------------------------------------------------------------

function bars(codes) {
    const most = Math.max(1, ...codes.map((c) => c.runs));
    return make("ol", { className: "bars" }, codes.map((c) => {
        const bar = make("span", { className: "length" });
        bar.style.setProperty("--share", c.runs / most);
        return make("li", {}, make("span", {}, cause(c.code)), bar, make("span", { className: "number" }, count(c.runs)));
    }));
}

async function lot(section) {
    const said = await ask("lot"), t = said.total;
    section.replaceChildren(
        make("h2", {}, said.lot ? `${say("lot")} ${said.lot}` : `${say("no-lot")} \u00b7 ${stamp(said.since)}`),
        numbers([[say("boards"), count(t.boards)], [say("first-pass-yield"), share(t.first_pass_yield)], [say("final-yield"), share(t.final_yield)], [say("time-per-board"), ms(t.median_ms)]]),
        make("h3", {}, say("causes")), t.codes.length ? bars(t.codes) : empty(),
        make("h3", {}, say("slots")),
        table([say("slot"), say("boards"), say("first-pass-yield"), say("final-yield"), say("passed"), say("failed"), say("duration"), say("cause")],
            said.slots.map((s) => [slotName(s.slot), count(s.boards), share(s.first_pass_yield), share(s.final_yield), count(s.passed), count(s.failed), ms(s.median_ms), s.codes[0] ? cause(s.codes[0].code) : ""])));
}

// ---- Board ------------------------------------------------------------------------------------

function search(mac) {
    const input = make("input", { id: "mac", value: mac, autocomplete: "off", maxLength: 40, spellcheck: false });
    const go = () => { location.hash = `#board/${input.value.trim()}`; };
    input.addEventListener("keydown", (e) => { if (e.key === "Enter") go(); });
    return make("div", { className: "fields" }, make("label", { className: "field" }, say("mac-of-board"), input), make("button", { type: "button", className: "key", onclick: go }, say("search")));
}

function life(b) {
    return [make("h2", {}, b.mac), make("p", { className: "quiet" }, `${b.chip ?? ""} \u00b7 ${say("first-seen")} ${stamp(b.first_seen)}`),
        table([say("time"), say("run"), say("verdict"), say("slot"), say("lot"), say("recipe"), say("operator"), say("duration"), say("sentence")],
            [...(b.runs ?? [])].reverse().flatMap((r) => [
                [stamp(r.started), String(r.run), verdict(r.verdict), slotName(r.slot), r.lot, `${r.recipe ?? ""} ${r.version ?? ""}`, r.operator, ms(r.duration_ms), told(r)],
                ...(r.attempts ?? []).length > 1 ? r.attempts.map((a) => ["", `${say("attempt")} ${a.number}`, "", "", "", a.phase, String(a.baud || ""), ms(a.duration_ms), told(a)]) : [],
                ...(r.corrections ?? []).map((c) => [stamp(c.time), say("correction"), verdict(c.verdict), "", "", "", c.operator, "", c.reason])]))];
}

async function board(section, mac) {
    section.replaceChildren(search(mac));
    if (mac) section.append(...life(await ask(`boards/${encodeURIComponent(mac)}`)));
}

// ---- Log --------------------------------------------------------------------------------------

function happened(e) {
    if (e.event === "verdict") return verdict(e.verdict);
    return { retry: `${say("attempt")} ${e.attempt}`, order: say("new-order") }[e.event] ?? "";
}

function logRow(e) {
    return [stamp(e.time), slotName(e.slot || ""), happened(e), boardLink(e.mac), e.seconds > 0 ? seconds(e.seconds) : "", told(e)];
}

function drawLog(section) {
    section.replaceChildren(make("h2", {}, say("log")), state.log.length
        ? table([say("time"), say("slot"), say("verdict"), "MAC", say("duration"), say("sentence")], [...state.log].reverse().slice(0, 300).map(logRow)) : empty());
}

async function log(section) {
    state.log = (await ask("log")).log;
    drawLog(section);
}

// ---- Doctor -----------------------------------------------------------------------------------

async function doctor(section) {
    const said = await ask("doctor"), kinds = { ok: "pass", warning: "waiting", wrong: "fail" };
    section.replaceChildren(make("h2", {}, say("doctor")), make("ul", { className: "lines" }, said.lines.map((l) =>
        make("li", {}, make("span", { className: `mark ${kinds[l.grade]}` }, sign(kinds[l.grade]), say(l.grade)),
            make("span", { className: "wide", lang: "en" }, make("strong", {}, `${l.check} `), `${l.sentence}.`, l.cure ? make("code", {}, l.cure) : "")))));
}

// ---- From outside -----------------------------------------------------------------------------

const pages = { line: null, lot, board, log, doctor };
const AGAIN_MS = 5000;
let shown = "line";

export const pageNames = Object.keys(pages);
export const shownPage = () => shown;

export async function showPage() {
    const [name, rest = ""] = location.hash.slice(1).split("/");
    shown = name in pages ? name : "line";
    for (const n of pageNames) $(n).hidden = n !== shown;
    document.body.dataset.page = shown;
    for (const link of document.querySelectorAll("#pages a")) {
        if (link.dataset.page === shown) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    try {
        await pages[shown]?.($(shown), decodeURIComponent(rest));
    } catch (e) {
        const told = ended(inWords(e.message) ?? e.message);
        const said = make("p", { className: "wrong" }, make("strong", {}, told), gap(told), make("span", {}, inWords(e.said?.hint) ?? e.said?.hint ?? ""));
        if (shown === "board") $(shown).append(said);
        else $(shown).replaceChildren(said);
    }
}

export function logHasGrown() {
    if (shown === "log") drawLog($("log"));
}

setInterval(() => { if (shown === "lot" && state.alive) showPage(); }, AGAIN_MS);
