/*
 * Makes a record as some months of a production line would leave it, for tests of what reads
 * records.
 *
 *   make_record FILE RUNS [--seed N] [--no-digests] [--chain] [--line N]
 *
 * The same RUNS and seed give the same rows. In it are: lots of one recipe each and runs of no lot,
 * sixteen slots of which number 7 is worn (it fails more and steps its rate down), boards that fail
 * and come back, boards that come back though they passed, boards that never said their MAC,
 * retries, stopped and interrupted runs, and one run that is still open, the last. The seed is
 * printed. Work days are Monday to Friday, 06:00 to 22:00, from 2026-03-02 on, 120 of them, however
 * many runs there are. Without digests (which no statistics need) the file has half the size. With
 * --chain `espstation audit` finds nothing wrong; that takes four times as long. Another line (1)
 * makes another record from its first link on, of boards that other lines have as well.
 *
 * Recipes, lots and the schema are made by db/ itself. The many rows go in past its calls, with the
 * triggers and indexes off and in one transaction, because a million runs are wanted in seconds;
 * what the triggers ask for is kept here. An unfinished file is removed.
 */
#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum {
    SLOTS = 16,
    WORN_SLOT = 7,
    RECIPES = 4,
    IMAGES_MAX = 3,
    WAITING_MAX = 64,
    SQL_MAX = 192,
    WORK_DAYS = 120,
    DAY_MS = 86400000,
    WORK_MS = 16 * 3600 * 1000,
};
#define FIRST_DAY_MS INT64_C(1772409600000) /* 2026-03-02T00:00Z, a Monday */

/* ---- What the line makes ---- */

#define HEX32(digit) digit digit digit digit digit digit digit digit
#define MD5_OF(d)    HEX32(d) HEX32(d) HEX32(d) HEX32(d)
#define SHA_OF(d)    MD5_OF(d) MD5_OF(d)

struct product {
    struct db_recipe recipe;
    const char *seen_chip;
    int revision;
    int flash_id;
    int flash_bytes;
    int64_t baud;
};

static const struct db_image images_a[] = {
    { "bootloader.bin", 0x1000, 26768, SHA_OF("1"), MD5_OF("1"), NULL, NULL, NULL },
    { "partition-table.bin", 0x8000, 3072, SHA_OF("2"), MD5_OF("2"), NULL, NULL, NULL },
    { "thermostat.bin", 0x10000, 912345, SHA_OF("3"), MD5_OF("3"), "thermostat", "2.3.0",
      SHA_OF("4") },
};
static const struct db_image images_b[] = {
    { "bootloader.bin", 0x1000, 26768, SHA_OF("1"), MD5_OF("1"), NULL, NULL, NULL },
    { "partition-table.bin", 0x8000, 3072, SHA_OF("2"), MD5_OF("2"), NULL, NULL, NULL },
    { "thermostat.bin", 0x10000, 934567, SHA_OF("5"), MD5_OF("5"), "thermostat", "2.3.1",
      SHA_OF("6") },
};
static const struct db_image images_c[] = {
    { "bootloader.bin", 0, 20480, SHA_OF("7"), MD5_OF("7"), NULL, NULL, NULL },
    { "gateway.bin", 0x10000, 1482352, SHA_OF("8"), MD5_OF("8"), "gateway", "1.0.4", SHA_OF("9") },
};
static const struct db_image images_d[] = {
    { "blinky.bin", 0, 310272, SHA_OF("a"), MD5_OF("a"), NULL, NULL, NULL },
};

#define RECIPE(name_, version_, chip_, images_)                                                    \
    {                                                                                              \
        .name = name_, .version = version_, .chip = chip_,                                         \
        .text = "recipe: " name_ "\nchip: " chip_ "\n",                                            \
        .text_bytes = sizeof("recipe: " name_ "\nchip: " chip_ "\n") - 1, .images = images_,       \
        .image_count = COUNT(images_)                                                              \
    }

static const struct product products[RECIPES] = {
    { RECIPE("thermostat", "2.3.0", "esp32", images_a), "ESP32-D0WD-V3", 301, 0x164020, 4194304,
      921600 },
    { RECIPE("gateway", "1.0.4", "esp32s3", images_c), "ESP32-S3", 2, 0x1840c8, 16777216, 921600 },
    { RECIPE("thermostat", "2.3.1", "esp32", images_b), "ESP32-D0WD-V3", 301, 0x164020, 4194304,
      921600 },
    { RECIPE("blinky", NULL, "esp8266", images_d), "ESP8266EX", -1, 0x1540ef, 2097152, 460800 },
};

/* How runs fail. Those with a `weight` are drawn; the others have a cause of their own. */
struct failure {
    const char *code, *phase, *state, *sentence, *hint;
    int weight;
    bool known;  /* the board said its MAC before */
    bool retry;  /* other attempts are made */
    bool slower; /* ... at a lower rate */
};

static const struct failure failures[] = {
    { "no-sync", "sync", "untouched", "Nothing answered in 5 tries", "Check cable and supply.", 22,
      false, true, false },
    { "wrong-boot-mode", "sync", "untouched", "The board runs its application",
      "Check the wire of GPIO0.", 4, false, true, false },
    { "port-gone", "write", "half-written", "The port went away", "Plug the cable back in.", 4,
      true, true, false },
    { "identify", "identify", "untouched", "No reply to READ_REG after 3.0 s", "Check the cable.",
      2, true, true, false },
    { "wrong-chip", "gate", "untouched", "This is another chip than the recipe's",
      "Put the right board in the slot.", 3, true, false, false },
    { "flash-size", "gate", "untouched", "The flash is smaller than the plan", NULL, 1, true, false,
      false },
    { "secured", "gate", "untouched", "Flash encryption is on", NULL, 1, true, false, false },
    { "stub", "stub", "untouched", "The stub did not say hello", NULL, 3, true, true, false },
    { "baud", "baud", "untouched", "Nothing legible at the new rate", "Use a lower rate.", 5, true,
      true, true },
    { "erase", "erase", "half-written", "Refused with status 01 06", NULL, 2, true, true, false },
    { "write", "write", "half-written", "Block 17 of 43: no reply after 3.0 s",
      "Check cable and supply; a lower port.baud in the recipe can help.", 18, true, true, true },
    { "verify", "verify", "written", "The MD5 differs, from byte 4096 on",
      "The flash holds other bytes than were sent: check its supply.", 14, true, true, true },
    { "finish", "leave", "verified", "The board did not leave the loader", NULL, 2, true, true,
      false },
    { "boot", "boot", "verified",
      "The application said \"Brownout detector\", which the recipe "
      "rejects",
      "Check the supply.", 19, true, true, false },
};
static const struct failure duplicate = { "duplicate",
                                          "gate",
                                          "untouched",
                                          "This board passed before in this lot",
                                          "This board was flashed before; ask the engineer.",
                                          0,
                                          true,
                                          false,
                                          false };
static const struct failure stopped = {
    "stopped", "write", "half-written", "Stopped by hand", "Start the run again.", 0,
    true,      false,   false
};
static const struct failure interrupted = {
    "station", "write", "unknown", "The station ended in the middle of this run", NULL, 0,
    true,      false,   false
};
static const struct failure none = { "ok", "boot", "running", NULL, NULL, 0, true, false, false };

/* ---- The world ---- */

/* A board that failed and will come back. */
struct waiting {
    int64_t board, lot, due_run;
    size_t product;
};

struct world {
    struct db *db;
    const char *path;
    uint64_t line;
    struct err e;
    uint64_t random;
    bool digests, chain;
    int64_t runs, lots;
    int64_t recipe_ids[RECIPES], image_ids[RECIPES][IMAGES_MAX];
    int64_t *lot_ids;
    int64_t station, boards, attempts;
    struct waiting waiting[WAITING_MAX], passed;
    size_t waiting_count;
    sqlite3_stmt *add_station, *end_station, *add_board, *add_run, *add_attempt, *add_digest;
    char *put_back[SQL_MAX]; /* triggers and indexes that are off */
    size_t put_back_count;
};

/* One run while it is made. */
struct made {
    int64_t id, board, lot, start_ms, duration_ms;
    size_t product;
    int slot, attempts;
    const char *verdict;
    const struct failure *how;  /* it ended */
    const struct failure *hurt; /* the attempts before the last ended so */
    int64_t bytes, baud;        /* of the last attempt */
};

/* Ends the program, which lets go of the file: only its name must go. */
static void die(struct world *w, const char *what, const char *why)
{
    static const char *const tails[] = { "", "-wal", "-shm", "-journal" };
    char path[4096];
    fprintf(stderr, "make_record: %s: %s\n", what, why);
    for (size_t i = 0; i < COUNT(tails); i++) {
        snprintf(path, sizeof path, "%s%s", w->path, tails[i]);
        unlink(path);
    }
    exit(1);
}

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t z = w->random += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

static bool chance(struct world *w, uint64_t per_mille)
{
    return draw(w, 1000) < per_mille;
}

/* ---- SQL ---- */

static void run_sql(struct world *w, const char *sql)
{
    if (sqlite3_exec(w->db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(w, sql, sqlite3_errmsg(w->db->sql));
}

static sqlite3_stmt *prepare(struct world *w, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(w->db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        die(w, sql, sqlite3_errmsg(w->db->sql));
    return s;
}

static void step(struct world *w, sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_DONE)
        die(w, sqlite3_sql(s), sqlite3_errmsg(w->db->sql));
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* The text must stay until the statement was stepped. */
static void bind_utc(sqlite3_stmt *s, int at, int64_t utc_ms, char text[static DB_UTC_CAP])
{
    db_utc_text(utc_ms, text);
    bind_text(s, at, text);
}

/* What the calls of db/ do when a row is complete. */
static void link_row(struct world *w, enum link_kind kind, int64_t row)
{
    if (w->chain && !chain_link_locked(w->db, kind, row, &w->e))
        die(w, "a link", w->e.what);
}

static void take_away(struct world *w)
{
    char drop[256];
    sqlite3_stmt *s = prepare(w, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
                                 " AND type IN ('trigger', 'index')");
    while (sqlite3_step(s) == SQLITE_ROW) {
        if (w->put_back_count == SQL_MAX)
            die(w, "the schema", "more triggers and indexes than this tool keeps");
        w->put_back[w->put_back_count++] = strdup((const char *)sqlite3_column_text(s, 2));
    }
    sqlite3_reset(s);
    while (sqlite3_step(s) == SQLITE_ROW) {
        snprintf(drop, sizeof drop, "DROP %s %s", (const char *)sqlite3_column_text(s, 0),
                 (const char *)sqlite3_column_text(s, 1));
        sqlite3_reset(s); /* a table cannot be dropped under a reader */
        run_sql(w, drop);
    }
    sqlite3_finalize(s);
}

static void put_back(struct world *w)
{
    for (size_t i = 0; i < w->put_back_count; i++) {
        run_sql(w, w->put_back[i]);
        free(w->put_back[i]);
    }
}

/* ---- Rows ---- */

/* The work days without their nights and week-ends, laid out on the calendar. */
static int64_t calendar_ms(int64_t work_ms)
{
    const int64_t day = work_ms / WORK_MS;
    return FIRST_DAY_MS + (day / 5 * 7 + day % 5) * DAY_MS + 6 * 3600 * 1000 + work_ms % WORK_MS;
}

static int64_t start_of(struct world *w, int64_t run)
{
    const int64_t all_ms = (int64_t)WORK_DAYS * WORK_MS;
    const int64_t from = (run - 1) * all_ms / w->runs;
    const int64_t to = run * all_ms / w->runs;
    return calendar_ms(from + (int64_t)draw(w, (uint64_t)(to > from ? to - from : 1)));
}

static void new_station(struct world *w, int64_t utc_ms)
{
    char utc[DB_UTC_CAP];
    if (w->station != 0) {
        bind_utc(w->end_station, 1, utc_ms, utc);
        sqlite3_bind_int64(w->end_station, 2, w->station);
        step(w, w->end_station);
        link_row(w, LINK_STATION_END, w->station);
    }
    sqlite3_bind_int64(w->add_station, 1, ++w->station);
    sqlite3_bind_int64(w->add_station, 2, 1000 + w->station);
    sqlite3_bind_int64(w->add_station, 3, 5000 + w->station * 77);
    bind_utc(w->add_station, 4, utc_ms, utc);
    sqlite3_bind_int64(w->add_station, 5, (int64_t)w->line);
    step(w, w->add_station);
    link_row(w, LINK_STATION, w->station);
}

static void bind_chip(sqlite3_stmt *s, int at, const struct product *p)
{
    bind_text(s, at, p->seen_chip);
    if (p->revision >= 0)
        sqlite3_bind_int(s, at + 1, p->revision);
    sqlite3_bind_int(s, at + 2, p->flash_id);
    sqlite3_bind_int(s, at + 3, p->flash_bytes);
}

static int64_t new_board(struct world *w, const struct made *m)
{
    char mac[DB_MAC_CAP], utc[DB_UTC_CAP];
    const unsigned n = (unsigned)++w->boards;
    snprintf(mac, sizeof mac, "24:0a:c4:%02x:%02x:%02x", n >> 16 & 0xFF, n >> 8 & 0xFF, n & 0xFF);
    sqlite3_bind_int64(w->add_board, 1, w->boards);
    bind_text(w->add_board, 2, mac);
    bind_chip(w->add_board, 3, &products[m->product]);
    bind_utc(w->add_board, 7, m->start_ms + 900, utc);
    step(w, w->add_board);
    link_row(w, LINK_BOARD, w->boards);
    return w->boards;
}

static void add_digests(struct world *w, const struct made *m, bool verified)
{
    const struct db_recipe *r = &products[m->product].recipe;
    for (size_t i = 0; i < r->image_count; i++) {
        const bool last = i + 1 == r->image_count;
        sqlite3_bind_int64(w->add_digest, 1, w->attempts);
        sqlite3_bind_int64(w->add_digest, 2, w->image_ids[m->product][i]);
        bind_text(w->add_digest, 3, r->images[i].md5);
        bind_text(w->add_digest, 4, verified || !last ? r->images[i].md5 : MD5_OF("f"));
        bind_text(w->add_digest, 5, r->images[i].md5);
        bind_text(w->add_digest, 6, r->images[i].sha256);
        step(w, w->add_digest);
    }
}

static int64_t bytes_of(const struct product *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->recipe.image_count; i++)
        sum += (int64_t)p->recipe.images[i].size_bytes;
    return sum;
}

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

/* How far an attempt got. */
enum reach { NOTHING_SENT, PART_SENT, ALL_SENT };

static enum reach reach_of(const struct failure *how)
{
    if (is(how->state, "half-written"))
        return PART_SENT;
    return is(how->state, "written") || is(how->state, "verified") || is(how->state, "running")
               ? ALL_SENT
               : NOTHING_SENT;
}

static int64_t around(struct world *w, int64_t ms)
{
    return ms + (int64_t)draw(w, (uint64_t)ms / 4 + 1);
}

/* Phases that were not reached stay unknown (-1). One board in a hundred stalls for seconds. */
static struct db_timing timing_of(struct world *w, const struct failure *how, int64_t bytes,
                                  int64_t wire_ms)
{
    const bool sent = reach_of(how) != NOTHING_SENT;
    const bool all = reach_of(how) == ALL_SENT;
    return (struct db_timing){
        .reset_ms = around(w, 120),
        .sync_ms = around(w, 60),
        .identify_ms = how->known ? around(w, 90) : -1,
        .stub_ms = sent ? around(w, 180) : -1,
        .baud_ms = sent ? around(w, 60) : -1,
        .erase_ms = sent ? around(w, bytes / 4000 + 40) : -1,
        .wire_ms = sent ? wire_ms : -1,
        .stall_ms =
            sent ? around(w, bytes / 2000 + 40) + (chance(w, 10) ? around(w, 7000) : 0) : -1,
        .md5_ms = all ? around(w, bytes / 6000 + 4) : -1,
        .leave_ms = all ? around(w, 110) : -1,
        .boot_ms = is(how->phase, "boot") ? around(w, 400) : -1,
        .floor_ms = sent ? wire_ms + bytes / 2500 : -1,
    };
}

/* In the order of the columns; gives their sum without the last, which is an estimate. */
static int64_t bind_timing(sqlite3_stmt *s, int at, const struct db_timing *t)
{
    const int64_t all[] = { t->reset_ms, t->sync_ms,  t->identify_ms, t->stub_ms,
                            t->baud_ms,  t->erase_ms, t->wire_ms,     t->stall_ms,
                            t->md5_ms,   t->leave_ms, t->boot_ms,     t->floor_ms };
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT(all); i++) {
        if (all[i] >= 0)
            sqlite3_bind_int64(s, at + (int)i, all[i]);
        if (all[i] >= 0 && i + 1 < COUNT(all))
            sum += all[i];
    }
    return sum;
}

static void bind_rate(sqlite3_stmt *s, int at, const struct made *m, int number, int64_t baud)
{
    const int64_t asked = products[m->product].baud;
    sqlite3_bind_int64(s, at, baud);
    sqlite3_bind_int64(s, at + 1, asked);
    bind_text(s, at + 2, baud == asked ? "recipe" : number == 1 ? "learned" : "stepped-down");
}

/* One attempt that ended as `how`; gives its milliseconds. */
static int64_t add_attempt(struct world *w, const struct made *m, int number, int64_t start_ms,
                           const struct failure *how, int64_t baud)
{
    const int64_t image_bytes = bytes_of(&products[m->product]);
    const int64_t bytes = reach_of(how) == NOTHING_SENT ? 0
                          : reach_of(how) == ALL_SENT   ? image_bytes
                                                        : image_bytes / 43 * 16;
    const int64_t wire = bytes * 6 / 10; /* as deflate leaves of code */
    const struct db_timing timing = timing_of(w, how, bytes, wire * 10000 / baud);
    char utc[DB_UTC_CAP];
    sqlite3_stmt *s = w->add_attempt;
    sqlite3_bind_int64(s, 1, ++w->attempts);
    sqlite3_bind_int64(s, 2, m->id);
    sqlite3_bind_int(s, 3, number);
    bind_utc(s, 4, start_ms, utc);
    bind_text(s, 5, "classic");
    bind_text(s, 6, is(how->phase, "sync") ? NULL : "stub");
    bind_text(s, 7, how->phase);
    bind_text(s, 8, how->code);
    bind_text(s, 9, how->sentence);
    bind_text(s, 10, how->hint);
    bind_text(s, 11, how->state);
    sqlite3_bind_int64(s, 12, bytes);
    sqlite3_bind_int64(s, 13, wire + wire / 50 + 4000);
    bind_rate(s, 14, m, number, baud);
    sqlite3_bind_int64(s, 17, 60 + bytes / 16384);
    const int64_t ms = bind_timing(s, 18, &timing) + (int64_t)draw(w, 30);
    sqlite3_bind_int64(s, 30, ms);
    step(w, s);
    if (reach_of(how) == ALL_SENT && w->digests)
        add_digests(w, m, !is(how->code, "verify"));
    return ms;
}

/* A slot that has had to go slower begins its next boards slower, too. */
static int64_t first_baud(struct world *w, const struct made *m)
{
    const int64_t asked = products[m->product].baud;
    return m->slot == WORN_SLOT && chance(w, 600) ? asked / 2 : asked;
}

static int64_t add_attempts(struct world *w, const struct made *m)
{
    int64_t baud = first_baud(w, m);
    int64_t ms = 40;
    for (int n = 1; n <= m->attempts; n++) {
        const struct failure *how = n < m->attempts ? m->hurt : m->how;
        ms += add_attempt(w, m, n, m->start_ms + ms, how, baud) + (n < m->attempts ? 250 : 0);
        if (how->slower && baud > 115200)
            baud = baud / 2 > 115200 ? baud / 2 : 115200;
    }
    return ms;
}

static void add_run(struct world *w, const struct made *m, int64_t duration_ms)
{
    char started[DB_UTC_CAP], ended[DB_UTC_CAP], port[32];
    sqlite3_stmt *s = w->add_run;
    snprintf(port, sizeof port, "/dev/ttyUSB%d", m->slot - 1);
    sqlite3_bind_int64(s, 1, m->id);
    sqlite3_bind_int64(s, 2, w->station);
    if (m->lot != 0)
        sqlite3_bind_int64(s, 3, m->lot);
    sqlite3_bind_int64(s, 4, w->recipe_ids[m->product]);
    sqlite3_bind_int(s, 5, m->slot);
    bind_text(s, 6, port);
    bind_text(s, 7, m->id / 700 % 2 == 0 ? "Ada" : "Grace");
    bind_utc(s, 8, m->start_ms, started);
    if (m->board != 0) {
        sqlite3_bind_int64(s, 9, m->board);
        bind_chip(s, 10, &products[m->product]);
    }
    if (m->how != NULL && m->how != &interrupted) {
        bind_utc(s, 14, m->start_ms + duration_ms, ended);
        sqlite3_bind_int64(s, 15, duration_ms);
    }
    if (m->how != NULL) {
        bind_text(s, 16, m->verdict);
        bind_text(s, 17, m->how->code);
        bind_text(s, 18, m->how->sentence);
        bind_text(s, 19, m->how->hint);
        bind_text(s, 20, m->how->state);
        bind_text(s, 21, m->how == &none ? "boot: ready" : NULL);
    }
    step(w, s);
}

/* ---- What happens ---- */

static const struct failure *draw_failure(struct world *w)
{
    int sum = 0;
    for (size_t i = 0; i < COUNT(failures); i++)
        sum += failures[i].weight;
    int at = (int)draw(w, (uint64_t)sum);
    size_t i = 0;
    while (at >= failures[i].weight)
        at -= failures[i++].weight;
    return &failures[i];
}

static bool wait_for(struct world *w, const struct made *m)
{
    if (w->waiting_count == WAITING_MAX)
        return false;
    w->waiting[w->waiting_count++] =
        (struct waiting){ m->board, m->lot, m->id + 1 + (int64_t)draw(w, 60), m->product };
    return true;
}

/* The board of this run: one that failed before, one that passed before, or a new one (0). */
static void choose_board(struct world *w, struct made *m)
{
    const struct waiting *from = NULL;
    if (w->passed.board != 0 && chance(w, 3))
        from = &w->passed;
    for (size_t i = 0; from == NULL && i < w->waiting_count; i++) {
        if (w->waiting[i].due_run <= m->id)
            from = &w->waiting[i];
    }
    if (from == NULL)
        return;
    m->board = from->board;
    m->lot = from->lot;
    m->product = from->product;
    if (from == &w->passed)
        m->how = &duplicate;
    else
        w->waiting[from - w->waiting] = w->waiting[--w->waiting_count];
}

static void choose_end(struct world *w, struct made *m)
{
    const bool worn = m->slot == WORN_SLOT;
    if (m->how == &duplicate)
        m->verdict = "FAIL";
    else if (chance(w, 2)) {
        m->verdict = "STOPPED";
        m->how = &stopped;
    } else if (draw(w, 5000) == 0) {
        m->verdict = "INTERRUPTED";
        m->how = &interrupted;
    } else if (chance(w, worn ? 120 : 35)) {
        m->verdict = "FAIL";
        m->how = draw_failure(w);
    } else {
        m->verdict = "PASS";
        m->how = &none;
    }
    m->hurt = m->how == &none ? &failures[10 + draw(w, 2)] : m->how;
    if (m->how == &none)
        m->attempts = chance(w, worn ? 250 : 30) ? 2 + (int)chance(w, 200) : 1;
    else
        m->attempts = m->how->retry ? 3 : m->how == &interrupted ? 0 : 1;
}

static void remember(struct world *w, const struct made *m)
{
    if (m->board == 0)
        return;
    if (m->how == &none)
        w->passed = (struct waiting){ m->board, m->lot, 0, m->product };
    else if (m->how != &duplicate && chance(w, 800))
        wait_for(w, m);
}

static void make_run(struct world *w, int64_t id)
{
    const int64_t lot = (id - 1) * w->lots / w->runs;
    struct made m = { .id = id, .product = (size_t)lot % RECIPES, .start_ms = start_of(w, id) };
    m.slot = 1 + (int)draw(w, SLOTS);
    m.lot = chance(w, 20) ? 0 : w->lot_ids[lot];
    if (w->station == 0 || id % (w->runs / 200 + 1) == 0)
        new_station(w, m.start_ms - 5000);
    if (id == w->runs) { /* the last one still runs: nothing is known yet */
        add_run(w, &m, 0);
        return;
    }
    choose_board(w, &m);
    choose_end(w, &m);
    if (m.board == 0 && m.how->known)
        m.board = new_board(w, &m);
    else if (!m.how->known)
        m.board = 0;
    add_run(w, &m, add_attempts(w, &m));
    link_row(w, LINK_RUN, id);
    remember(w, &m);
}

/* ---- Start and end ---- */

static void find_images(struct world *w, size_t product)
{
    sqlite3_stmt *s = prepare(w, "SELECT id FROM image WHERE recipe = ? ORDER BY number");
    sqlite3_bind_int64(s, 1, w->recipe_ids[product]);
    for (size_t i = 0; i < IMAGES_MAX && sqlite3_step(s) == SQLITE_ROW; i++)
        w->image_ids[product][i] = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
}

static void make_recipes(struct world *w)
{
    for (size_t i = 0; i < RECIPES; i++) {
        w->recipe_ids[i] =
            db_recipe_put(w->db, &products[i].recipe, FIRST_DAY_MS + (int64_t)w->line - 1, &w->e);
        if (w->recipe_ids[i] == 0)
            die(w, "a recipe", w->e.what);
        find_images(w, i);
    }
}

static void make_lots(struct world *w)
{
    char name[32];
    w->lots = w->runs / 1000 < 8 ? 8 : w->runs / 1000;
    w->lot_ids = calloc((size_t)w->lots, sizeof *w->lot_ids);
    if (w->lot_ids == NULL)
        die(w, "lots", "no memory left");
    for (int64_t i = 0; i < w->lots; i++) {
        snprintf(name, sizeof name, "L%04" PRId64, i + 1);
        w->lot_ids[i] = db_lot_put(w->db, name, FIRST_DAY_MS, &w->e);
        if (w->lot_ids[i] == 0)
            die(w, "a lot", w->e.what);
    }
}

static void prepare_all(struct world *w)
{
    w->add_station = prepare(w, "INSERT INTO station (id, host, boot_id, pid, start_ticks,"
                                " tool_version, started_utc)"
                                " VALUES (?1, 'line-' || ?5, 'boot-1', ?2, ?3, '0.1.0', ?4)");
    w->end_station = prepare(w, "UPDATE station SET ended_utc = ? WHERE id = ?");
    w->add_board = prepare(w, "INSERT INTO board (id, mac, chip, revision, flash_id, flash_bytes,"
                              " first_seen_utc) VALUES (?, ?, ?, ?, ?, ?, ?)");
    w->add_run = prepare(w, "INSERT INTO run (id, station, lot, recipe, slot, port, operator,"
                            " started_utc, board, seen_chip, seen_revision, seen_flash_id,"
                            " seen_flash_bytes, ended_utc, duration_ms, verdict, code, sentence,"
                            " hint, board_state, app_text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                            " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    w->add_attempt = prepare(w, "INSERT INTO attempt (id, run, number, started_utc, reset, loader, "
                                "phase, code,"
                                " sentence, hint, board_state, bytes_written, wire_bytes, baud, "
                                "baud_asked, baud_why,"
                                " round_trips, reset_ms, sync_ms, identify_ms, stub_ms, baud_ms, "
                                "erase_ms, wire_ms,"
                                " stall_ms, md5_ms, leave_ms, boot_ms, floor_ms, duration_ms, "
                                "write_mode)"
                                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                "?, ?, ?, ?, ?, ?, ?,"
                                " ?, ?, ?, ?, 'always')");
    w->add_digest = prepare(w, "INSERT INTO digest (attempt, image, expected_md5, read_md5,"
                               " written_md5, written_sha256) VALUES (?, ?, ?, ?, ?, ?)");
}

static void finalize_all(struct world *w)
{
    sqlite3_stmt *const all[] = { w->add_station, w->end_station, w->add_board,
                                  w->add_run,     w->add_attempt, w->add_digest };
    for (size_t i = 0; i < COUNT(all); i++)
        sqlite3_finalize(all[i]);
}

static void make_record(struct world *w)
{
    w->db = db_open(w->path, 0, &w->e);
    if (w->db == NULL)
        die(w, w->path, w->e.what);
    run_sql(w, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
               "PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000");
    make_recipes(w);
    make_lots(w);
    run_sql(w, "BEGIN EXCLUSIVE");
    take_away(w);
    prepare_all(w);
    for (int64_t id = 1; id <= w->runs; id++)
        make_run(w, id);
    finalize_all(w);
    put_back(w);
    run_sql(w, "COMMIT; PRAGMA journal_mode = WAL");
    db_close(w->db);
    free(w->lot_ids);
}

static bool number(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    *value = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *value <= most;
}

int main(int argc, char **argv)
{
    struct world w = { .digests = true, .random = 1, .line = 1 };
    uint64_t runs = 0;
    bool ok = argc >= 3 && number(argv[2], 10000000, &runs) && runs > 0;
    for (int i = 3; ok && i < argc; i++) {
        if (is(argv[i], "--no-digests"))
            w.digests = false;
        else if (is(argv[i], "--chain"))
            w.chain = true;
        else if (is(argv[i], "--line"))
            ok = i + 1 < argc && number(argv[++i], 1000, &w.line);
        else
            ok = is(argv[i], "--seed") && i + 1 < argc && number(argv[++i], UINT64_MAX, &w.random);
    }
    if (!ok) {
        fprintf(stderr, "usage: make_record FILE RUNS [--seed N] [--no-digests] [--chain] "
                        "[--line N]\n");
        return 2;
    }
    if (access(argv[1], F_OK) == 0) {
        fprintf(stderr, "make_record: %s is there already\n", argv[1]);
        return 1;
    }
    w.path = argv[1];
    w.runs = (int64_t)runs;
    printf("%s: %" PRIu64 " runs, seed %" PRIu64 "\n", w.path, runs, w.random);
    make_record(&w);
    return 0;
}
