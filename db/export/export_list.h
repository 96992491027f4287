/* The forms of an export: EXPORT(the name in enum db_format, the word that people type).
 *
 * To add one: write db/export/export_NAME.c with `const struct form form_NAME` (take
 * export_jsonl.c, the smallest), add its line here, and its row and fields to docs/export.md. */
EXPORT(CSV, csv)
EXPORT(JSON, json)
EXPORT(JSONL, jsonl)
EXPORT(JUNIT, junit)
EXPORT(WSJF, wsjf)
EXPORT(OPENHTF, openhtf)
