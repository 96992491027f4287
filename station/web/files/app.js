// The operator's screen: what the station says goes to the parts that show it.
import { openSlot } from "./acts.js";
import { $, make } from "./dom.js";
import { measureNow, showNow } from "./now.js";
import { logHasGrown, pageNames, shownPage, showPage } from "./pages.js";
import { applyColours, applySound, openLogin, settingsKey, wantedLanguage } from "./settings.js";
import { play } from "./sound.js";
import { ask, listen, onChange, state } from "./state.js";
import { redrawTiles, showTiles } from "./tiles.js";
import { count, moment, percent, say, seconds, speak } from "./words.js";

// ---- Head and foot ----------------------------------------------------------------------------

function pair(name, value, extra = null) {
    return make("div", {}, make("dt", {}, name), make("dd", {}, value, extra));
}

function lotPair(s) {
    if (!s.lot) return pair(say("lot"), say("no-lot"));
    if (!s.quantity) return pair(say("lot"), count(s.lot_passed));
    const bar = make("span", { className: "quota" });
    bar.style.setProperty("--done", Math.min(1, s.lot_passed / s.quantity));
    return pair(say("lot"), `${count(s.lot_passed)} / ${count(s.quantity)}`, bar);
}

function showNumbers() {
    const s = state.summary;
    if (!s) return;
    const judged = s.passed + s.failed;
    $("numbers").replaceChildren(
        pair(say("passed"), count(s.passed)), pair(say("failed"), count(s.failed)),
        ...(s.refused + s.unidentified > 0 ? [pair(say("not-counted"), count(s.refused + s.unidentified))] : []),
        pair(say("yield"), judged ? percent(s.passed / judged) : "\u2013"), lotPair(s),
        pair(say("time-per-board"), s.board_seconds > 0 ? seconds(s.board_seconds) : "\u2013"));
    $("context").replaceChildren(...[s.station, [s.recipe, s.version].filter(Boolean).join(" "), s.lot && `${say("lot")} ${s.lot}`, s.operator && `${say("operator")} ${s.operator}`,
        s.since && say("counted-since").replace("%s", moment(s.since))]
        .filter(Boolean).map((t) => make("span", {}, t)), s.recorded ? "" : make("strong", {}, say("not-recorded")));
    $("start").classList.toggle("wanted", s.stopping && !s.ending);
    document.title = `${s.station} \u00b7 espstation`;
}

function showNav() {
    $("pages").replaceChildren(...pageNames.map((name) => {
        const link = make("a", { href: `#${name}` }, say(name));
        link.dataset.page = name;
        return link;
    }), settingsKey(redraw));
    $("pages").setAttribute("aria-label", say("line"));
}

function redraw() {
    showNav();
    showNumbers();
    redrawTiles();
    showNow();
    measureNow();
    showPage();
}

// ---- What is heard ----------------------------------------------------------------------------

// A FAIL that comes, and the end of a batch: none works any more, and some have a verdict.
let worked = false;

function hear(change) {
    const all = [...state.tiles.values()], works = all.some((t) => t.state === "working");
    const failed = !change.first && change.tiles.some((slot) => { const t = state.tiles.get(slot); return t.state === "fail" && t.was !== "fail"; });
    if (failed) play("fail");
    else if (worked && !works && all.some((t) => t.state === "pass")) play("end");
    worked = works;
}

// ---- Beginning --------------------------------------------------------------------------------

onChange((change) => {
    if (change.alive) document.body.classList.toggle("stale", !state.alive);
    if (change.tiles) {
        showTiles(change, openSlot);
        if (change.tiles.length) hear(change);
        if (change.summary) showNumbers();
        if (change.log.length) logHasGrown();
        if (change.first && shownPage() !== "line") showPage();
    }
    showNow();
});
new ResizeObserver(measureNow).observe($("live"));
addEventListener("hashchange", showPage);

async function begin() {
    state.page = await ask("page");
    applyColours();
    applySound();
    await speak(wantedLanguage());
    showNav();
    await showPage();
    showNow();
    measureNow();
    if (state.page.must_log_in) openLogin(() => location.reload(), true);
    else listen();
    if (shownPage() === "line") $("tiles").querySelector(".tile")?.focus();
}

document.body.classList.add("stale");
begin().catch(() => setTimeout(() => location.reload(), 3000));
