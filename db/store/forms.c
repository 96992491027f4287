/*
 * The canonical form of each row that the chain binds.
 *
 * It is made by SQL, and what is hashed is the value of the column `form`, byte by byte. One text
 * serves the station, the audit and people with a shell of SQLite (`espstation audit --sql`). It is
 * never taken from the file, where somebody might have changed it.
 *
 * A form has a line for the row and one for each row that belongs to it (the images of a recipe,
 * the attempts and digests of a run), each ending with a line feed. A line has a word, then the
 * columns below: numbers as digits, texts in single quotes with quotes inside doubled, NULL as
 * NULL, a space between. So no two different rows have the same form.
 *
 * A new column of these tables belongs at the end of its row below. The test of the audit changes
 * each column of each table in turn and wants it noticed.
 */
#include "db/store/db_priv.h"

#include <stdio.h>
#include <string.h>

/* A kind of line. Columns that hold numbers are marked with a #; the first is the row's id. */
struct part {
    const char *word, *columns, *from;
    const struct part *inner; /* the lines that belong to this one; NULL: none */
    const char *complete;     /* when the row is complete; NULL: always */
};

static const struct part digest_lines = {
    "digest",
    "d.image# i.number# d.expected_md5 d.read_md5 d.written_md5 d.written_sha256 d.skipped_bytes#",
    "digest AS d LEFT JOIN image AS i ON i.id = d.image WHERE d.attempt = a.id ORDER BY d.image",
    NULL,
    NULL,
};

static const struct part attempt_lines = {
    "attempt",
    "a.id# a.number# a.started_utc a.duration_ms# a.baud# a.reset a.loader a.phase a.code"
    " a.sentence a.hint a.board_state a.bytes_written# a.wire_bytes# a.baud_asked# a.baud_why"
    " a.write_mode a.round_trips# a.reset_ms# a.sync_ms# a.identify_ms# a.stub_ms# a.baud_ms#"
    " a.erase_ms# a.wire_ms# a.stall_ms# a.md5_ms# a.leave_ms# a.boot_ms# a.floor_ms#",
    "attempt AS a WHERE a.run = r.id ORDER BY a.number",
    &digest_lines,
    NULL,
};

static const struct part image_lines = {
    "image",
    "i.id# i.number# i.file i.offset# i.size_bytes# i.sha256 i.md5 i.app_project i.app_version"
    " i.app_elf_sha256",
    "image AS i WHERE i.recipe = c.id ORDER BY i.number",
    NULL,
    NULL,
};

static const struct part forms[LINK_KIND_COUNT] = {
    [LINK_STATION] = { "station",
                       "s.id# s.host s.boot_id s.pid# s.start_ticks# s.tool_version s.started_utc",
                       "station AS s", NULL, NULL },
    [LINK_STATION_END] = { "station-end", "s.id# s.ended_utc", "station AS s", NULL,
                           "s.ended_utc IS NOT NULL" },
    [LINK_RECIPE] = { "recipe",
                      "c.id# c.name c.version c.chip c.text c.sha256 c.plan_sha256 c.added_utc",
                      "recipe AS c", &image_lines, NULL },
    [LINK_LOT] = { "lot",
                   "l.id# l.name l.added_utc l.quantity# l.recipe# l.one_recipe# l.opened_by",
                   "lot AS l", NULL, NULL },
    [LINK_BOARD] = { "board",
                     "b.id# b.mac b.chip b.revision# b.flash_id# b.flash_bytes# b.first_seen_utc",
                     "board AS b", NULL, NULL },
    /* Names what it refers to as well: the host, the lot, the recipe's identity, the MAC. */
    [LINK_RUN] = { "run",
                   "r.id# r.station# s.host r.lot# l.name r.recipe# c.plan_sha256 r.slot# r.port"
                   " r.operator r.started_utc r.board# b.mac r.seen_chip r.seen_revision#"
                   " r.seen_flash_id# r.seen_flash_bytes# r.ended_utc r.duration_ms# r.verdict"
                   " r.code r.sentence r.hint r.board_state r.app_text r.holds_place# r.rework_of#"
                   " r.rework_reason",
                   "run AS r LEFT JOIN station AS s ON s.id = r.station"
                   " LEFT JOIN lot AS l ON l.id = r.lot"
                   " LEFT JOIN recipe AS c ON c.id = r.recipe"
                   " LEFT JOIN board AS b ON b.id = r.board",
                   &attempt_lines, "r.verdict IS NOT NULL" },
    [LINK_CORRECTION] = { "correction",
                          "k.id# k.run# k.verdict k.operator k.reason k.host k.made_utc",
                          "correction AS k", NULL, NULL },
    [LINK_CHECKPOINT] = { "checkpoint",
                          "p.id# p.lot# p.link# p.closed_utc p.closed_by p.text p.signature",
                          "checkpoint AS p", NULL, NULL },
};

static void append(char sql[static FORM_SQL_CAP], const char *text, size_t n)
{
    const size_t used = strlen(sql);
    snprintf(sql + used, FORM_SQL_CAP - used, "%.*s", (int)n, text);
}

static void append_text(char sql[static FORM_SQL_CAP], const char *text)
{
    append(sql, text, strlen(text));
}

/* replace() keeps bytes behind a NUL, where quote() would stop. */
static void append_column(char sql[static FORM_SQL_CAP], const char *column, size_t n)
{
    const bool number = column[n - 1] == '#';
    append_text(sql, number ? "\n  || ' ' || ifnull(" : "\n  || ' ' || ifnull('''' || replace(");
    append(sql, column, number ? n - 1 : n);
    append_text(sql, number ? ", 'NULL')" : ", '''', '''''') || '''', 'NULL')");
}

static void append_line(char sql[static FORM_SQL_CAP], const struct part *part)
{
    append_text(sql, "'");
    append_text(sql, part->word);
    append_text(sql, "'");
    for (const char *p = part->columns; *p != '\0';) {
        const size_t n = strcspn(p, " ");
        append_column(sql, p, n);
        p += n + strspn(p + n, " ");
    }
    append_text(sql, " || char(10)");
}

/* The lines inside, and those inside them. */
static void append_inner(char sql[static FORM_SQL_CAP], const struct part *part)
{
    enum { DEPTH_MAX = 4 };
    const struct part *open[DEPTH_MAX];
    size_t depth = 0;
    for (; part != NULL && depth < DEPTH_MAX; part = part->inner) {
        append_text(sql, "\n || ifnull((SELECT group_concat(line, '') FROM (SELECT ");
        append_line(sql, part);
        open[depth++] = part;
    }
    while (depth > 0) {
        append_text(sql, " AS line\n FROM ");
        append_text(sql, open[--depth]->from);
        append_text(sql, ")), '')");
    }
}

static void append_id(char sql[static FORM_SQL_CAP], const struct part *form)
{
    append(sql, form->columns, strcspn(form->columns, "#"));
}

static void append_form(char sql[static FORM_SQL_CAP], const struct part *form)
{
    append_line(sql, form);
    append_inner(sql, form->inner);
    append_text(sql, " AS form\n FROM ");
    append_text(sql, form->from);
}

void form_sql(enum link_kind kind, char sql[static FORM_SQL_CAP])
{
    const struct part *const form = &forms[kind];
    sql[0] = '\0';
    append_text(sql, "SELECT ");
    append_form(sql, form);
    append_text(sql, " WHERE ");
    if (form->complete != NULL) {
        append_text(sql, form->complete);
        append_text(sql, " AND ");
    }
    append_id(sql, form);
    append_text(sql, " = ?");
}

void form_all_sql(enum link_kind kind, char sql[static FORM_SQL_CAP])
{
    const struct part *const form = &forms[kind];
    sql[0] = '\0';
    append_text(sql, "SELECT '");
    append_text(sql, form->word);
    append_text(sql, "' AS kind, ");
    append_id(sql, form);
    append_text(sql, " AS row, ");
    append_form(sql, form);
    if (form->complete != NULL) {
        append_text(sql, " WHERE ");
        append_text(sql, form->complete);
    }
}
