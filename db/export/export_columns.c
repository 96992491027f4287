/* The columns of an export; docs/export.md tells people what each one means. */
#include "db/export/export_priv.h"
#include "db/store/phrases.h"

/* Only a PASS can be taken back, and only a person does it. */
#define TAKEN_BACK "r.verdict = 'PASS' AND " EFFECTIVE_VERDICT("r") " = 'FAIL'"
#define WHO_TOOK_IT_BACK                                                                           \
    "(SELECT 'Taken back by ' || operator || ': ' || reason FROM correction WHERE run = r.id"      \
    " AND verdict IS NOT NULL ORDER BY id DESC LIMIT 1)"

const struct column run_columns[RUN_SELECTED] = {
    [RUN_ID] = { "run", "r.id", false },
    [RUN_STARTED_UTC] = { "started_utc", "r.started_utc", false },
    [RUN_ENDED_UTC] = { "ended_utc", "r.ended_utc", false },
    [RUN_DURATION_MS] = { "duration_ms", "r.duration_ms", false },
    /* after corrections, as all who count do; what was recorded is recorded_verdict */
    [RUN_VERDICT] = { "verdict", EFFECTIVE_VERDICT("r"), false },
    [RUN_CODE] = { "code", "iif(" TAKEN_BACK ", '" DB_CODE_CORRECTED "', r.code)", false },
    [RUN_SENTENCE] = { "sentence", "iif(" TAKEN_BACK ", " WHO_TOOK_IT_BACK ", r.sentence)", false },
    [RUN_HINT] = { "hint", "r.hint", false },
    [RUN_BOARD_STATE] = { "board_state", "r.board_state", false },
    [RUN_SLOT] = { "slot", "r.slot", false },
    [RUN_PORT] = { "port", "r.port", false },
    [RUN_OPERATOR] = { "operator", "r.operator", false },
    [RUN_LOT] = { "lot", "l.name", false },
    [RUN_MAC] = { "mac", "b.mac", false },
    [RUN_CHIP] = { "chip", "r.seen_chip",
                   false }, /* as the chip said; the recipe's is recipe_chip */
    [RUN_REVISION] = { "revision", "r.seen_revision", false },
    [RUN_FLASH_ID] = { "flash_id", "r.seen_flash_id", false },
    [RUN_FLASH_BYTES] = { "flash_bytes", "r.seen_flash_bytes", false },
    [RUN_RECIPE] = { "recipe", "c.name", false },
    [RUN_RECIPE_VERSION] = { "recipe_version", "c.version", false },
    [RUN_RECIPE_CHIP] = { "recipe_chip", "c.chip", false },
    [RUN_RECIPE_SHA256] = { "recipe_sha256", "c.sha256", false },
    [RUN_PLAN_SHA256] = { "plan_sha256", "c.plan_sha256", false }, /* schema.c says of what */
    [RUN_HOST] = { "host", "s.host", false },
    [RUN_TOOL_VERSION] = { "tool_version", "s.tool_version", false },
    [RUN_ATTEMPT_COUNT] = { "attempt_count",
                            "(SELECT count(*) FROM attempt AS a WHERE a.run = "
                            "r.id)",
                            false },
    [RUN_APP_TEXT] = { "app_text", "r.app_text", false },
    [RUN_REWORK_OF] = { "rework_of", "r.rework_of", false }, /* the run that passed before */
    [RUN_REWORK_REASON] = { "rework_reason", "r.rework_reason", false },
    [RUN_CORRECTION_COUNT] = { "correction_count",
                               "(SELECT count(*) FROM correction WHERE run = r.id)", false },
    [RUN_CORRECTED_VERDICT] = { "corrected_verdict",
                                "(SELECT verdict FROM correction WHERE run = r.id"
                                " AND verdict IS NOT NULL ORDER BY id DESC LIMIT 1)",
                                false },
    [RUN_CORRECTION_OPERATOR] = { "correction_operator", "k.operator", false }, /* the latest's */
    [RUN_CORRECTION_REASON] = { "correction_reason", "k.reason", false },
    [RUN_CORRECTION_UTC] = { "correction_utc", "k.made_utc", false },
    [RUN_LAST_LOADER] = { "last_loader", "t.loader", true },
    [RUN_LAST_BAUD] = { "last_baud", "t.baud", true },
    [RUN_LAST_BAUD_ASKED] = { "last_baud_asked", "t.baud_asked", true },
    [RUN_LAST_BAUD_WHY] = { "last_baud_why", "t.baud_why", true },
    [RUN_LAST_WRITE_MODE] = { "last_write_mode", "t.write_mode", true },
    [RUN_LAST_BYTES_WRITTEN] = { "last_bytes_written", "t.bytes_written", true },
    [RUN_LAST_WIRE_BYTES] = { "last_wire_bytes", "t.wire_bytes", true },
    [RUN_LAST_SKIPPED_BYTES] = { "last_skipped_bytes",
                                 "(SELECT sum(skipped_bytes) FROM digest WHERE attempt = t.id)",
                                 true },
    [RUN_LAST_ROUND_TRIPS] = { "last_round_trips", "t.round_trips", true },
#define TIMING(version, name, sentence)                                                            \
    [RUN_LAST_MS(version, TIMING_##name)] = { "last_" #name "_ms", "t." #name "_ms", true },
#include "db/store/timing_list.h"
    [RUN_RECORDED_VERDICT] = { "recorded_verdict", "r.verdict", false },
    [RUN_SERIAL] = { "serial",
                     "(SELECT u.serial FROM unit AS u WHERE " UNIT_OF_RUN("u") " AND u.serial IS "
                                                                               "NOT NULL ORDER BY "
                                                                               "u.id DESC LIMIT 1)",
                     false },
    /* a secret as its digest */
    [RUN_UNIT] = { "unit",
                   "(SELECT group_concat(v.name || '=' || coalesce(v.text, 'sha256:' || v.sha256),"
                   " '; ') FROM unit AS u JOIN unit_value AS v ON v.unit = u.id"
                   " WHERE " UNIT_OF_RUN("u") " AND " LAST_OF_ITS_NAME ")",
                   true },
    [RUN_GOLDEN] = { "golden", "r.golden", false },
    /* the board has lost it since, and it may be another's */
    [RUN_SERIAL_RELEASED] = { "serial_released_utc",
                              "(SELECT (SELECT made_utc FROM unit_decision WHERE id = u.released)"
                              " FROM unit AS u WHERE " UNIT_OF_RUN(
                                  "u") " AND u.serial IS NOT NULL"
                                       " ORDER BY u.id DESC LIMIT 1)",
                              false },
    [RUN_BURNS] = { "burns",
                    "(SELECT group_concat(line, '; ') FROM (SELECT x.fuses || ' ' || x.outcome AS"
                    " line FROM burn AS x WHERE x.run = r.id ORDER BY x.number))",
                    true },
    [RUN_REWORK_ELSEWHERE] = { "rework_elsewhere", "r.rework_elsewhere", false },
    [RUN_STATION_BOOT_ID] = { NULL, "s.boot_id", false },
    [RUN_STATION_PID] = { NULL, "s.pid", false },
    [RUN_STATION_STARTED_UTC] = { NULL, "s.started_utc", false },
};

const struct column attempt_columns[ATTEMPT_SELECTED] = {
    [ATTEMPT_NUMBER] = { "number", "a.number", false },
    [ATTEMPT_STARTED_UTC] = { "started_utc", "a.started_utc", false },
    [ATTEMPT_DURATION_MS] = { "duration_ms", "a.duration_ms", false },
    [ATTEMPT_BAUD] = { "baud", "a.baud", false },
    [ATTEMPT_RESET] = { "reset", "a.reset", false },
    [ATTEMPT_LOADER] = { "loader", "a.loader", false },
    [ATTEMPT_PHASE] = { "phase", "a.phase", false },
    [ATTEMPT_CODE] = { "code", "a.code", false },
    [ATTEMPT_SENTENCE] = { "sentence", "a.sentence", false },
    [ATTEMPT_HINT] = { "hint", "a.hint", false },
    [ATTEMPT_BOARD_STATE] = { "board_state", "a.board_state", false },
    [ATTEMPT_BYTES_WRITTEN] = { "bytes_written", "a.bytes_written", false },
    [ATTEMPT_WIRE_BYTES] = { "wire_bytes", "a.wire_bytes", false },
    [ATTEMPT_BAUD_ASKED] = { "baud_asked", "a.baud_asked", false },
    [ATTEMPT_BAUD_WHY] = { "baud_why", "a.baud_why", false },
    [ATTEMPT_WRITE_MODE] = { "write_mode", "a.write_mode", false },
    [ATTEMPT_ROUND_TRIPS] = { "round_trips", "a.round_trips", false },
#define TIMING(version, name, sentence)                                                            \
    [ATTEMPT_FIRST_MS + TIMING_##name] = { #name "_ms", "a." #name "_ms", false },
#include "db/store/timing_list.h"
    [ATTEMPT_FAST] = { "fast", "a.fast", false },
    [ATTEMPT_ID] = { NULL, "a.id", false },
};

const struct column correction_columns[CORRECTION_COLUMNS] = {
    [CORRECTION_VERDICT] = { "verdict", "k.verdict", false }, /* null: a note */
    [CORRECTION_OPERATOR] = { "operator", "k.operator", false },
    [CORRECTION_REASON] = { "reason", "k.reason", false },
    [CORRECTION_HOST] = { "host", "k.host", false },
    [CORRECTION_MADE_UTC] = { "made_utc", "k.made_utc", false },
};

const struct column unit_columns[UNIT_COLUMNS] = {
    [UNIT_NAME] = { "name", "v.name", false },
    [UNIT_TEXT] = { "text", "v.text", false }, /* null: a secret */
    [UNIT_SHA256] = { "sha256", "v.sha256", false },
    [UNIT_SOURCE] = { "source", "v.source", false },
    [UNIT_TAKEN_IN] = { "taken_in_run", "u.run", false },
};

/* words and proof are null of secrets */
const struct column burn_columns[BURN_COLUMNS] = {
    [BURN_NUMBER] = { "number", "x.number", false },
    [BURN_ATTEMPT] = { "attempt", "x.attempt", false },
    [BURN_STAGE] = { "stage", "x.stage", false },
    [BURN_BLOCK] = { "block", "x.block", false },
    [BURN_FUSES] = { "fuses", "x.fuses", false },
    [BURN_OUTCOME] = { "outcome", "x.outcome", false },
    [BURN_WORDS] = { "words", "x.words", false },
    [BURN_PROOF] = { "proof", "x.proof", false },
    [BURN_SENTENCE] = { "sentence", "x.sentence", false },
    [BURN_PERSON] = { "person", "x.person", false },
    [BURN_MADE_UTC] = { "made_utc", "x.made_utc", false },
};

const struct column digest_columns[DIGEST_COLUMNS] = {
    [DIGEST_IMAGE] = { "image", "d.number", false },
    [DIGEST_FILE] = { "file", "d.file", false },
    [DIGEST_OFFSET] = { "offset", "d.offset", false },
    [DIGEST_SIZE_BYTES] = { "size_bytes", "d.size_bytes", false },
    [DIGEST_PLAN_SHA256] = { "plan_sha256", "d.sha256", false }, /* before any patch for a board */
    [DIGEST_PLAN_MD5] = { "plan_md5", "d.md5", false },
    [DIGEST_EXPECTED_MD5] = { "expected_md5", "d.expected_md5", false },
    [DIGEST_READ_MD5] = { "read_md5", "d.read_md5", false },
    [DIGEST_WRITTEN_MD5] = { "written_md5", "d.written_md5", false },
    [DIGEST_WRITTEN_SHA256] = { "written_sha256", "d.written_sha256", false },
    [DIGEST_SKIPPED_BYTES] = { "skipped_bytes", "d.skipped_bytes", false },
};
