// What this browser is set to; the station file says how it begins. Kept in this browser, or said in
// the address: ?lang=de&theme=dark&palette=blue.
import { $, make, sign } from "./dom.js";
import { allowSound, setSound, soundIsOn } from "./sound.js";
import { ask, send, state } from "./state.js";
import { ended, inWords, joined, language, say, speak } from "./words.js";

const address = new URLSearchParams(location.search);
const wish = (name) => address.get(name) ?? localStorage.getItem(name);

function keep(name, value) {
    localStorage.setItem(name, value);
    address.delete(name);
}

export function applyColours() {
    const dark = (wish("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    document.documentElement.dataset.palette = wish("palette") ?? state.page.palette;
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => state.page && applyColours());

export const wantedLanguage = () => wish("lang") ?? state.page.language ?? navigator.languages.find((l) => state.page.languages.some((k) => k.code.slice(0, 2) === l.slice(0, 2))) ?? "en";

function toggle(word, on, change) {
    return make("label", { className: "toggle" }, make("input", { type: "checkbox", checked: on, onchange: (e) => change(e.target.checked) }), say(word));
}

function person(again) {
    if (!state.page.people) return [];
    if (state.page.name) return [make("p", {}, `${state.page.name} (${state.page.role})`), make("button", { type: "button", className: "key plain", onclick: async () => { await send("logout", {}); location.reload(); } }, say("log-out"))];
    return [make("button", { type: "button", className: "key plain", onclick: () => { $("settings-dialog").close(); openLogin(again); } }, say("log-in"))];
}

export function openSettings(redraw) {
    const dialog = $("settings-dialog"), data = document.documentElement.dataset;
    dialog.replaceChildren(
        make("h2", { id: "settings-title" }, say("settings")),
        make("label", { className: "field" }, say("language"), make("select", { onchange: async (e) => { keep("lang", e.target.value); await speak(e.target.value); redraw(); dialog.close(); openSettings(redraw); } },
            state.page.languages.map((l) => make("option", { value: l.code, selected: l.code === language(), lang: l.code }, l.name)))),
        toggle("sound", soundIsOn(), setSound),
        toggle("dark", data.theme === "dark", (on) => { keep("theme", on ? "dark" : "light"); applyColours(); }),
        toggle("blue-for-green", data.palette === "blue", (on) => { keep("palette", on ? "blue" : "green"); applyColours(); }),
        ...person(() => location.reload()),
        make("div", { className: "keys" }, make("button", { type: "button", className: "key", onclick: () => dialog.close() }, say("close"))));
    dialog.showModal();
}

// A badge is a name and a PIN in one: its text is typed by a scanner, into the second field.
export function openLogin(done, must = false) {
    const dialog = $("login-dialog"), wrong = make("p", { className: "wrong", hidden: true, role: "alert", lang: "en" });
    const name = make("input", { autocomplete: "username", maxLength: 64 }), secret = make("input", { type: "password", autocomplete: "current-password", maxLength: 128 });
    const go = async () => {
        try {
            await send("login", { name: name.value.trim(), secret: secret.value });
        } catch (e) {
            wrong.textContent = joined(ended(inWords(e.message) ?? e.message), inWords(e.said?.hint) ?? e.said?.hint);
            wrong.hidden = false;
            secret.value = "";
            return;
        }
        state.page = await ask("page");
        dialog.close();
        dialog.replaceChildren(); // nothing of a try that failed is left
        done();
    };
    secret.addEventListener("keydown", (e) => { if (e.key === "Enter") go(); });
    if (must) dialog.oncancel = (e) => e.preventDefault();
    dialog.replaceChildren(
        make("h2", { id: "login-title" }, say("log-in")),
        make("label", { className: "field" }, say("your-name"), name), make("label", { className: "field" }, say("pin-or-badge"), secret), wrong,
        make("div", { className: "keys" }, make("button", { type: "button", className: "key", onclick: go }, say("log-in")),
            must ? "" : make("button", { type: "button", className: "key plain", onclick: () => dialog.close() }, say("close"))));
    dialog.showModal();
}

export function settingsKey(redraw) {
    const key = make("button", { type: "button", className: "gear", onclick: () => openSettings(redraw) }, sign("settings"));
    key.setAttribute("aria-label", say("settings"));
    return key;
}

export function applySound() {
    allowSound(state.page.sound);
}
