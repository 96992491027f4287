// Reads an export with readers that the station does not share code with, and compares what they
// found with the record:
//
//   node exports.mjs FORMAT EXPORT EXPECTED
//
// EXPECTED is JSON: the rows of expected.sql, as the sqlite3 shell gives them. Prints the number of
// runs, or the first thing that is wrong, and then ends with 1.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deepStrictEqual } from "node:assert";
import { TextDecoder } from "node:util";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { parse as parseCsv } from "csv-parse/sync";
import { parse as parseJunit } from "junit2json";
import { SaxesParser } from "saxes";

const here = dirname(fileURLToPath(import.meta.url));

// ---- What the record holds ----------------------------------------------------------------------

// Texts come in hex, so that no other program had a chance to clean them.
const text = (hex) => (hex === null ? null : new TextDecoder().decode(Buffer.from(hex, "hex")));

function expectedRuns(file) {
    return JSON.parse(readFileSync(file, "utf8") || "[]").map((row) => ({
        ...row,
        operator: text(row.operator),
        lot: text(row.lot),
        sentence: text(row.sentence),
        app_text: text(row.app_text),
        digests: JSON.parse(row.digests),
        corrections: JSON.parse(row.corrections),
        correction_count: JSON.parse(row.corrections).length,
    }));
}

// Control characters have pictures, or a replacement, where a format cannot hold them.
const picture = (c) => String.fromCharCode(c === 0x7f ? 0x2421 : 0x2400 + c);
const shown = (s, except) =>
    s === null ? null : [...s].map((c) => (c.charCodeAt(0) < 0x20 || c === "\x7f") && !except.includes(c) ? picture(c.charCodeAt(0)) : c).join("");
const inXml = (s) => s === null ? null : shown(s, "\t\r\n").replace(/[\uFFFE\uFFFF]/g, "\uFFFD");
// The reader does not tell "" from nothing, which the file does.
const inCsv = (s) => (s ? shown(s, "\t\r\n").replace(/[\x80-\x9f]/g, "\uFFFD") : null);

// ---- The readers --------------------------------------------------------------------------------

// Strict: every line has as many cells as the first, quotes only around whole cells, CRLF.
function readCsv(bytes) {
    const options = { columns: true, bom: false, record_delimiter: "\r\n", relax_quotes: false, relax_column_count: false };
    return parseCsv(bytes, options).map((row) => ({
        run: Number(row.run),
        verdict: row.verdict || null,
        recorded_verdict: row.recorded_verdict || null,
        code: row.code || null,
        mac: row.mac || null,
        slot: Number(row.slot),
        operator: unquoted(row.operator),
        lot: unquoted(row.lot),
        sentence: unquoted(row.sentence),
        app_text: unquoted(row.app_text),
        attempts: Number(row.attempt_count),
        correction_count: Number(row.correction_count),
        corrected_verdict: row.corrected_verdict || null,
        last_baud: row.last_baud === "" ? null : Number(row.last_baud),
    }));
}

// What docs/export.md tells people to do. An empty cell is a value that the record does not have.
function unquoted(cell) {
    if (/^[=+@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20-]/.test(cell)) throw new Error(`a spreadsheet would run ${JSON.stringify(cell)}`);
    return cell === "" ? null : cell.replace(/^'/, "");
}

const fromRun = (run) => ({
    run: run.run,
    verdict: run.verdict,
    recorded_verdict: run.recorded_verdict,
    code: run.code,
    mac: run.mac,
    slot: run.slot,
    operator: run.operator,
    lot: run.lot,
    sentence: run.sentence,
    app_text: run.app_text,
    attempts: run.attempts.length,
    corrected_verdict: run.corrected_verdict,
    corrections: run.corrections.map((c) => [c.verdict, c.operator, c.reason]),
    last_baud: run.attempts.length ? run.attempts.at(-1).baud : null,
    digests: run.attempts.flatMap((a) => a.digests.map((d) => [d.expected_md5, d.read_md5])),
});

const lines = (bytes) => {
    const all = bytes.toString("utf8").split("\n");
    if (all.pop() !== "") throw new Error("the last line does not end");
    return all.map((line) => JSON.parse(line));
};

async function readJunit(bytes) {
    const xml = bytes.toString("utf8");
    checkXml(xml);
    const suites = await parseJunit(xml, { attrValueProcessors: [] }); // texts as they are
    const suite = suites.testsuite[0];
    const cases = suite.testcase ?? [];
    const failed = cases.filter((c) => c.failure).length;
    deepStrictEqual([suite.tests, suite.failures, suites.tests, suites.failures].map(Number), [cases.length, failed, cases.length, failed]);
    return cases.map(fromCase);
}

// As strict as XML 1.0: the reader above is more patient.
function checkXml(xml) {
    const parser = new SaxesParser();
    parser.on("error", (e) => {
        throw e;
    });
    parser.write(xml).close();
}

function fromCase(testcase) {
    const facts = testcase["system-out"].join("");
    const fact = (name) => facts.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1] ?? null;
    const failure = testcase.failure?.[0];
    if (Boolean(failure) !== !["PASS", null].includes(fact("verdict"))) throw new Error("failure and verdict disagree");
    const said = facts.indexOf("\napp_text: ");
    return {
        run: Number(testcase.name.match(/run (\d+)$/)[1]),
        verdict: fact("verdict"),
        recorded_verdict: fact("recorded_verdict"),
        code: failure ? failure.type : fact("code"),
        corrected_verdict: fact("corrected_verdict"),
        mac: fact("mac"),
        slot: Number(fact("slot")),
        sentence: failure ? failure.message : null,
        app_text: said < 0 ? null : facts.slice(said + 11, -1),
        attempts: facts.match(/^attempt \d+: /gm)?.length ?? 0,
    };
}

function validator(name) {
    const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
    addFormats(ajv);
    const schema = JSON.parse(readFileSync(join(here, "../data/export", `${name}.schema.json`)));
    const check = ajv.compile(schema);
    return (document) => {
        if (!check(document)) throw new Error(`${name}: ${ajv.errorsText(check.errors)}`);
        return document;
    };
}

function readWsjf(bytes) {
    const reports = lines(bytes).map(validator("wsjf"));
    if (new Set(reports.map((r) => r.id)).size !== reports.length) throw new Error("two reports have the same id");
    return reports.map((report) => {
        const misc = Object.fromEntries(report.miscInfos.map((m) => [m.description, m.text]));
        const attempts = report.root.steps;
        const steps = attempts.flatMap((a) => [a, ...a.steps]);
        const ids = [report.root, ...steps].map((s) => s.id);
        deepStrictEqual(ids, ids.map((_, i) => i));
        deepStrictEqual(report.result, { PASS: "P", FAIL: "F", STOPPED: "T", INTERRUPTED: "E" }[misc.verdict]);
        return {
            run: Number(misc.run),
            verdict: misc.verdict,
            recorded_verdict: misc.recorded_verdict,
            code: misc.code,
            corrected_verdict: misc.corrected_verdict ?? null,
            mac: /^unidentified, run \d+$/.test(report.sn) ? null : report.sn,
            slot: report.uut.testSocketIndex,
            attempts: attempts.length,
            digests: steps.filter((s) => s.stringMeas).map((s) => [s.stringMeas[0].limit, s.stringMeas[0].value || null]),
        };
    });
}

function readOpenhtf(bytes) {
    return lines(bytes).map(validator("openhtf")).map((record) => {
        deepStrictEqual(record.outcome, { PASS: "PASS", FAIL: "FAIL", STOPPED: "ABORTED", INTERRUPTED: "ERROR" }[record.metadata.verdict]);
        deepStrictEqual(record.start_time_millis, Date.parse(record.metadata.started_utc));
        if (record.outcome === "PASS" && record.phases.some((p) => p.outcome === "FAIL")) throw new Error("a failed phase in a test that passed");
        const digests = record.phases.flatMap((p) => Object.values(p.measurements).filter((m) => m.validators));
        return {
            run: record.metadata.run,
            verdict: record.metadata.verdict,
            recorded_verdict: record.metadata.recorded_verdict,
            code: record.metadata.code,
            corrected_verdict: record.metadata.corrected_verdict,
            corrections: record.metadata.corrections.map((c) => [c.verdict, c.operator, c.reason]),
            mac: record.dut_id,
            slot: record.metadata.slot,
            operator: record.metadata.operator,
            lot: record.metadata.lot,
            sentence: record.metadata.sentence,
            app_text: record.log_records[0]?.message ?? null,
            attempts: record.phases.length,
            digests: digests.map((m) => [m.validators[0].match(/'([0-9a-f]{32})'$/)[1], m.measured_value ?? null]),
        };
    });
}

// Each with what its format does to texts, and whether it has open runs.
const formats = {
    csv: { read: readCsv, clean: inCsv, open: true },
    json: { read: (bytes) => JSON.parse(bytes).map(fromRun), clean: (s) => s, open: true },
    jsonl: { read: (bytes) => lines(bytes).map(fromRun), clean: (s) => s, open: true },
    junit: { read: readJunit, clean: inXml, open: true },
    wsjf: { read: readWsjf, clean: (s) => s, open: false },
    openhtf: { read: readOpenhtf, clean: (s) => s, open: false },
};

// ---- The comparison -----------------------------------------------------------------------------

// Only what the format has a place for.
function same(found, wanted, clean) {
    for (const [name, value] of Object.entries(found)) {
        const want = typeof wanted[name] === "string" ? clean(wanted[name]) : wanted[name];
        deepStrictEqual(value, want, `run ${wanted.run}: ${name} is ${JSON.stringify(value)}, the record has ${JSON.stringify(want)}`);
    }
}

const [name, file, expectedFile] = process.argv.slice(2);
try {
    const format = formats[name];
    const bytes = readFileSync(file);
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const found = await format.read(bytes);
    const wanted = expectedRuns(expectedFile).filter((run) => format.open || run.verdict !== null);
    deepStrictEqual(found.map((run) => run.run), wanted.map((run) => run.run));
    found.forEach((run, i) => same(run, wanted[i], format.clean));
    console.log(found.length);
} catch (e) {
    console.log(e.message);
    process.exit(1);
}
