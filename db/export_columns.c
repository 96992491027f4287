/* The columns of an export; docs/export.md tells people what each one means. */
#include "db/export_priv.h"

const struct column run_columns[RUN_SELECTED] = {
    [RUN_ID] = { "run", "r.id" },
    [RUN_STARTED_UTC] = { "started_utc", "r.started_utc" },
    [RUN_ENDED_UTC] = { "ended_utc", "r.ended_utc" },
    [RUN_DURATION_MS] = { "duration_ms", "r.duration_ms" },
    [RUN_VERDICT] = { "verdict", "r.verdict" },
    [RUN_CODE] = { "code", "r.code" },
    [RUN_SENTENCE] = { "sentence", "r.sentence" },
    [RUN_HINT] = { "hint", "r.hint" },
    [RUN_BOARD_STATE] = { "board_state", "r.board_state" },
    [RUN_SLOT] = { "slot", "r.slot" },
    [RUN_PORT] = { "port", "r.port" },
    [RUN_OPERATOR] = { "operator", "r.operator" },
    [RUN_LOT] = { "lot", "l.name" },
    [RUN_MAC] = { "mac", "b.mac" },
    [RUN_CHIP] = { "chip", "r.seen_chip" }, /* as the chip said; the recipe's is recipe_chip */
    [RUN_REVISION] = { "revision", "r.seen_revision" },
    [RUN_FLASH_ID] = { "flash_id", "r.seen_flash_id" },
    [RUN_FLASH_BYTES] = { "flash_bytes", "r.seen_flash_bytes" },
    [RUN_RECIPE] = { "recipe", "c.name" },
    [RUN_RECIPE_VERSION] = { "recipe_version", "c.version" },
    [RUN_RECIPE_CHIP] = { "recipe_chip", "c.chip" },
    [RUN_RECIPE_SHA256] = { "recipe_sha256", "c.sha256" },
    [RUN_PLAN_SHA256] = { "plan_sha256", "c.plan_sha256" }, /* schema.c says of what */
    [RUN_HOST] = { "host", "s.host" },
    [RUN_TOOL_VERSION] = { "tool_version", "s.tool_version" },
    [RUN_ATTEMPT_COUNT] = { "attempt_count", "(SELECT count(*) FROM attempt AS a WHERE a.run = "
                                             "r.id)" },
    [RUN_APP_TEXT] = { "app_text", "r.app_text" },
    [RUN_STATION_BOOT_ID] = { NULL, "s.boot_id" },
    [RUN_STATION_PID] = { NULL, "s.pid" },
    [RUN_STATION_STARTED_UTC] = { NULL, "s.started_utc" },
};

const struct column attempt_columns[ATTEMPT_SELECTED] = {
    [ATTEMPT_NUMBER] = { "number", "a.number" },
    [ATTEMPT_STARTED_UTC] = { "started_utc", "a.started_utc" },
    [ATTEMPT_DURATION_MS] = { "duration_ms", "a.duration_ms" },
    [ATTEMPT_BAUD] = { "baud", "a.baud" },
    [ATTEMPT_RESET] = { "reset", "a.reset" },
    [ATTEMPT_LOADER] = { "loader", "a.loader" },
    [ATTEMPT_PHASE] = { "phase", "a.phase" },
    [ATTEMPT_CODE] = { "code", "a.code" },
    [ATTEMPT_SENTENCE] = { "sentence", "a.sentence" },
    [ATTEMPT_HINT] = { "hint", "a.hint" },
    [ATTEMPT_BOARD_STATE] = { "board_state", "a.board_state" },
    [ATTEMPT_BYTES_WRITTEN] = { "bytes_written", "a.bytes_written" },
    [ATTEMPT_WIRE_BYTES] = { "wire_bytes", "a.wire_bytes" },
    [ATTEMPT_ID] = { NULL, "a.id" },
};

const struct column digest_columns[DIGEST_COLUMNS] = {
    [DIGEST_IMAGE] = { "image", "i.number" },
    [DIGEST_FILE] = { "file", "i.file" },
    [DIGEST_OFFSET] = { "offset", "i.offset" },
    [DIGEST_SIZE_BYTES] = { "size_bytes", "i.size_bytes" },
    [DIGEST_PLAN_SHA256] = { "plan_sha256", "i.sha256" }, /* before any patch for a board */
    [DIGEST_PLAN_MD5] = { "plan_md5", "i.md5" },
    [DIGEST_EXPECTED_MD5] = { "expected_md5", "d.expected_md5" },
    [DIGEST_READ_MD5] = { "read_md5", "d.read_md5" },
    [DIGEST_WRITTEN_MD5] = { "written_md5", "d.written_md5" },
    [DIGEST_WRITTEN_SHA256] = { "written_sha256", "d.written_sha256" },
};
