// What programs and strangers may ask of the screen's server, over a floor that is made up:
//
//   node requests.mjs SHOW_FLOOR [RECORD MAC]
//
// Speaks TAP. Answers are held against openapi.json; requests that no browser sends come over plain
// sockets; readers that do not read are dropped, and delay nobody.
import Ajv from "ajv/dist/2020.js";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [showFloor, record, mac] = process.argv.slice(2);

let number = 0;
function check(title, holds, more = "") {
    console.log(`${holds ? "ok" : "not ok"} ${++number} - ${title}`);
    if (!holds) console.log(`# ${String(more).slice(0, 1500).replaceAll("\n", "\n# ")}`);
}
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- The station ------------------------------------------------------------------------------

async function floor(...options) {
    const child = spawn(showFloor, ["--listen", "127.0.0.1:0", ...options], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    const url = await next(), { port } = new URL(url);
    const send = (line) => child.stdin.write(`${line}\n`);
    const acts = async () => { send("acts"); return /^acts (\d+) (.*)$/.exec(await next()).slice(1); };
    const proc = (file) => { try { return readFileSync(`/proc/${child.pid}/${file}`, "utf8"); } catch { return ""; } };
    return {
        url, port: Number(port), send, acts, child,
        files: () => readdirSync(`/proc/${child.pid}/fd`).length,
        kilobytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc("status"))?.[1] ?? 0),
        alive: () => child.exitCode === null,
        end: () => new Promise((done) => { const t = performance.now(); child.once("exit", (code) => done([code, performance.now() - t])); child.stdin.end(); }),
    };
}

// ---- Plain sockets ----------------------------------------------------------------------------

// Sends bytes and gives all that comes until the other side closes, or `ms` have gone by.
function raw(port, bytes, { ms = 5000, pauseAfter = null } = {}) {
    return new Promise((done) => {
        let got = "", open = true;
        const began = performance.now(), socket = connect(port, "127.0.0.1");
        const end = (closed) => { if (open) { open = false; clearTimeout(timer); socket.destroy(); done({ got, closed, ms: performance.now() - began }); } };
        const timer = setTimeout(() => end(false), ms);
        socket.on("data", (d) => { got += d.toString("latin1"); if (pauseAfter && got.includes(pauseAfter)) end(false); });
        socket.on("close", () => end(true));
        socket.on("error", () => end(true));
        socket.write(bytes);
    });
}
const status = ({ got }) => Number(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 0);

// A reader of events. Stalled: connects, asks, and never reads.
function reader(port, { stalled = false, lastId = "" } = {}) {
    const socket = connect(port, "127.0.0.1"), r = { socket, closed: false, text: "", late: [] };
    socket.on("connect", () => socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lastId ? `Last-Event-ID: ${lastId}\r\n` : ""}\r\n`));
    socket.on("close", () => { r.closed = true; });
    socket.on("error", () => { r.closed = true; });
    if (stalled) {
        socket.pause();
        return r;
    }
    socket.setEncoding("utf8");
    socket.on("data", (d) => {
        const now = Date.now();
        for (const [, serial] of d.matchAll(/"serial":"(\d{13})"/g)) r.late.push(now - Number(serial));
        r.text = (r.text + d).slice(-2_000_000);
    });
    return r;
}

const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];

// ---- Parts ------------------------------------------------------------------------------------

async function described() {
    const f = await floor("--tiles", "8", "--columns", "4", "--scene", "all", ...(record ? ["--db", record] : []));
    const api = await (await fetch(`${f.url}api/v1/openapi.json`)).json();
    const ajv = new Ajv({ strict: false, allErrors: true });
    ajv.addSchema({ $id: "api", components: api.components });
    const local = (s) => JSON.parse(JSON.stringify(s).replaceAll('"#/', '"api#/'));
    const fits = (schema, what) => { const v = ajv.compile(local(schema)); return v(what) ? "" : JSON.stringify(v.errors.slice(0, 3)); };
    f.send("flip 1");
    f.send("flip 1");
    await pause(700);
    const asked = { "/api/v1/boards/{mac}": mac && `/api/v1/boards/${mac}`, "/api/v1/words/{language}": "/api/v1/words/de", "/api/v1/lot": record && "/api/v1/lot?lot=" };
    for (const [path, { get }] of Object.entries(api.paths)) {
        if (!get || path.endsWith("events")) continue;
        const at = path in asked ? asked[path] : path;
        if (!at) continue;
        const answer = await fetch(f.url + at.slice(1)), said = await answer.json();
        const wrong = answer.status === 200 ? fits(get.responses["200"].content["application/json"].schema, said) : `status ${answer.status}`;
        check(`${at} is as described`, wrong === "", wrong + JSON.stringify(said).slice(0, 300));
        const head = await fetch(f.url + at.slice(1), { method: "HEAD" });
        check(`HEAD ${at}, too`, head.status === 200 && (await head.text()) === "");
    }
    const post = (path, body, headers = {}) => fetch(`${f.url}api/v1/${path}`, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body });
    for (const [title, body, want] of [["an act", '{"act":"print","slot":1,"name":"Eve"}', 200], ["an act that is not possible", '{"act":"retry","slot":1,"name":"Eve"}', 409],
                                       ["a slot that is spelt wrong", '{"act":"stop","slto":2}', 400], ["no act", '{"act":"jump"}', 400], ["no JSON", "{", 400], ["too much", `{"act":"stop","text":"${"x".repeat(9000)}"}`, 413]]) {
        const answer = await post("acts", body), said = await answer.json();
        const schema = api.paths["/api/v1/acts"].post.responses[want]?.content["application/json"].schema ?? { $ref: "#/components/schemas/Error" };
        check(`${title}: ${want}, as described`, answer.status === want && fits(schema, said) === "", `${answer.status} ${JSON.stringify(said)}`);
    }
    const none = await fetch(`${f.url}api/v1/boards/xyz`);
    check("no MAC: 400, or 404 without a record", none.status === (record ? 400 : 404));

    const r = reader(f.port);
    f.send("flip 2");
    await pause(2500);
    const events = [...r.text.matchAll(/event: (\w+)\n(?:id: (.*)\n)?data: (.*)\n\n/g)];
    const wrong = events.map(([, kind, , data]) => fits({ $ref: `#/components/schemas/${kind === "beat" ? "Beat" : "Change"}` }, JSON.parse(data))).filter(Boolean);
    check("events are as described", events.length > 3 && wrong.length === 0, wrong[0]);
    const [, , id, first] = events.find(([, kind]) => kind === "change"), last = events.filter((e) => e[2]).at(-1)[2];
    check("the first is all there is", JSON.parse(first).tiles.length === 8 && JSON.parse(first).count === 8);
    const again = reader(f.port, { lastId: last }), anew = reader(f.port, { lastId: `0000000000000000-${last.split("-")[1]}` });
    await pause(1500);
    check("who comes back gets what is new, not all", !again.text.includes('"count"') && again.text.includes("event: beat"), again.text.slice(0, 400));
    check("but all, where the station was restarted", anew.text.includes('"count":8'), id);
    const headers = (await fetch(f.url)).headers;
    check("nothing but its own files may run", /default-src 'none'; script-src 'self'/.test(headers.get("content-security-policy")) && headers.get("x-content-type-options") === "nosniff" && !headers.get("access-control-allow-origin"));
    const tag = headers.get("etag"), same = await fetch(f.url, { headers: { "If-None-Match": tag } });
    check("what a browser has is not sent again", same.status === 304);
    const [code, ms] = await f.end();
    check("it ends within a second while somebody reads", code === 0 && ms < 1000, `${code} ${ms}`);
}

async function hostile() {
    const f = await floor("--tiles", "8"), host = `Host: 127.0.0.1:${f.port}\r\n`, get = (lines, path = "/api/v1/tiles") => raw(f.port, `GET ${path} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
    const post = (lines) => raw(f.port, `POST /api/v1/acts HTTP/1.1\r\n${host}Content-Type: application/json\r\n${lines}Content-Length: 14\r\nConnection: close\r\n\r\n{"act":"stop"}`);
    check("a plain request is answered", status(await get(host)) === 200);
    for (const [title, lines] of [["no Host", ""], ["two Hosts", host + host], ["a foreign Host", "Host: evil.example\r\n"], ["our name at another port", "Host: 127.0.0.1:1\r\n"]]) {
        const code = status(await get(lines));
        check(`${title}: refused`, code === 421 || code === 400, code);
    }
    for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${f.port}`])
        check(`an act from ${origin}: refused`, status(await post(`Origin: ${origin}\r\n`)) === 403);
    check("an act from our page is taken", status(await post(`Origin: http://127.0.0.1:${f.port}\r\n`)) === 200);
    check("and it was the only one", (await f.acts())[0] === "1");
    check("a method that is none", [405, 501].includes(status(await raw(f.port, `FOO /api/v1/tiles HTTP/1.1\r\n${host}Connection: close\r\n\r\n`))));
    check("a path that climbs", status(await get(host, "/../../etc/passwd")) === 404);
    check("a path that climbs in code", status(await get(host, "/%2e%2e/%2e%2e/etc/passwd")) === 404);
    const huge = status(await get(`${host}X-Long: ${"a".repeat(60000)}\r\n`));
    check("a head of 60 KB: refused", [0, 400, 413, 431].includes(huge), huge);
    const long = status(await get(host, `/${"a".repeat(60000)}`));
    check("a path of 60 KB: refused", [0, 400, 414, 431].includes(long), long);
    const body = await raw(f.port, `POST /api/v1/acts HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n${"x".repeat(3_000_000)}`, { ms: 4000 });
    check("a body without end is cut off", body.closed, body.got.slice(0, 100));
    for (const junk of ["\r\n\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", `GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
        await raw(f.port, junk, { ms: 300 });
    check("after all that it still answers", status(await get(host)) === 200 && f.alive());

    // While all these go on, half a head is dropped, and so is whoever sends a body one byte an hour.
    const half = raw(f.port, `GET / HTTP/1.1\r\nHos`, { ms: 25000 }), slow = raw(f.port, `POST /api/v1/acts HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"act"`, { ms: 25000 });
    const many = await Promise.all(Array.from({ length: 120 }, () => raw(f.port, `GET /api/v1/tiles HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, { ms: 8000 })));
    check("120 at once: those that are let in are answered", many.filter((m) => status(m) === 200).length >= 32, many.filter((m) => status(m) === 200).length);
    const [h, s] = [await half, await slow];
    check("half a request is dropped within 20 s", h.closed && h.ms < 20000, h.ms);
    check("a body that does not come, too", s.closed && s.ms < 20000, s.ms);
    const [code] = await f.end();
    check("and it ends in good order", code === 0);
}

async function stalled() {
    const f = await floor("--tiles", "256", "--columns", "16", "--scene", "working"), before = f.files();
    const fast = reader(f.port);
    await pause(1000);
    const idle = Array.from({ length: 20 }, () => reader(f.port, { stalled: true }));
    await pause(500);
    const kilobytes = f.kilobytes();
    f.send("flood 200 40");
    f.send("slow 3000");
    await pause(1000);
    // An act that waits for the disk keeps nobody from looking.
    const act = fetch(`${f.url}api/v1/acts`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"act":"print","slot":1,"name":"Eve"}' });
    const began = performance.now(), tiles = await fetch(`${f.url}api/v1/tiles`), took = performance.now() - began;
    check("an act that waits keeps nobody from looking", tiles.status === 200 && took < 1000, took);
    check("and is done in the end", (await act).status === 200);
    for (let i = 0; i < 300 && idle.some((r) => f.files() > before + 6); i++) await pause(100);
    check("20 readers that do not read are dropped", f.files() <= before + 6, `${before} ${f.files()}`);
    // A sanitizer keeps what was freed for a while.
    const kept = /\/[at]san\//.test(showFloor) ? 60000 : 6000;
    check("memory stays as it was", f.kilobytes() < kilobytes + kept, `${kilobytes} ${f.kilobytes()}`);
    const p99 = percentile(fast.late, 0.99);
    check("who reads was never late: p99 below 150 ms", fast.late.length > 1000 && p99 < 150, `${fast.late.length} ${percentile(fast.late, 0.5)} ${p99}`);
    console.log(`# ${fast.late.length} changes to one reader beside 20 that stall: p50 ${percentile(fast.late, 0.5)} ms, p99 ${p99} ms`);
    fast.socket.destroy();
    for (const r of idle) r.socket.destroy();
    const [code, ms] = await f.end();
    check("it ends within a second", code === 0 && ms < 1000, `${code} ${ms}`);
}

async function people() {
    const f = await floor("--tiles", "8", "--people", "yes");
    const post = (path, body, cookie) => fetch(`${f.url}api/v1/${path}`, { method: "POST", headers: { "Content-Type": "application/json", ...(cookie ? { Cookie: cookie } : {}) }, body: JSON.stringify(body) });
    check("nobody acts before a log-in", (await post("acts", { act: "stop" })).status === 401);
    check("but who sits here may look", (await fetch(`${f.url}api/v1/tiles`)).status === 200);
    check("a wrong PIN", (await post("login", { name: "Eve", secret: "0000" })).status === 403);
    const answer = await post("login", { name: "Eve", secret: "1234" }), cookie = answer.headers.get("set-cookie");
    check("a right one", answer.status === 200 && /^espstation=[0-9a-f]{64}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/.test(cookie), cookie);
    check("acts under that name", (await post("acts", { act: "stop", name: "Ann" }, cookie.split(";")[0])).status === 200 && (await f.acts())[1] === "stop 0 Eve operator - -");
    await post("logout", {}, cookie.split(";")[0]);
    check("and no more after a log-out", (await post("acts", { act: "stop" }, cookie.split(";")[0])).status === 401);
    await f.end();
}

for (const part of [described, hostile, stalled, people]) {
    try {
        await part();
    } catch (e) {
        check(`${part.name} comes to its end`, false, e.stack);
    }
}
console.log(`1..${number}`);
process.exit(0);
