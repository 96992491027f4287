// Looks at pages in a real browser, and says what is wrong with them:
//
//   node page.mjs BROWSER PAGE.html...
//
// Loads each file on a wide screen, on a phone, dark, and as for print, and puts a screenshot of
// each beside it. No request may leave, nothing may be complained about, nothing may run, each
// picture must hold a page of its own brightness, and each drawing must be told in words. Writes
// what a reader sees to PAGE.text. Prints the first thing that is wrong and then ends with 1.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";

const [browserPath, ...pages] = process.argv.slice(2);

// ---- The browser's own protocol, through a pipe: no port, no library ------------------------------

const profile = mkdtempSync(join(tmpdir(), "espstation-page-"));
const browser = spawn(
    browserPath,
    ["--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
     "--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`,
     ...(process.getuid() === 0 ? ["--no-sandbox"] : []), "about:blank"],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });

let lastId = 0, rest = "", events = [], onEvent = () => {};
const waiting = new Map();
browser.stdio[4].setEncoding("utf8");
browser.stdio[4].on("data", (text) => {
    const parts = (rest + text).split("\0");
    rest = parts.pop();
    for (const part of parts) {
        const message = JSON.parse(part);
        if (message.id === undefined) { events.push(message); onEvent(message); }
        else waiting.get(message.id)(message);
    }
});

function call(method, params = {}, sessionId = undefined) {
    const id = ++lastId;
    browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((done, failed) =>
        waiting.set(id, (m) => (m.error ? failed(new Error(`${method}: ${m.error.message}`)) : done(m.result))));
}

function end(status) {
    try { process.kill(-browser.pid, "SIGKILL"); } catch { /* it has ended */ }
    browser.once("close", () => { rmSync(profile, { recursive: true, force: true, maxRetries: 5 }); process.exit(status); });
}

const fail = (sentence) => { throw new Error(sentence); };

// ---- What a picture shows -------------------------------------------------------------------------

// PNG as a browser writes it: eight bits, no interlace.
function pixels(png) {
    let at = 8, width, height, channels;
    const parts = [];
    while (at < png.length) {
        const size = png.readUInt32BE(at), kind = png.toString("latin1", at + 4, at + 8), data = png.subarray(at + 8, at + 8 + size);
        if (kind === "IHDR") [width, height, channels] = [data.readUInt32BE(0), data.readUInt32BE(4), data[9] === 6 ? 4 : 3];
        if (kind === "IDAT") parts.push(data);
        at += size + 12;
    }
    const raw = inflateSync(Buffer.concat(parts)), stride = width * channels, out = Buffer.alloc(stride * height);
    for (let y = 0; y < height; y++) {
        const filter = raw[y * (stride + 1)];
        for (let x = 0; x < stride; x++) {
            const i = y * stride + x, left = x >= channels ? out[i - channels] : 0, up = y ? out[i - stride] : 0;
            const corner = x >= channels && y ? out[i - stride - channels] : 0, p = left + up - corner;
            const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
            const guess = [0, left, up, (left + up) >> 1, a <= b && a <= c ? left : b <= c ? up : corner][filter];
            out[i] = raw[y * (stride + 1) + 1 + x] + guess;
        }
    }
    return { out, channels };
}

// The mean brightness, and the share of pixels that differ from the paper, which the corner shows.
function look(png) {
    const { out, channels } = pixels(png);
    let sum = 0, ink = 0;
    const count = out.length / channels;
    for (let i = 0; i < out.length; i += channels) {
        sum += (out[i] + out[i + 1] + out[i + 2]) / 3;
        ink += Math.abs(out[i] - out[0]) + Math.abs(out[i + 1] - out[1]) + Math.abs(out[i + 2] - out[2]) > 60;
    }
    return { brightness: sum / count, ink: ink / count };
}

// ---- The page -------------------------------------------------------------------------------------

const variants = [
    { name: "wide", width: 1200, media: "screen", scheme: "light", dark: false },
    { name: "phone", width: 390, media: "screen", scheme: "light", dark: false },
    { name: "dark", width: 1200, media: "screen", scheme: "dark", dark: true },
    { name: "print", width: 720, media: "print", scheme: "dark", dark: false },
];

// Runs in the page: what must not be there, and what must.
const judge = `(() => {
    const wrong = [];
    const no = "script,iframe,object,embed,img,video,audio,base,form,input,a[href],link:not([rel=icon])";
    for (const e of document.querySelectorAll(no)) wrong.push("there is a <" + e.localName + ">");
    for (const e of document.querySelectorAll("*"))
        for (const a of e.attributes) if (/^on|^style$|^srcdoc$/i.test(a.name)) wrong.push("attribute " + a.name);
    for (const s of document.querySelectorAll("svg:not([aria-hidden])"))
        if (!s.querySelector("title")?.textContent || !s.querySelector("desc")?.textContent) wrong.push("a drawing without words");
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    if (new Set(ids).size !== ids.length) wrong.push("two elements have the same id");
    if (!document.documentElement.lang || !document.title) wrong.push("no language or title");
    for (const t of document.querySelectorAll("table")) if (!t.tHead) wrong.push("a table without a head");
    return wrong;
})()`;

async function lookAt(page) {
    const url = pathToFileURL(resolve(page)).href, beside = page.replace(/\.html$/, "");
    events = [];
    const { targetId } = await call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    const tab = (method, params) => call(method, params, sessionId);
    const evaluate = async (expression) => (await tab("Runtime.evaluate", { expression, returnByValue: true })).result.value;
    for (const domain of ["Page", "Network", "Log", "Runtime"]) await tab(`${domain}.enable`);
    const loaded = new Promise((done) => { onEvent = (e) => e.method === "Page.loadEventFired" && done(); });
    await tab("Page.navigate", { url });
    await loaded;

    for (const v of variants) {
        await tab("Emulation.setDeviceMetricsOverride", { width: v.width, height: 1600, deviceScaleFactor: 1, mobile: false });
        await tab("Emulation.setEmulatedMedia", { media: v.media, features: [{ name: "prefers-color-scheme", value: v.scheme }] });
        const png = Buffer.from((await tab("Page.captureScreenshot", { format: "png" })).data, "base64");
        writeFileSync(`${beside}-${v.name}.png`, png);
        const { brightness, ink } = look(png);
        if (ink < 0.01) fail(`${v.name}: the picture is blank (${ink})`);
        if (v.dark ? brightness > 90 : brightness < 200) fail(`${v.name}: the brightness is ${brightness}`);
        const over = await evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        if (over > 0) fail(`${v.name}: the page is ${over} pixels too wide`);
    }
    const wrong = await evaluate(judge);
    if (wrong.length) fail(wrong.join("; "));
    writeFileSync(`${beside}.text`, await evaluate("document.body.innerText"));

    const asked = events.filter((e) => e.method === "Network.requestWillBeSent").map((e) => e.params.request.url);
    const left = asked.filter((u) => u !== url && !u.startsWith("data:"));
    if (!asked.includes(url)) fail("the page itself was not asked for");
    if (left.length) fail(`requests left: ${left.join(" ")}`);
    const said = events.filter((e) => ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening"].includes(e.method));
    if (said.length) fail(`the browser complains: ${JSON.stringify(said[0].params)}`);
    await call("Target.closeTarget", { targetId });
}

async function main() {
    for (const page of pages)
        await lookAt(page).catch((e) => fail(`${page}: ${e.message}`));
}

browser.on("error", (e) => { console.log(`the browser did not start: ${e.message}`); process.exit(1); });
main().then(() => { console.log("nothing is wrong"); end(0); }, (e) => { console.log(e.message); end(1); });
