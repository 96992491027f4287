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
 * The form can grow. The columns of version 2 stand in their places for ever. A column that came
 * later stands behind them as NAME=VALUE, and only where it is not NULL: a row from before it came
 * keeps its form, and its link still fits; whoever puts something into it, or takes it out again,
 * changes the form. A link therefore needs no note of the version that made it, and one query makes
 * all forms, for this program and for people with a shell of SQLite. The price is one rule: a new
 * column is nullable and has no default. Lines of a new table that belong to a row are simply not
 * there for rows that have none.
 *
 * A new column of these tables belongs at the end of its `later` below. The test of the audit
 * changes each column of each table in turn and wants it noticed.
 */
#include "db/store/forms.h"

#include "db/store/timings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A kind of line. Columns that hold numbers are marked with a #; the first is the row's id. */
struct part {
    const char *word, *columns;
    const char *later; /* columns that came after version 2; NULL: none */
    const char *from;
    const struct part *inner; /* the lines that belong to this one; NULL: none */
    const struct part *next;  /* further lines that belong to the same row; NULL: none */
    const char *complete;     /* when the row is complete; NULL: always */
    bool timings;             /* the times of timing_list.h stand behind the columns */
};

static const struct part unit_digest_lines = {
    .word = "unit-digest",
    .columns = "g.number# g.place g.offset# g.size_bytes# g.expected_md5 g.read_md5 g.written_md5"
               " g.written_sha256 g.skipped_bytes#",
    .from = "unit_digest AS g WHERE g.attempt = a.id ORDER BY g.number",
};

static const struct part digest_lines = {
    .word = "digest",
    .columns = "d.image# i.number# d.expected_md5 d.read_md5 d.written_md5 d.written_sha256"
               " d.skipped_bytes#",
    .from = "digest AS d LEFT JOIN image AS i ON i.id = d.image WHERE d.attempt = a.id"
            " ORDER BY d.image",
    .next = &unit_digest_lines,
};

/* A mark that no decision made shows in the row itself, as `released`. */
#define NOBODYS_MARK(table, row)                                                                   \
    table " AS " row " LEFT JOIN " table " AS x ON x.id = " row ".id AND x.released IS NOT NULL"   \
          " AND NOT EXISTS (SELECT 1 FROM unit_decision AS n WHERE n.id = x.released)"

static const struct part unit_value_lines = {
    .word = "unit-value",
    .columns = "v.id# v.name v.text v.sha256 v.source v.is_unique#",
    .later = "x.released#",
    .from = NOBODYS_MARK("unit_value", "v") " WHERE v.unit = u.id ORDER BY v.id",
};

static const struct part unit_item_lines = {
    .word = "unit-item",
    .columns = "i.id# i.source i.name i.number# i.sha256 i.label",
    .later = "x.released#",
    .from = NOBODYS_MARK("unit_item", "i") " WHERE i.unit = u.id ORDER BY i.id",
    .next = &unit_value_lines,
};

/* What a decision has released. Whoever sets or clears a mark by himself changes one of these. */
static const struct part released_value_lines = {
    .word = "released-value",
    .columns = "v.id#",
    .from = "unit_value AS v WHERE v.released = n.id ORDER BY v.id",
};

static const struct part released_item_lines = {
    .word = "released-item",
    .columns = "i.id#",
    .from = "unit_item AS i WHERE i.released = n.id ORDER BY i.id",
    .next = &released_value_lines,
};

static const struct part released_lines = {
    .word = "released",
    .columns = "u.id#",
    .from = "unit AS u WHERE u.released = n.id ORDER BY u.id",
    .next = &released_item_lines,
};

static const struct part lease_row_lines = {
    .word = "lease-row",
    .columns = "w.id# w.number# w.sha256",
    .from = "lease_row AS w WHERE w.lease = e.id ORDER BY w.number",
};

static const struct part attempt_lines = {
    .word = "attempt",
    .columns = "a.id# a.number# a.started_utc a.duration_ms# a.baud# a.reset a.loader a.phase"
               " a.code a.sentence a.hint a.board_state a.bytes_written# a.wire_bytes#"
               " a.baud_asked# a.baud_why a.write_mode a.round_trips#",
    .later = "a.fast",
    .timings = true,
    .from = "attempt AS a WHERE a.run = r.id ORDER BY a.number",
    .inner = &digest_lines,
};

static const struct part image_lines = {
    .word = "image",
    .columns = "i.id# i.number# i.file i.offset# i.size_bytes# i.sha256 i.md5 i.app_project"
               " i.app_version i.app_elf_sha256",
    .from = "image AS i WHERE i.recipe = c.id ORDER BY i.number",
};

static const struct part forms[LINK_KIND_COUNT] = {
    [LINK_STATION] = {
        .word = "station",
        .columns = "s.id# s.host s.boot_id s.pid# s.start_ticks# s.tool_version s.started_utc",
        .later = "s.presence",
        .from = "station AS s",
    },
    [LINK_STATION_END] = {
        .word = "station-end",
        .columns = "s.id# s.ended_utc",
        .from = "station AS s",
        .complete = "s.ended_utc IS NOT NULL",
    },
    [LINK_RECIPE] = {
        .word = "recipe",
        .columns = "c.id# c.name c.version c.chip c.text c.sha256 c.plan_sha256 c.added_utc",
        .from = "recipe AS c",
        .inner = &image_lines,
    },
    [LINK_LOT] = {
        .word = "lot",
        .columns = "l.id# l.name l.added_utc l.quantity# l.recipe# l.one_recipe# l.opened_by",
        .later = "l.fleet#",
        .from = "lot AS l",
    },
    [LINK_BOARD] = {
        .word = "board",
        .columns = "b.id# b.mac b.chip b.revision# b.flash_id# b.flash_bytes# b.first_seen_utc",
        .from = "board AS b",
    },
    /* Names what it refers to as well: the host, the lot, the recipe's identity, the MAC. */
    [LINK_RUN] = {
        .word = "run",
        .columns = "r.id# r.station# s.host r.lot# l.name r.recipe# c.plan_sha256 r.slot# r.port"
                   " r.operator r.started_utc r.board# b.mac r.seen_chip r.seen_revision#"
                   " r.seen_flash_id# r.seen_flash_bytes# r.ended_utc r.duration_ms# r.verdict"
                   " r.code r.sentence r.hint r.board_state r.app_text r.holds_place# r.rework_of#"
                   " r.rework_reason",
        .later = "r.golden# r.lease# r.claim# r.rework_elsewhere",
        .from = "run AS r LEFT JOIN station AS s ON s.id = r.station"
                " LEFT JOIN lot AS l ON l.id = r.lot"
                " LEFT JOIN recipe AS c ON c.id = r.recipe"
                " LEFT JOIN board AS b ON b.id = r.board",
        .inner = &attempt_lines,
        .complete = "r.verdict IS NOT NULL",
    },
    [LINK_CORRECTION] = {
        .word = "correction",
        .columns = "k.id# k.run# k.verdict k.operator k.reason k.host k.made_utc",
        .from = "correction AS k",
    },
    [LINK_CHECKPOINT] = {
        .word = "checkpoint",
        .columns = "p.id# p.lot# p.link# p.closed_utc p.closed_by p.text p.signature",
        .from = "checkpoint AS p",
    },
    [LINK_LABEL] = {
        .word = "label",
        .columns = "x.id# x.run# x.number# x.printer x.zpl x.operator x.reason x.ordered_utc",
        .from = "label AS x",
    },
    [LINK_LABEL_END] = {
        .word = "label-end",
        .columns = "x.id# x.begun_utc x.begun_by# x.ended_utc x.outcome x.sentence",
        .from = "label AS x",
        .complete = "x.outcome IS NOT NULL",
    },
    [LINK_ACT] = {
        .word = "act",
        .columns = "o.id# o.word o.person o.role o.proved# o.station# o.slot# o.run# o.lot#"
                   " l.name o.text o.reason o.host o.made_utc",
        .from = "act AS o LEFT JOIN lot AS l ON l.id = o.lot",
    },
    [LINK_UNIT] = {
        .word = "unit",
        .columns = "u.id# u.board# b.mac u.run# u.serial u.salt u.taken_utc",
        .later = "x.released#",
        .from = NOBODYS_MARK("unit", "u") " LEFT JOIN board AS b ON b.id = u.board",
        .inner = &unit_item_lines,
    },
    [LINK_UNIT_DECISION] = {
        .word = "unit-decision",
        .columns = "n.id# n.what n.board# n.serial n.mark n.operator n.reason n.host n.made_utc",
        .from = "unit_decision AS n",
        .inner = &released_lines,
    },
    [LINK_LEASE] = {
        .word = "lease",
        .columns = "e.id# e.number# e.kind e.lot# l.name e.places# e.counter e.first# e.last#"
                   " e.step# e.operator e.taken_utc e.until_utc e.boot_id e.until_boot_ms#",
        .later = "e.pool",
        .from = "lease AS e LEFT JOIN lot AS l ON l.id = e.lot",
        .inner = &lease_row_lines,
    },
    [LINK_LEASE_END] = {
        .word = "lease-end",
        .columns = "e.id# e.ended_utc e.used# e.why",
        .from = "lease AS e",
        .complete = "e.ended_utc IS NOT NULL",
    },
    [LINK_BURN] = {
        .word = "burn",
        .columns = "f.id# f.run# b.mac f.attempt# f.number# f.stage f.block# f.fuses f.words"
                   " f.key_salt f.key_hmac f.outcome f.proof f.sentence f.person f.made_utc",
        .from = "burn AS f LEFT JOIN run AS r ON r.id = f.run"
                " LEFT JOIN board AS b ON b.id = r.board",
    },
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

/* A number as it is; a text in quotes. replace() keeps bytes behind a NUL, where quote() would
 * stop. */
static void append_value(char sql[static FORM_SQL_CAP], const char *column, size_t n)
{
    const bool number = column[n - 1] == '#';
    append_text(sql, number ? "" : "'''' || replace(");
    append(sql, column, number ? n - 1 : n);
    append_text(sql, number ? "" : ", '''', '''''') || ''''");
}

static void append_in_place(char sql[static FORM_SQL_CAP], const char *column, size_t n)
{
    append_text(sql, "\n  || ' ' || ifnull(");
    append_value(sql, column, n);
    append_text(sql, ", 'NULL')");
}

static void append_by_name(char sql[static FORM_SQL_CAP], const char *column, size_t n)
{
    const size_t table = strcspn(column, ".") + 1; /* "a." is not part of the name */
    append_text(sql, "\n  || ifnull(' ");
    append(sql, column + table, n - table - (column[n - 1] == '#'));
    append_text(sql, "=' || ");
    append_value(sql, column, n);
    append_text(sql, ", '')");
}

static void append_each(char sql[static FORM_SQL_CAP], const char *columns,
                        void (*one)(char *sql, const char *column, size_t n))
{
    for (const char *p = columns; p && *p != '\0';) {
        const size_t n = strcspn(p, " ");
        one(sql, p, n);
        p += n + strspn(p + n, " ");
    }
}

/* Of version 2 in their places, the later ones by name. */
static void append_timings(char sql[static FORM_SQL_CAP], bool later)
{
    char column[48];
    for (size_t i = 0; i < TIMING_COUNT; i++) {
        const int n = snprintf(column, sizeof column, "a.%s#", timing_infos[i].column);
        if (later == (timing_infos[i].version > 2))
            (later ? append_by_name : append_in_place)(sql, column, (size_t)n);
    }
}

static void append_line(char sql[static FORM_SQL_CAP], const struct part *part)
{
    append_text(sql, "'");
    append_text(sql, part->word);
    append_text(sql, "'");
    append_each(sql, part->columns, append_in_place);
    if (part->timings)
        append_timings(sql, false);
    append_each(sql, part->later, append_by_name);
    if (part->timings)
        append_timings(sql, true);
    append_text(sql, " || char(10)");
}

/* The lines inside, and those inside them: three deep at most. */
static void append_inner(char sql[static FORM_SQL_CAP], const struct part *part)
{
    for (; part; part = part->next) {
        append_text(sql, "\n || ifnull((SELECT group_concat(line, '') FROM (SELECT ");
        append_line(sql, part);
        append_inner(sql, part->inner);
        append_text(sql, " AS line\n FROM ");
        append_text(sql, part->from);
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
    if (form->complete) {
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
    if (form->complete) {
        append_text(sql, " WHERE ");
        append_text(sql, form->complete);
    }
}
