/* Runs on golden boards, as statements for the step of tables.c that brings them (version 4). They
 * prove a slot and count in no yield: the index that the yields are read from tells them. */
/* clang-format off */
    "ALTER TABLE run ADD COLUMN golden INTEGER CHECK (golden = 1)",
    "DROP INDEX run_stats",
    "CREATE INDEX run_stats ON run(board, lot, id, slot, recipe, verdict, code, duration_ms,"
    " started_utc, seen_chip, golden) WHERE verdict IS NOT NULL",
    "DROP TRIGGER run_keeps_its_start",
    "CREATE TRIGGER run_keeps_its_start BEFORE UPDATE ON run"
    " WHEN (NEW.id, NEW.station, NEW.lot, NEW.recipe, NEW.slot, NEW.port, NEW.operator,"
    "       NEW.started_utc, NEW.golden) IS NOT"
    "      (OLD.id, OLD.station, OLD.lot, OLD.recipe, OLD.slot, OLD.port, OLD.operator,"
    "       OLD.started_utc, OLD.golden)"
    "  OR (OLD.board IS NOT NULL AND NEW.board IS NOT OLD.board)"
    " BEGIN SELECT RAISE(ABORT, 'what a run started with is never changed'); END",
