// Elements from data: no text ever becomes markup.

export const $ = (id) => document.getElementById(id);

// make("p", { className: "x", onclick }, "text", child, ...); what is null is left out.
export function make(tag, properties = {}, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === null || value === undefined) continue;
        if (name.includes("-") || name === "role" || name === "for") e.setAttribute(name, value);
        else e[name] = value;
    }
    e.append(...children.flat().filter((c) => c !== null && c !== undefined));
    return e;
}

// The signs of states: told apart by shape alone.
const shapes = {
    "no-adapter": "M5 12h14",
    empty: "M12 3v11M7 9.5l5 5 5-5M4 20.5h16",
    working: "M8 4.5l11 7.5-11 7.5z",
    pass: "M4 12.5l5.5 5.5L20 6.5",
    fail: "M5.5 5.5l13 13M18.5 5.5l-13 13",
    waiting: "M8.5 5v14M15.5 5v14",
    attention: "M12 3.5v10.5M12 19.700v.1",
    settings: "M4 7h9M19 7h1M4 17h3M13 17h7M16 4.5v5M10 14.5v5",
};
const svg = "http://www.w3.org/2000/svg";

export function sign(name) {
    const s = document.createElementNS(svg, "svg"), path = document.createElementNS(svg, "path");
    s.setAttribute("viewBox", "0 0 24 24");
    s.setAttribute("class", "sign");
    s.setAttribute("aria-hidden", "true");
    path.setAttribute("d", shapes[name] ?? shapes.attention);
    s.append(path);
    return s;
}

export function table(heads, rows) {
    return make("table", {},
        make("thead", {}, make("tr", {}, heads.map((h) => make("th", { scope: "col" }, h)))),
        make("tbody", {}, rows.map((cells) => make("tr", {}, cells.map((c) => (c instanceof Node && c.localName === "td" ? c : make("td", {}, c ?? "")))))));
}

// How wide a text is at a font size of one pixel, in the font of tiles.
const canvas = document.createElement("canvas").getContext("2d");
const widths = new Map();
export function emWidth(text, family) {
    const key = `${family} ${text}`;
    if (!widths.has(key)) {
        canvas.font = `700 100px ${family}`;
        widths.set(key, canvas.measureText(text).width / 100);
    }
    return widths.get(key);
}
