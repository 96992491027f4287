/*
 * What of the record goes where: one row a table of the server.
 *
 * Rows go when the link that binds them does, as they are then for ever. What comes later (the end
 * of a station process, of a label, that a unit was released) has a link of its own and so a table
 * of its own on the server, where nothing is ever changed. With each row stands the record it is
 * of and the link that brought it.
 */
#include "db/fleet/fleet_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIMING(version, name, sentence) " " #name "_ms#"
static const char attempt_columns[] =
    "id# run# number# started_utc@ duration_ms# baud# reset loader phase code sentence hint "
    "board_state bytes_written# wire_bytes# baud_asked# baud_why write_mode round_trips#"
#include "db/store/timing_list.h"
    " fast";

#define ROW_ITSELF(table) "CROSS JOIN " table " AS t ON t.id = l.row"
#define OF_RUN(rest)      "CROSS JOIN run AS r ON r.id = l.row " rest
#define OF_ATTEMPT(table)                                                                          \
    OF_RUN("CROSS JOIN attempt AS a ON a.run = r.id CROSS JOIN " table " AS t ON t.attempt = a.id")

/* clang-format off: rows by hand */
const struct fleet_table fleet_tables[FLEET_TABLE_COUNT] = {
    { "process", "station", "station", ROW_ITSELF("station"), NULL,
      "id# host boot_id pid# start_ticks# tool_version started_utc@ presence", NULL },
    { "process_end", "station", "station-end", ROW_ITSELF("station"), NULL, "id# ended_utc@",
      "UPDATE station SET ended_utc = ?2 WHERE id = ?1" },
    { "recipe", NULL, "recipe", ROW_ITSELF("recipe"), NULL,
      "id# name version chip text sha256 plan_sha256 added_utc@", NULL },
    { "image", NULL, "recipe", "CROSS JOIN image AS t ON t.recipe = l.row", NULL,
      "id# recipe# number# file offset# size_bytes# sha256 md5 app_project app_version "
      "app_elf_sha256",
      NULL },
    { "lot", NULL, "lot", ROW_ITSELF("lot"), NULL,
      "id# name added_utc@ quantity# recipe# one_recipe# opened_by fleet#", NULL },
    { "board", NULL, "board", ROW_ITSELF("board"), NULL,
      "id# mac chip revision# flash_id# flash_bytes# first_seen_utc@", NULL },
    { "run", NULL, "run", ROW_ITSELF("run"), "t.started_utc",
      "id# station>process# lot# recipe# slot# port operator started_utc@ board# seen_chip "
      "seen_revision# seen_flash_id# seen_flash_bytes# ended_utc@ duration_ms# verdict code "
      "sentence hint board_state app_text holds_place# rework_of# rework_reason golden# "
      "lease# claim# rework_elsewhere",
      NULL },
    { "attempt", NULL, "run", OF_RUN("CROSS JOIN attempt AS t ON t.run = r.id"), "r.started_utc",
      attempt_columns, NULL },
    { "digest", NULL, "run", OF_ATTEMPT("digest"), "r.started_utc",
      "attempt# image# expected_md5 read_md5 written_md5 written_sha256 skipped_bytes#", NULL },
    { "unit_digest", NULL, "run", OF_ATTEMPT("unit_digest"), "r.started_utc",
      "attempt# number# place offset# size_bytes# expected_md5 read_md5 written_md5 "
      "written_sha256 skipped_bytes#",
      NULL },
    { "correction", NULL, "correction", ROW_ITSELF("correction"), NULL,
      "id# run# verdict operator reason host made_utc@", NULL },
    { "checkpoint", NULL, "checkpoint", ROW_ITSELF("checkpoint"), NULL,
      "id# lot# link>closed_link# closed_utc@ closed_by text signature", NULL },
    { "label", NULL, "label", ROW_ITSELF("label"), NULL,
      "id# run# number# printer zpl operator reason ordered_utc@", NULL },
    { "label_end", "label", "label-end", ROW_ITSELF("label"), NULL,
      "id# begun_utc@ begun_by# ended_utc@ outcome sentence",
      "UPDATE label SET begun_utc = ?2, begun_by = ?3, ended_utc = ?4, outcome = ?5, "
      "sentence = ?6 WHERE id = ?1" },
    { "act", NULL, "act", ROW_ITSELF("act"), NULL,
      "id# word person role proved# station>process# slot# run# lot# text reason host made_utc@",
      NULL },
    { "unit", NULL, "unit", ROW_ITSELF("unit"), NULL, "id# board# run# serial salt taken_utc@",
      NULL },
    { "unit_item", NULL, "unit", "CROSS JOIN unit_item AS t ON t.unit = l.row", NULL,
      "id# unit# source name number# sha256 label", NULL },
    { "unit_value", NULL, "unit", "CROSS JOIN unit_value AS t ON t.unit = l.row", NULL,
      "id# unit# name text sha256 source is_unique#", NULL },
    { "unit_decision", NULL, "unit-decision", ROW_ITSELF("unit_decision"), NULL,
      "id# what board# serial mark operator reason host made_utc@", NULL },
    { "unit_released", "unit", "unit-decision", "CROSS JOIN unit AS t ON t.released = l.row", NULL,
      "released>decision# id#", "UPDATE unit SET released = ?1 WHERE id = ?2" },
    { "unit_item_released", "unit_item", "unit-decision",
      "CROSS JOIN unit_item AS t ON t.released = l.row", NULL, "released>decision# id#",
      "UPDATE unit_item SET released = ?1 WHERE id = ?2" },
    { "unit_value_released", "unit_value", "unit-decision",
      "CROSS JOIN unit_value AS t ON t.released = l.row", NULL, "released>decision# id#",
      "UPDATE unit_value SET released = ?1 WHERE id = ?2" },
    { "lease", NULL, "lease", ROW_ITSELF("lease"), NULL,
      "id# number# kind lot# places# counter first# last# step# pool operator taken_utc@ "
      "until_utc@ boot_id until_boot_ms#",
      NULL },
    { "lease_row", NULL, "lease", "CROSS JOIN lease_row AS t ON t.lease = l.row", NULL,
      "id# lease# number# sha256", NULL },
    { "lease_end", "lease", "lease-end", ROW_ITSELF("lease"), NULL, "id# ended_utc@ used# why",
      "UPDATE lease SET ended_utc = ?2, used = ?3, why = ?4 WHERE id = ?1" },
    { "burn", NULL, "burn", ROW_ITSELF("burn"), NULL,
      "id# run# attempt# number# stage block# fuses words key_salt key_hmac outcome proof "
      "sentence person made_utc@",
      NULL },
    /* The last, so that a batch that is cut off in the middle has rows without links, never links
     * without rows. */
    { "link", NULL, NULL, "CROSS JOIN link AS t ON t.id = l.id", NULL,
      "id# kind row# form_sha256 sha256", NULL },
};
/* clang-format on */

static void append(char sql[static FLEET_SQL_CAP], const char *text, size_t n)
{
    const size_t used = strlen(sql);
    snprintf(sql + used, FLEET_SQL_CAP - used, "%.*s", (int)n, text);
}

static void append_text(char sql[static FLEET_SQL_CAP], const char *text)
{
    append(sql, text, strlen(text));
}

void fleet_select_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP])
{
    sql[0] = '\0';
    append_text(sql, "SELECT l.id");
    if (t->month) {
        append_text(sql, ", ");
        append_text(sql, t->month);
    }
    for (const char *p = t->columns; *p != '\0';) {
        append_text(sql, ", t.");
        append(sql, p, strcspn(p, ">#@ "));
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    append_text(sql, " FROM link AS l ");
    append_text(sql, t->from);
    append_text(sql, " WHERE l.id > ?1 AND l.id <= ?2");
    if (t->kind) {
        /* Not by the index over kinds: the links of a batch are few, those of a kind are not. */
        append_text(sql, " AND +l.kind = '");
        append_text(sql, t->kind);
        append_text(sql, "'");
    }
    append_text(sql, " ORDER BY l.id");
}

/* The server's name of the column at p. */
static void append_server_column(char sql[static FLEET_SQL_CAP], const char *p)
{
    const size_t here = strcspn(p, ">#@ ");
    if (p[here] == '>')
        p += here + 1;
    append_text(sql, "\"");
    append(sql, p, strcspn(p, "#@ "));
    append_text(sql, "\"");
}

void fleet_copy_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP])
{
    sql[0] = '\0';
    append_text(sql, "COPY espstation.");
    append_text(sql, t->name);
    append_text(sql, " (record, link");
    if (t->month)
        append_text(sql, ", run_utc");
    for (const char *p = t->columns; *p != '\0';) {
        append_text(sql, ", ");
        append_server_column(sql, p);
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    append_text(sql, ") FROM STDIN");
}

/* ---- The way back ---- */

/* A time as the record writes it. */
static void append_out_column(char sql[static FLEET_SQL_CAP], const char *p)
{
    const bool time = p[strcspn(p, "@ ")] == '@';
    append_text(sql, time ? "to_char(t." : "t.");
    append_server_column(sql, p);
    append_text(sql, time ? " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')" : "");
}

void fleet_copy_out_sql(const struct fleet_table *t, int64_t record, char sql[static FLEET_SQL_CAP])
{
    char tail[256];
    sql[0] = '\0';
    append_text(sql, "COPY (SELECT ");
    for (const char *p = t->columns; *p != '\0';) {
        append_text(sql, p == t->columns ? "" : ", ");
        append_out_column(sql, p);
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    snprintf(tail, sizeof tail,
             " FROM espstation.lineage AS y JOIN espstation.%s AS t ON t.record = y.ancestor"
             " AND t.link <= y.upto WHERE y.record = %" PRId64 ") TO STDOUT",
             t->name, record);
    append_text(sql, tail);
}

void fleet_put_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP])
{
    size_t count = 0;
    sql[0] = '\0';
    if (t->put) {
        append_text(sql, t->put);
        return;
    }
    append_text(sql, "INSERT INTO ");
    append_text(sql, t->here ? t->here : t->name);
    for (const char *p = t->columns; *p != '\0'; count++) {
        append_text(sql, count == 0 ? " (" : ", ");
        append(sql, p, strcspn(p, ">#@ "));
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    for (size_t i = 0; i < count; i++)
        append_text(sql, i == 0 ? ") VALUES (?" : ", ?");
    append_text(sql, ")");
}
