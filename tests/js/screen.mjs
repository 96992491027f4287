// Looks at the operator's screen in a real browser, over a floor that is made up, and measures what
// a person at the line needs:
//
//   node screen.mjs BROWSER SHOW_FLOOR FOLDER [PART...]
//
// Speaks TAP. Puts a screenshot of each view into FOLDER. What is judged are rules measured in the
// page (heights of letters, what overflows, what overlaps, contrast), not pixels, which differ from
// machine to machine.
import axe from "axe-core";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [browserPath, showFloor, folder, ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

// ---- TAP --------------------------------------------------------------------------------------

let number = 0;
function check(title, holds, more = "") {
    console.log(`${holds ? "ok" : "not ok"} ${++number} - ${title}`);
    if (!holds && more) console.log(`# ${String(more).slice(0, 1500).replaceAll("\n", "\n# ")}`);
}

// ---- A station and a page ---------------------------------------------------------------------

async function floor(...options) {
    const child = spawn(showFloor, ["--listen", "127.0.0.1:0", ...options], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    const url = await next();
    const send = (line) => child.stdin.write(`${line}\n`);
    const acts = async () => { send("acts"); return /^acts (\d+) (.*)$/.exec(await next()).slice(1); };
    const end = () => new Promise((done) => { child.once("exit", done); child.stdin.end(); });
    const kill = () => new Promise((done) => { child.once("exit", done); child.kill("SIGKILL"); });
    return { url, send, acts, end, kill };
}

const browser = await chromium.launch({
    executablePath: browserPath,
    args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--autoplay-policy=no-user-gesture-required", ...(process.getuid() === 0 ? ["--no-sandbox"] : [])] });

const sizes = { wall: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 }, laptop: { width: 1366, height: 768 } };

async function open(f, { query = "", size = "wall", count, ...options } = {}) {
    const context = await browser.newContext({ viewport: sizes[size], timezoneId: "Asia/Ho_Chi_Minh", bypassCSP: false, ...options });
    const page = await context.newPage(), said = [];
    page.on("console", (m) => said.push(m.text()));
    page.on("pageerror", (e) => said.push(e.message));
    page.on("request", (r) => { if (!r.url().startsWith(f.url)) said.push(`a request left: ${r.url()}`); });
    await page.goto(f.url + query);
    await page.waitForFunction((n) => document.querySelectorAll(".tile[data-state]").length === n && !document.body.classList.contains("stale"), count, { timeout: 60000 });
    await page.evaluate(() => document.fonts.ready);
    return { page, said, close: () => context.close() };
}

const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });

// ---- Rules, measured in the page --------------------------------------------------------------

// What is cut, what lies on something else, what sticks out: as sentences.
const layout = () => {
    const wrong = [], text = (e) => `${e.className || e.id || e.localName} "${e.textContent.trim().slice(0, 40)}"`;
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) wrong.push(`the page is ${root.scrollWidth - root.clientWidth} pixels too wide`);
    for (const tile of document.querySelectorAll(".tile")) {
        const box = tile.getBoundingClientRect(), parts = [...tile.querySelectorAll(".name, .word, .face > .sign, .facts, .saying > *")].filter((e) => e.getClientRects().length);
        const rects = [];
        for (const e of parts) {
            // The ink, not the line: what stands in a text node, without its leading.
            const range = document.createRange();
            range.selectNodeContents(e);
            const r = e.localName === "svg" ? e.getBoundingClientRect() : range.getBoundingClientRect();
            if (!r.width) continue;
            const lead = e.localName === "svg" ? 1 : parseFloat(getComputedStyle(e).fontSize) * (document.documentElement.lang.startsWith("zh") ? 0.3 : 0.2);
            if (r.left < box.left - 1 || r.right > box.right + 1 || r.top + lead < box.top - 1 || r.bottom - lead > box.bottom + 1)
                wrong.push(`${text(e)} sticks out of ${tile.dataset.slot} ${JSON.stringify([r.left - box.left, r.right - box.right, r.top - box.top, r.bottom - box.bottom].map(Math.round))}`);
            for (const [other, o, otherLead] of rects)
                if (r.left < o.right - 1 && o.left < r.right - 1 && r.top + lead < o.bottom - otherLead && o.top + otherLead < r.bottom - lead)
                    wrong.push(`${text(e)} lies on ${text(other)} in ${tile.dataset.slot}`);
            rects.push([e, r, lead]);
        }
        const saying = tile.querySelector(".saying");
        if (saying && (saying.scrollHeight > saying.clientHeight + 1 || saying.scrollWidth > saying.clientWidth + 1)) wrong.push(`the text of ${tile.dataset.slot} is cut`);
    }
    for (const e of document.querySelectorAll("#now, #numbers dd, #numbers dt, .key, #pages a"))
        if (e.getClientRects().length && e.scrollWidth > e.clientWidth + 2) wrong.push(`${text(e)} is cut`);
    const boxes = [...document.querySelectorAll("#foot > .key, #pages a, .gear")].filter((e) => e.getClientRects().length).map((e) => [e, e.getBoundingClientRect()]);
    for (const [a, ra] of boxes) for (const [b, rb] of boxes)
        if (a !== b && ra.left < rb.right - 1 && rb.left < ra.right - 1 && ra.top < rb.bottom - 1 && rb.top < ra.bottom - 1) wrong.push(`${text(a)} lies on ${text(b)}`);
    return wrong;
};

// How many pixels of each row of tiles, but the last, are empty beside them, where any are.
const holes = () => {
    const grid = document.getElementById("tiles"), gap = parseFloat(getComputedStyle(grid).columnGap), rows = new Map();
    for (const li of grid.children) {
        const box = li.getBoundingClientRect(), top = Math.round(box.top);
        rows.set(top, (rows.get(top) ?? -gap) + box.width + gap);
    }
    const last = Math.max(...rows.keys());
    return [...rows].filter(([top, width]) => top !== last && width < grid.clientWidth - 2).map(([top, width]) => [top, Math.round(grid.clientWidth - width)]);
};

// The height of the capitals of names and words, in pixels and as a share of the tile.
const letters = () => [...document.querySelectorAll(".tile")].map((tile) => {
    const capital = (e) => {
        const c = document.createElement("canvas").getContext("2d"), style = getComputedStyle(e);
        c.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
        return c.measureText(/[\u4e00-\u9fff]/.test(e.textContent) ? "\u5408" : "H").actualBoundingBoxAscent;
    };
    const name = capital(tile.querySelector(".name")), word = capital(tile.querySelector(".word"));
    return { state: tile.dataset.state, text: tile.querySelector(".word").textContent, name, word, height: tile.clientHeight, share: name / tile.clientHeight };
});

// What is read on what, by the formula of WCAG; signs too.
const contrasts = () => {
    const light = (c) => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    const luminance = (css) => { const [r, g, b] = css.match(/[\d.]+/g).map(Number); return 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b); };
    return [...document.querySelectorAll(".tile, .now .sign, .mark, .key")].filter((e) => e.getClientRects().length).map((e) => {
        const style = getComputedStyle(e), [a, b] = [luminance(style.color), luminance(style.backgroundColor)].sort((x, y) => y - x);
        return { what: e.className.baseVal ?? e.className, ratio: (a + 0.05) / (b + 0.05) };
    });
};

const small = (least) => [...document.querySelectorAll("button, #pages a")].filter((e) => e.getClientRects().length && !e.matches(".tile"))
    .map((e) => ({ what: e.textContent.trim(), ...(({ width, height }) => ({ width, height }))(e.getBoundingClientRect()) })).filter((e) => e.width < least || e.height < least);

// The page lets no script in but its own: the judge comes through the debugger, past the policy.
async function judge(page, context = "document") {
    await page.evaluate(`${axe.source}; window.axe = axe`);
    const result = await page.evaluate(`axe.run(${context}, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
    return result.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
}

async function judgeAll(title, view, name) {
    const { page, said } = view, wrong = await page.evaluate(layout);
    check(`${title}: nothing is cut, nothing lies on something else`, wrong.length === 0, wrong.join("\n"));
    const pale = (await page.evaluate(contrasts)).filter((c) => c.ratio < 4.5);
    check(`${title}: all can be read on its colour`, pale.length === 0, JSON.stringify(pale));
    const axes = await judge(page);
    check(`${title}: axe finds nothing`, axes.length === 0, axes.join("\n"));
    await shot(page, name);
    check(`${title}: the browser complains about nothing`, said.length === 0, said.join("\n"));
}

// ---- Parts ------------------------------------------------------------------------------------

const languages = ["en", "zh-Hans", "es", "vi", "de"];
const PIXELS_22 = 69, PIXELS_15 = 46; // of capitals at 3 m on 24 inches, in minutes of arc; RECHAZADA is the longest

const parts = {
    async languages() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all");
        for (const language of languages) {
            const view = await open(f, { query: `?lang=${language}`, count: 8 }), { page } = view;
            await judgeAll(`${language}, 8 slots`, view, `eight-${language}`);
            const seen = await page.evaluate(letters);
            check(`${language}: names of slots have a quarter of the tile`, seen.every((l) => l.share >= 0.25), JSON.stringify(seen));
            const verdicts = seen.slice(0, 2); // PASS and FAIL
            check(`${language}: PASS and FAIL are read from three metres`, verdicts.every((l) => l.word >= PIXELS_15), JSON.stringify(verdicts));
            check(`${language}: the page says its language`, await page.evaluate(() => document.documentElement.lang) === language);
            await view.close();
        }
        const view = await open(f, { query: "?lang=en", count: 8 });
        const words = (await view.page.evaluate(letters)).slice(0, 2);
        check("PASS and FAIL have a quarter of the tile", words.every((l) => l.word >= l.height / 4 && l.word >= PIXELS_22), JSON.stringify(words));
        await view.close();
        await f.end();
    },

    async sizes() {
        for (const [tiles, columns, scene] of [[8, 8, "fail"], [64, 8, "all"], [64, 8, "fail"], [256, 16, "all"], [256, 8, "fail"], [1, 1, "fail"], [6, 3, "all"]]) {
            const f = await floor("--tiles", String(tiles), "--columns", String(columns), "--scene", scene);
            const view = await open(f, { query: "?lang=en", count: tiles });
            await judgeAll(`${tiles} slots, ${scene}`, view, `${tiles}-${columns}-${scene}`);
            const box = await view.page.evaluate(() => { const l = document.getElementById("line"); return { over: l.scrollHeight - l.clientHeight, body: document.body.scrollHeight - innerHeight }; });
            check(`${tiles} slots, ${scene}: ${tiles <= 64 ? "all on one screen" : "the line scrolls, the rest stands"}`, (tiles <= 64 ? box.over <= 1 : box.over > 0) && box.body <= 0, JSON.stringify(box));
            const order = await view.page.evaluate(() => [...document.querySelectorAll(".tile")].map((t) => { const r = t.getBoundingClientRect(); return [Number(t.dataset.slot), Math.round(r.top), r.left]; }));
            check(`${tiles} slots: in the fixture's order`, order.every(([, top, left], i) => i === 0 || top > order[i - 1][1] || (top === order[i - 1][1] && left > order[i - 1][2])) && order.every(([slot], i) => slot === i + 1));
            await view.close();
            await f.end();
        }
    },

    async failures() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "fail");
        const view = await open(f, { query: "?lang=de", count: 8 }), tile = view.page.locator(".tile[data-slot='2']");
        check("a failure speaks in its tile: cause, sentence and what helps", /antwortet nicht.*Versorgung und Kabel pr\u00fcfen.*F\u00fcr den Techniker: Nothing answered on \/dev\/ttyUSB3/s.test(await tile.innerText()), await tile.innerText());
        check("so do the longest texts there are", await view.page.locator(".tile.brief").count() === 0);
        await view.close();
        await f.end();
        const many = await floor("--tiles", "64", "--columns", "8", "--scene", "batch");
        const wide = await open(many, { query: "?lang=en", count: 64 });
        await wide.page.waitForSelector(".tile.fail", { timeout: 60000 });
        check("among 64, too", /Block 17 of 43.*Check cable/s.test(await wide.page.locator(".tile.fail").innerText()), await wide.page.locator(".tile.fail").innerText());
        const wrong = await wide.page.evaluate(layout);
        check("and nothing is cut there", wrong.length === 0, wrong.join("\n"));
        await shot(wide.page, "64-batch");
        await wide.close();
        await many.end();
    },

    async colours() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all");
        for (const [theme, palette] of [["dark", "green"], ["light", "blue"], ["dark", "blue"]]) {
            const view = await open(f, { query: `?lang=en&theme=${theme}&palette=${palette}`, count: 8 });
            await judgeAll(`${theme}, ${palette}`, view, `${theme}-${palette}`);
            await view.close();
        }
        const view = await open(f, { query: "?lang=en", count: 8, colorScheme: "dark" });
        check("dark where the system is", await view.page.evaluate(() => document.documentElement.dataset.theme) === "dark");
        const shapes = await view.page.evaluate(() => Object.entries(Object.groupBy?.([...document.querySelectorAll(".tile")], (t) => t.dataset.state) ?? {}).map(([state, [tile]]) => [state, tile.querySelector("path").getAttribute("d"), tile.querySelector(".word").textContent]));
        check("each state has a sign and a word of its own, beside its colour", shapes.length === 7 && new Set(shapes.map((s) => s[1])).size === 7 && new Set(shapes.map((s) => s[2])).size === 7, JSON.stringify(shapes));
        await view.close();
        await f.end();
    },

    async phone() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all");
        for (const language of languages) {
            const view = await open(f, { query: `?lang=${language}`, count: 8, size: "phone", hasTouch: true, isMobile: true });
            await judgeAll(`phone, ${language}`, view, `phone-${language}`);
            const rows = await view.page.evaluate(holes);
            check(`phone, ${language}: no row of tiles but the last has a hole`, rows.length === 0, JSON.stringify(rows));
            await view.close();
        }
        const view = await open(f, { query: "?lang=en", count: 8, size: "phone", hasTouch: true, isMobile: true });
        const tiny = await view.page.evaluate(small, 44);
        check("keys on a phone take a thumb", tiny.length === 0, JSON.stringify(tiny));
        await view.page.locator(".tile[data-slot='2']").tap();
        await view.page.waitForSelector("#slot-dialog[open]");
        const wrong = await view.page.evaluate(() => { const d = document.querySelector("#slot-dialog"); return d.scrollWidth - d.clientWidth; });
        check("the window of a slot fits a phone", wrong <= 0, wrong);
        await shot(view.page, "phone-slot");
        await view.close();
        const laptop = await open(f, { query: "?lang=de", count: 8, size: "laptop" });
        await judgeAll("laptop", laptop, "laptop");
        await laptop.close();
        await f.end();
    },

    async acting() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all"), view = await open(f, { query: "?lang=en", count: 8 }), { page } = view;
        const done = async (line) => { for (let i = 0; i < 200; i++) { const [, last] = await f.acts(); if (last === line) return true; await page.waitForTimeout(25); } return false; };
        const big = await page.evaluate(() => ["start", "acknowledge", "stop"].map((id) => document.getElementById(id).getBoundingClientRect()).every((r) => r.width >= 90 && r.height >= 90));
        check("keys take a glove: 25 mm on 24 inches", big);
        const apart = await page.evaluate(() => document.getElementById("stop").getBoundingClientRect().left - document.getElementById("start").getBoundingClientRect().right);
        check("STOP stands far from START", apart > 600, apart);

        // By keyboard alone, from here on.
        await page.keyboard.press("F9");
        check("F9 stops", await done("stop 0 Eve engineer - -"));
        await page.waitForFunction(() => document.getElementById("start").classList.contains("wanted"));
        check("the first line says that the line is stopped, whatever tiles show", /STOPPED/.test(await page.locator("#now").innerText()), await page.locator("#now").innerText());
        await page.waitForTimeout(350);
        await page.keyboard.press("F2");
        check("F2 starts", await done("start 0 Eve engineer - -"));
        check("and STOPPED is said no more", await page.waitForFunction(() => !document.getElementById("now").innerText.includes("STOPPED"), null, { timeout: 10000 }).then(() => true, () => false));
        await page.locator(".tile[data-slot='1']").focus();
        await page.keyboard.press("ArrowRight");
        check("arrows go from tile to tile", await page.evaluate(() => document.activeElement.dataset.slot) === "2");
        await page.keyboard.press("ArrowDown");
        check("down as well", await page.evaluate(() => document.activeElement.dataset.slot) === "6");
        await page.keyboard.press("ArrowUp");
        await page.keyboard.press("Enter");
        await page.waitForSelector("#slot-dialog[open]");
        const axes = await judge(page, "'#slot-dialog'");
        check("the window of a slot: axe finds nothing", axes.length === 0, axes.join("\n"));
        await shot(page, "slot");
        await page.fill("#act-name", "Ann");
        await page.fill("#act-reason", "seal broken");
        const retry = page.locator("#slot-dialog button", { hasText: "RETRY" });
        for (let i = 0; i < 12 && !(await retry.evaluate((e) => e === document.activeElement)); i++) await page.keyboard.press("Tab");
        await page.waitForTimeout(350);
        await page.keyboard.press("Enter");
        check("a retry, with a name and why", await done("retry 2 Ann engineer - seal broken"));
        await page.waitForFunction(() => !document.querySelector("#slot-dialog[open]") && document.querySelector(".tile[data-slot='2']").dataset.state === "working");
        check("closes the window, and the slot works", true);
        await page.waitForTimeout(350);
        // As fast as a scanner, however busy this machine is: typed inside of the page.
        await page.evaluate((keys) => {
            for (const key of keys) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        }, [..."LOT-77", "Enter"]);
        check("what a scanner types is a code", await done("code 0 Ann engineer LOT-77 -"));

        // What is refused is said where one acts.
        await page.waitForTimeout(350);
        await page.locator(".tile[data-slot='2']").click();
        check("no label once more is offered of a board that has not passed", await page.locator("#slot-dialog button", { hasText: "PRINT AGAIN" }).count() === 0);
        await page.locator("#slot-dialog .key.plain").click();
        await page.locator(".tile[data-slot='1']").click();
        await page.locator("#slot-dialog button", { hasText: "PRINT AGAIN" }).click();
        check("a label once more", await done("print 1 Ann engineer - -"));
        await page.waitForTimeout(350);
        await page.locator(".tile[data-slot='6']").click();
        await page.locator("#slot-dialog button", { hasText: "BACK INTO USE" }).click();
        check("a slot goes back into use", await done("enable 6 Ann engineer - -"));
        await page.waitForFunction(() => document.querySelector(".tile[data-slot='6']").dataset.state === "empty");
        const [before] = await f.acts();
        await page.waitForTimeout(350);
        await page.evaluate(() => { document.getElementById("acknowledge").click(); document.getElementById("acknowledge").click(); });
        await done("acknowledge 0 Ann engineer - -");
        await page.waitForTimeout(200);
        check("two hits at once are one", Number((await f.acts())[0]) === Number(before) + 1);
        check("the browser complains about nothing", view.said.length === 0, view.said.join("\n"));
        await view.close();
        await f.end();
    },

    async loggingIn() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all", "--people", "yes"), view = await open(f, { query: "?lang=en", count: 8 }), { page } = view;
        await page.keyboard.press("F2");
        await page.waitForSelector("#login-dialog[open]");
        check("who acts and has not logged in is asked who it is", (await f.acts())[0] === "0");
        await page.fill("#login-dialog input:not([type=password])", "Eve");
        await page.fill("#login-dialog input[type=password]", "1234");
        await page.waitForTimeout(350); // two hits at once would be one
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => !document.querySelector("#login-dialog[open]"));
        for (let i = 0; i < 200 && (await f.acts())[0] === "0"; i++) await page.waitForTimeout(25);
        check("and then it is done, in that name", (await f.acts())[1] === "start 0 Eve operator - -", (await f.acts())[1]);
        await view.close();

        // In the window of a slot, after a PIN that was not right: done once, and nothing stale is left.
        const other = await open(f, { query: "?lang=en", count: 8 }), [before] = await f.acts();
        await other.page.context().clearCookies();
        await other.page.locator(".tile[data-slot='2']").click();
        await other.page.locator("#slot-dialog button", { hasText: "RETRY" }).click();
        await other.page.waitForSelector("#login-dialog[open]");
        for (const pin of ["9999", "1234"]) {
            await other.page.fill("#login-dialog input:not([type=password])", "Eve");
            await other.page.fill("#login-dialog input[type=password]", pin);
            await other.page.keyboard.press("Enter");
            if (pin === "9999") await other.page.waitForSelector("#login-dialog .wrong:not([hidden])");
        }
        const closed = await other.page.waitForFunction(() => !document.querySelector("dialog[open]"), null, { timeout: 10000 }).then(() => true, () => false);
        check("after the log-in the slot's window closes, as if he had been logged in before", closed);
        check("the act was done once", Number((await f.acts())[0]) === Number(before) + 1, await f.acts());
        check("and nothing is left of the wrong PIN", !/not right/.test(await other.page.evaluate(() => document.body.textContent)));
        await other.close();
        await f.end();
    },

    async now() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "empty"), view = await open(f, { query: "?lang=en", count: 8 }), { page } = view;
        const says = async (title, scene, pattern) => {
            if (scene) f.send(scene);
            const came = await page.waitForFunction((p) => new RegExp(p, "s").test(document.getElementById("now").innerText), pattern, { timeout: 20000 }).then(() => true, () => false);
            check(title, came, await page.locator("#now").innerText());
        };
        await says("empty: put in", "", "PUT IN.*A1, A2");
        f.send("scene key");
        check("where a hand begins the tile says so", await page.waitForFunction(() => /PUT IN.*Press START/s.test(document.querySelector(".tile").innerText), null, { timeout: 10000 }).then(() => true, () => false), await page.locator(".tile").first().innerText());
        await says("working", "scene working", "WORKING");
        await says("passed: take out", "scene pass", "TAKE OUT.*A1, A2, A3, A4, B1, B2 \\+2");
        await says("failed: take out", "scene fail", "TAKE OUT.*A1");
        await says("an engineer goes first", "scene all", "CALL ENGINEER.*B2");
        f.send("scene empty");
        await says("the lot is full", "lot 2026-11 500 500", "LOT FULL.*2026-11");
        check("and how full it is", /500 \/ 500/.test(await page.locator("#numbers").innerText()));

        // Sounds: a FAIL, and the end of a batch.
        f.send("lot 2026-11 1 500");
        await page.evaluate(() => { document.body.dataset.sound = ""; });
        f.send("scene working");
        await page.waitForFunction(() => document.querySelectorAll(".tile.working").length === 8);
        f.send("scene pass");
        check("the end of a batch is heard", await page.waitForFunction(() => document.body.dataset.sound === "end", null, { timeout: 10000 }).then(() => true, () => false));
        f.send("scene batch");
        check("a FAIL is heard", await page.waitForFunction(() => document.body.dataset.sound === "fail", null, { timeout: 20000 }).then(() => true, () => false));

        // Nothing is worse than a PASS of yesterday.
        const began = Date.now();
        await f.kill();
        await page.waitForFunction(() => document.body.classList.contains("stale"), null, { timeout: 10000 });
        check("without the station the page is grey within four seconds", Date.now() - began < 4000, Date.now() - began);
        check("and says so", /NO CONNECTION/.test(await page.locator("#now").innerText()));
        await shot(page, "stale");
        await view.close();
    },

    async pages() {
        const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all", ...(process.env.RECORD ? ["--db", process.env.RECORD] : []));
        f.send("flip 1");
        f.send("flip 1");
        for (const language of process.env.RECORD ? languages : []) {
            const view = await open(f, { query: `?lang=${language}`, count: 8 }), { page } = view;
            for (const name of ["lot", "board", "log", "doctor"]) {
                await page.locator(`#pages a[data-page='${name}']`).click();
                await page.waitForSelector(`#${name}:not([hidden]) :is(h2, input)`, { timeout: 20000 });
                if (name === "board") {
                    await page.fill("#mac", process.env.MAC);
                    await page.keyboard.press("Enter");
                    await page.waitForSelector("#board table", { timeout: 20000 });
                }
                await judgeAll(`${name}, ${language}`, view, `${name}-${language}`);
            }
            const time = await page.locator("#pages a[data-page='log']").click().then(() => page.locator("#log td").first().innerText());
            check(`${language}: times are of this place, with their distance to UTC`, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+07:00$/.test(time), time);
            await view.close();
        }
        const view = await open(f, { query: "?lang=en", count: 8 }), { page } = view;
        await page.locator(".gear").click();
        await page.waitForSelector("#settings-dialog[open]");
        const axes = await judge(page, "'#settings-dialog'");
        check("settings: axe finds nothing", axes.length === 0, axes.join("\n"));
        await shot(page, "settings");
        await page.locator("#settings-dialog select").selectOption("de");
        await page.waitForFunction(() => document.documentElement.lang === "de");
        await page.locator("#settings-dialog .key").last().click();
        await page.reload();
        await page.waitForFunction(() => document.documentElement.lang);
        await page.waitForSelector(".tile[data-state]");
        check("a language stays as it was chosen in this browser", await page.evaluate(() => localStorage.getItem("lang")) === "de");
        await view.close();
        await f.end();
    },
};

try {
    for (const [name, run] of Object.entries(parts)) if (!wanted.length || wanted.includes(name)) await run();
} catch (e) {
    check("the browser's test comes to its end", false, e.stack);
}
await browser.close();
console.log(`1..${number}`);
process.exit(0);
