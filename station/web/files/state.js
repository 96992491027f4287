// What the station says, as it comes: one stream of events, kept as plain data.

export const state = {
    page: null,       // what /api/v1/page says
    tiles: new Map(), // by slot
    count: 0,
    summary: null,
    log: [],
    alive: false,     // something came within the last seconds
};

const STALE_MS = 3000, AGAIN_MS = 2000, LOG_MAX = 1000;
let source, lastMs = 0, build, listeners = [];

// Called with what has changed: { tiles: [slots], progress: [slots], summary, log, alive }.
export const onChange = (f) => listeners.push(f);
const tell = (change) => listeners.forEach((f) => f(change));

function alive(is) {
    if (is) lastMs = performance.now();
    if (state.alive === is) return;
    state.alive = is;
    tell({ alive: true });
}

function take({ count, tiles = [], progress = [], summary, log = [] }) {
    const first = state.tiles.size === 0;
    if (count !== undefined) {
        state.count = count;
        for (const slot of state.tiles.keys()) if (slot > count) state.tiles.delete(slot);
    }
    for (const t of tiles) state.tiles.set(t.slot, { ...t, was: state.tiles.get(t.slot)?.state });
    for (const [slot, permille, s] of progress) {
        const t = state.tiles.get(slot);
        if (t) Object.assign(t, { permille, seconds: s });
    }
    if (summary) state.summary = summary;
    if (log.length) state.log = [...state.log, ...log].slice(-LOG_MAX);
    tell({ first, count, tiles: tiles.map((t) => t.slot), progress: progress.map((p) => p[0]), summary, log });
}

function beat({ build: now }) {
    if (build !== undefined && build !== now) location.reload();
    build = now;
}

export function listen() {
    source?.close();
    source = new EventSource("/api/v1/events");
    source.addEventListener("change", (e) => { alive(true); take(JSON.parse(e.data)); });
    source.addEventListener("beat", (e) => { alive(true); beat(JSON.parse(e.data)); });
    // A browser tries again by itself, unless the station has answered that it will not.
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS); };
}

setInterval(() => { if (performance.now() - lastMs > STALE_MS) alive(false); }, 250);

export async function ask(path) {
    const answer = await fetch(`/api/v1/${path}`), said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(said.sentence ?? answer.statusText), { said, status: answer.status });
    return said;
}

export async function send(path, what) {
    const answer = await fetch(`/api/v1/${path}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(said.sentence ?? answer.statusText), { said, status: answer.status });
    return said;
}
