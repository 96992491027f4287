// The tiles, in the fixture's order.
import { $, emWidth, make, sign } from "./dom.js";
import { state } from "./state.js";
import { advice, cause, percent, say, seconds } from "./words.js";

const SMALLEST_PX = 10, LARGEST_PX = 26, WRAP_COLUMNS = 4, ROOMY_ROWS = 4, SCREEN_ROWS = 9, CALM_TILES = 16;
let family = "sans-serif"; // of tiles, in the present language
const tiles = new Map(); // slot -> { item, button, face, ... }
const speaks = (t) => t.sentence && ["no-adapter", "empty", "pass", "fail", "waiting", "attention"].includes(t.state);

// ---- Places -----------------------------------------------------------------------------------

// A single long row, as a station without a grid has it, is broken: its tiles would be slivers.
function places() {
    const all = [...state.tiles.values()];
    const columns = Math.max(1, ...all.map((t) => t.column + 1)), rows = Math.max(1, ...all.map((t) => t.row + 1));
    if (rows > 1 || columns <= WRAP_COLUMNS) return { columns, rows, at: (t) => [t.row, t.column] };
    const wide = Math.ceil(columns / Math.ceil(columns / Math.max(WRAP_COLUMNS, Math.ceil(columns / 4))));
    return { columns: wide, rows: Math.ceil(columns / wide), at: (t) => [Math.floor(t.column / wide), t.column % wide] };
}

function arrange() {
    const list = $("tiles"), { columns, rows, at } = places();
    list.classList.toggle("calm", tiles.size <= CALM_TILES);
    list.style.setProperty("--columns", columns);
    list.style.setProperty("--rows", rows);
    list.style.setProperty("--row-min", rows > SCREEN_ROWS ? "144px" : "84px");
    for (const t of state.tiles.values()) {
        const item = tiles.get(t.slot).item, [row, column] = at(t);
        item.style.setProperty("--row", row + 1);
        item.style.setProperty("--column", column + 1);
    }
    list.append(...[...state.tiles.values()].sort((a, b) => a.row - b.row || a.column - b.column || a.slot - b.slot).map((t) => tiles.get(t.slot).item));
    measureNames();
}

// Where tiles are small, the rows in which something is said get more of the height, as long as they
// are few: the others still stand where they stood, a little closer.
let room = "";
function giveRoom() {
    const { rows, at } = places(), speaking = new Set([...state.tiles.values()].filter(speaks).map((t) => at(t)[0]));
    const few = rows > ROOMY_ROWS && rows <= SCREEN_ROWS && speaking.size > 0 && speaking.size <= rows / 3;
    const now = few ? Array.from({ length: rows }, (_, row) => speaking.has(row) ? "minmax(84px, 2.6fr)" : "minmax(72px, 1fr)").join(" ") : "";
    if (now === room) return;
    room = now;
    $("tiles").style.gridTemplateRows = now;
    fit([...tiles.values()]);
}

// One size for all names: the longest one decides.
function measureNames() {
    const list = $("tiles");
    family = getComputedStyle(list).fontFamily;
    list.style.setProperty("--name-em", Math.max(1, ...[...state.tiles.values()].map((t) => emWidth(t.name, family))));
}

// The same of a text on two lines, broken where they are shortest.
function halfWidth(text) {
    const words = text.split(" ");
    return Math.min(emWidth(text, family), ...words.slice(1).map((_, i) => Math.max(emWidth(words.slice(0, i + 1).join(" "), family), emWidth(words.slice(i + 1).join(" "), family))));
}

// ---- One tile ---------------------------------------------------------------------------------

function add(slot, open) {
    const button = make("button", { className: "tile", type: "button", onclick: () => open(slot) }), item = make("li", {}, button);
    button.dataset.slot = slot;
    button.tabIndex = -1;
    tiles.set(slot, { item, button });
}

const action = (t) => (t.state === "empty" ? say("put-in") : t.state === "pass" || t.state === "fail" ? say("take-out") : t.state === "attention" ? say("call-engineer") : "");

const word = (t) => (t.disabled ? say("out-of-work") : t.state === "pass" && t.passed_before ? say("already-passed") : say(t.state));

function facts(t) {
    if (t.state === "working") return `${percent(Math.floor(t.permille / 10) / 100)}  ${seconds(t.seconds)}`;
    return [t.golden ? say("golden") : "", action(t), t.state === "pass" && t.seconds > 0 ? seconds(t.seconds) : ""].filter(Boolean).join("  ");
}

function draw(slot) {
    const t = state.tiles.get(slot), tile = tiles.get(slot), { button } = tile;
    const text = word(t);
    button.className = `tile ${t.state}${speaks(t) ? " speaks" : ""}`;
    button.dataset.state = t.state;
    button.dataset.serial = t.serial ?? "";
    const one = emWidth(text, family), two = halfWidth(text);
    button.style.setProperty("--word-em", one);
    button.style.setProperty("--half-em", two);
    tile.facts = make("span", { className: "facts" }, facts(t));
    tile.bar = t.state === "working" ? make("span", { className: "bar" }) : null;
    tile.saying = speaks(t) ? saying(t) : null;
    button.replaceChildren(make("span", { className: "face" },
        make("span", { className: "name" }, t.name), " ", sign(t.state), make("span", { className: two < one ? "word broken" : "word" }, text), " ",
        tile.saying ?? tile.facts, tile.bar));
    progress(slot);
}

// What happened and what helps, in the tile where it happened; what only English has comes last.
function saying(t) {
    const { said, helps, left } = advice(t);
    const what = [t.golden ? say("golden") : "", t.state === "empty" ? "" : cause(t.code)].filter(Boolean).join(" \u00b7 ");
    return make("span", { className: "saying" },
        make("strong", {}, action(t) ? make("span", { className: "action" }, what ? `${action(t)} \u00b7 ` : action(t)) : null, what), " ",
        said ? make("span", { className: "sentence" }, said) : null, " ",
        helps ? make("span", { className: "hint" }, helps) : null, " ",
        left ? make("span", { className: "hint engineers", lang: "en" }, left) : null);
}

function progress(slot) {
    const t = state.tiles.get(slot), tile = tiles.get(slot);
    if (!tile || t.state !== "working") return;
    tile.facts.textContent = facts(t);
    tile.bar?.style.setProperty("--done", t.permille / 1000);
}

// Nothing is cut: a text gets smaller until it fits, and where even that does not do, the cause
// alone stays; the slot's own window has the rest. All tiles together, and from a size that is
// reckoned beforehand: the browser lays the page out a few times, not once for each tile and size.
const LINE = 1.22, GAP = 0.3, RAGGED = 1, STRONG = 1.15; // of the font size; bold is as much wider as lines are not full
const fits = ({ saying: box }) => box.scrollHeight <= box.clientHeight + 1 && box.scrollWidth <= box.clientWidth + 1;

function reckon({ parts, width, height }, largest) {
    for (let px = largest; px > SMALLEST_PX; px--) {
        const lines = parts.reduce((sum, part) => sum + Math.ceil((part * px * RAGGED) / width), 0);
        if ((lines * LINE + GAP) * px <= height) return px;
    }
    return SMALLEST_PX;
}

// Gives back those that do not fit even at the smallest size.
function shrink(list) {
    for (const tile of list) tile.saying.style.fontSize = `${tile.px}px`;
    const left = list.filter((tile) => !fits(tile)), smaller = left.filter((tile) => tile.px > SMALLEST_PX);
    for (const tile of smaller) tile.px--;
    return left.length ? [...left.filter((tile) => !smaller.includes(tile)), ...(smaller.length ? shrink(smaller) : [])] : [];
}

// Of the cause, which stands in larger letters: no word of it is broken for want of room.
const widestWord = (box) => Math.max(...box.querySelector("strong").textContent.split(/\s+/).map((text) => emWidth(text, family)), 0.1);

function measure(tile, brief) {
    const box = tile.saying, texts = brief ? [box.querySelector("strong").lastChild.textContent] : [...box.children].map((e) => e.textContent);
    tile.parts = texts.map((text) => emWidth(text, family));
    tile.width = box.clientWidth;
    tile.height = box.clientHeight;
    const largest = brief ? 22 : Math.max(12, Math.min(LARGEST_PX, Math.round(tile.button.clientHeight / 15)));
    tile.px = reckon(tile, Math.max(SMALLEST_PX, Math.min(largest, Math.floor(tile.width / (STRONG * widestWord(box))))));
}

function fit(list) {
    const speaking = list.filter((tile) => tile?.saying);
    for (const { button } of speaking) button.classList.remove("brief", "mute");
    for (const tile of speaking) measure(tile, false);
    const left = shrink(speaking);
    for (const { button } of left) button.classList.add("brief");
    for (const tile of left) measure(tile, true);
    for (const { button } of left.length ? shrink(left) : []) button.classList.add("mute");
}

// ---- From outside -----------------------------------------------------------------------------

export function showTiles(change, open) {
    for (const slot of state.tiles.keys()) if (!tiles.has(slot)) add(slot, open);
    for (const [slot, { item }] of tiles) if (!state.tiles.has(slot)) { item.remove(); tiles.delete(slot); }
    if (change.tiles.some((slot) => !tiles.get(slot).item.isConnected) || change.count !== undefined) arrange();
    change.tiles.forEach(draw);
    giveRoom();
    fit(change.tiles.map((slot) => tiles.get(slot)));
    change.progress.forEach((slot) => tiles.has(slot) && progress(slot));
    if (tiles.size && !document.querySelector(".tile[tabindex='0']")) $("tiles").querySelector(".tile").tabIndex = 0;
}

// After another language, another size.
export function redrawTiles() {
    if (state.tiles.size) measureNames();
    for (const slot of state.tiles.keys()) draw(slot);
    giveRoom();
    fit([...tiles.values()]);
}

let size = "";
new ResizeObserver(([{ contentRect: r }]) => {
    const now = `${Math.round(r.width)} ${Math.round(r.height)}`;
    if (now !== size && size) fit([...tiles.values()]);
    size = now;
}).observe($("tiles"));

// Arrow keys go from tile to tile, as they stand.
$("tiles").addEventListener("keydown", (e) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    const from = e.target.closest(".tile");
    if (!step || !from) return;
    e.preventDefault();
    const a = from.getBoundingClientRect(), middle = (r) => [r.left + r.width / 2, r.top + r.height / 2], [ax, ay] = middle(a);
    let best = null, bestDistance = Infinity;
    for (const { button } of tiles.values()) {
        const [x, y] = middle(button.getBoundingClientRect()), along = (x - ax) * step[0] + (y - ay) * step[1];
        const aside = Math.abs((x - ax) * step[1]) + Math.abs((y - ay) * step[0]);
        if (along > 1 && along + 3 * aside < bestDistance) [best, bestDistance] = [button, along + 3 * aside];
    }
    if (!best) return;
    from.tabIndex = -1;
    best.tabIndex = 0;
    best.focus();
});

