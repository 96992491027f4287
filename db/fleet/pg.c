/*
 * Requests to the server, each with a deadline, through libpq without blocking: one that never
 * answers, or a cable that was pulled, must not hold the sender, and who ends the sender must not
 * wait for either.
 */
#include "db/fleet/fleet_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000u
#define PIECE      ((size_t)64 << 10) /* of a COPY, between two looks at the socket */

const char *pg_number(int64_t number, char text[static PG_NUMBER_CAP])
{
    snprintf(text, PG_NUMBER_CAP, "%" PRId64, number);
    return text;
}

/* ---- What is wrong ---- */

/* Whether a SQLSTATE is of this class (its first two letters) or is it. */
static bool is_state(const char *state, const char *prefix)
{
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

static void advise(const char *state, struct err *e)
{
    if (is_state(state, "42501"))
        err_hint(e, "Give its user the role: GRANT espstation_station TO ... (or "
                    "espstation_reader, to read); only the owner can init.");
    else if (is_state(state, "3D000"))
        err_hint(e, "Make the database first: createdb.");
    else if (is_state(state, "53"))
        err_hint(e, "The server has no room, memory or connections left. Nothing is lost: what was "
                    "not sent is sent later.");
    else if (is_state(state, "22") || is_state(state, "23"))
        err_hint(e, "The server takes these rows from nobody; the record has them. To see whether "
                    "it is whole: espstation audit");
    else
        err_hint(e, "Nothing is lost: what was not sent is sent later. To look again: espstation "
                    "fleet status");
}

/* The first line: the others say where in libpq's or the server's code. */
static bool fail_text(const char *text, const char *state, struct err *e)
{
    const size_t n = strcspn(text, "\n");
    err_set(e, ERR_DATABASE, "PostgreSQL: %.*s", (int)(n < 200 ? n : 200), text);
    advise(state, e);
    return false;
}

static bool fail_connection(struct fleet *f, struct err *e)
{
    const char *const text = PQerrorMessage(f->pg);
    fail_text(text[0] ? text : "the connection was lost", "", e);
    if (PQconnectionNeedsPassword(f->pg) || PQconnectionUsedPassword(f->pg))
        err_hint(e, "The password comes from ~/.pgpass (HOST:PORT:DATABASE:USER:PASSWORD, mode "
                    "0600), or the file that PGPASSFILE names.");
    else if (strstr(text, "root certificate") || strstr(text, "certificate verify"))
        err_hint(e, "The certificate of who signs the server's belongs into "
                    "~/.postgresql/root.crt, or where sslrootcert=FILE says.");
    return false;
}

static bool fail_result(const PGresult *r, struct err *e)
{
    const char *const state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *const text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    return fail_text(text ? text : PQresultErrorMessage(r), state ? state : "", e);
}

/* ---- Waiting ---- */

static void begin(struct fleet *f, uint32_t ms)
{
    f->until = deadline_in_ms(f->clock, ms);
}

/* Until the socket is ready for one of `events`. */
static bool await_socket(struct fleet *f, short events, struct err *e)
{
    for (;;) {
        struct pollfd fds[2] = { { PQsocket(f->pg), events, 0 }, { f->stop_fd, POLLIN, 0 } };
        const int n = poll(fds, 2, deadline_left_ms(f->clock, f->until));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set_sys(e, ERR_STATION, errno, "Waiting for PostgreSQL");
        if (fds[1].revents != 0)
            return err_set(e, ERR_STOPPED, "Stopped while it waited for PostgreSQL");
        if (n > 0)
            return true;
        if (!deadline_over(f->clock, f->until))
            continue;
        fail_text("no answer came in time", "", e);
        return false;
    }
}

/* All that was asked goes out; what comes meanwhile is taken, or both ends would wait. */
static bool flush_out(struct fleet *f, struct err *e)
{
    int left;
    while ((left = PQflush(f->pg)) > 0) {
        if (!await_socket(f, POLLIN | POLLOUT, e))
            return false;
        if (PQconsumeInput(f->pg) == 0)
            return fail_connection(f, e);
    }
    return left == 0 || fail_connection(f, e);
}

/* The next result; *r is NULL behind the last. */
static bool next_result(struct fleet *f, PGresult **r, struct err *e)
{
    if (!flush_out(f, e))
        return false;
    while (PQisBusy(f->pg) == 1) {
        if (!await_socket(f, POLLIN, e))
            return false;
        if (PQconsumeInput(f->pg) == 0)
            return fail_connection(f, e);
    }
    *r = PQgetResult(f->pg);
    return true;
}

/* A connection whose request was given up is in no state to be used again. */
static void abandon(struct fleet *f)
{
    PQfinish(f->pg);
    f->pg = NULL;
}

/* Takes the results of one request and gives the last: NULL with *e if any failed. */
static PGresult *take_results(struct fleet *f, struct err *e)
{
    PGresult *last = NULL, *r;
    bool ok = true;
    for (;;) {
        if (!next_result(f, &r, e)) {
            PQclear(last);
            abandon(f);
            return NULL;
        }
        if (!r)
            break;
        const ExecStatusType status = PQresultStatus(r);
        if (ok && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
            ok = fail_result(r, e);
        PQclear(last);
        last = r;
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
            break;
    }
    if (ok && last)
        return last;
    PQclear(last);
    if (ok)
        fail_connection(f, e);
    return NULL;
}

/* ---- Asking ---- */

static bool is_open(const struct fleet *f, struct err *e)
{
    return f->pg ? true : fail_text("the connection was lost", "", e);
}

PGresult *pg_ask(struct fleet *f, const char *sql, const char *const *values, int count,
                 struct err *e)
{
    if (!is_open(f, e))
        return NULL;
    begin(f, f->wait_ms);
    if (PQsendQueryParams(f->pg, sql, count, NULL, values, NULL, NULL, 0) == 0) {
        fail_connection(f, e);
        return NULL;
    }
    return take_results(f, e);
}

bool pg_run(struct fleet *f, const char *sql, struct err *e)
{
    if (!is_open(f, e))
        return false;
    begin(f, f->wait_ms);
    if (PQsendQuery(f->pg, sql) == 0)
        return fail_connection(f, e);
    PGresult *const r = take_results(f, e);
    PQclear(r);
    return r != NULL;
}

bool pg_text(struct fleet *f, const char *sql, const char *const *values, int count, char *text,
             size_t cap, struct err *e)
{
    PGresult *const r = pg_ask(f, sql, values, count, e);
    text[0] = '\0';
    if (r && PQntuples(r) > 0)
        snprintf(text, cap, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return r != NULL;
}

bool pg_commit(struct fleet *f, struct err *e)
{
    PGresult *const r = pg_ask(f, "COMMIT", NULL, 0, e);
    /* A transaction that has failed already is answered without an error. */
    const bool kept = r && strcmp(PQcmdStatus(r), "COMMIT") == 0;
    f->wait_ms = f->usual_ms;
    if (r && !kept)
        fail_text("the transaction was rolled back", "", e);
    PQclear(r);
    return kept;
}

bool pg_take_time(struct fleet *f, struct err *e)
{
    f->wait_ms = PG_LONG_WAIT_MS;
    return pg_run(f, "SET LOCAL statement_timeout = 0", e);
}

void pg_roll_back(struct fleet *f)
{
    struct err ignored = { 0 };
    f->wait_ms = f->usual_ms;
    if (f->pg)
        pg_run(f, "ROLLBACK", &ignored);
}

/* ---- COPY ---- */

static bool begin_copy(struct fleet *f, const char *sql, ExecStatusType want, struct err *e)
{
    PGresult *r = NULL;
    if (!is_open(f, e))
        return false;
    begin(f, f->wait_ms);
    if (PQsendQuery(f->pg, sql) == 0)
        return fail_connection(f, e);
    if (!next_result(f, &r, e)) {
        abandon(f);
        return false;
    }
    const bool ok = PQresultStatus(r) == want || fail_result(r, e);
    PQclear(r);
    if (ok)
        return true;
    struct err ignored = { 0 };
    PQclear(take_results(f, &ignored));
    return false;
}

static bool put_pieces(struct fleet *f, const char *bytes, size_t n, struct err *e)
{
    while (n > 0) {
        const size_t piece = n < PIECE ? n : PIECE;
        begin(f, f->wait_ms);
        if (PQputCopyData(f->pg, bytes, (int)piece) < 0)
            return fail_connection(f, e);
        if (!flush_out(f, e))
            return false;
        bytes += piece;
        n -= piece;
    }
    return PQputCopyEnd(f->pg, NULL) >= 0 || fail_connection(f, e);
}

bool pg_copy_in(struct fleet *f, const char *sql, const char *bytes, size_t n, struct err *e)
{
    if (!begin_copy(f, sql, PGRES_COPY_IN, e))
        return false;
    if (!put_pieces(f, bytes, n, e)) {
        abandon(f);
        return false;
    }
    PGresult *const r = take_results(f, e);
    PQclear(r);
    return r != NULL;
}

/* 1: a row is in *bytes; 0: the end; below 0: failed. */
static int next_row(struct fleet *f, char **bytes, size_t *n, struct err *e)
{
    for (;;) {
        const int got = PQgetCopyData(f->pg, bytes, 1);
        if (got > 0) {
            *n = (size_t)got;
            return 1;
        }
        if (got == -1)
            return 0;
        if (got == -2) {
            fail_connection(f, e);
            return -1;
        }
        begin(f, f->wait_ms);
        if (!await_socket(f, POLLIN, e))
            return -1;
        if (PQconsumeInput(f->pg) == 0) {
            fail_connection(f, e);
            return -1;
        }
    }
}

/* Of the one or the other kind. */
struct taker {
    void *ctx;
    bool (*line)(void *ctx, char *line, size_t n, struct err *e);
    bool (*row)(void *ctx, const unsigned char *row, size_t n, struct err *e);
    bool begun;
};

/* "PGCOPY...", flags, the length of an extension: in front of the first row. */
#define BINARY_HEAD 19u

static bool take_binary(struct taker *t, const char *bytes, size_t n, struct err *e)
{
    const size_t head = t->begun ? 0 : BINARY_HEAD;
    t->begun = true;
    if (n < head + 2)
        return err_set(e, ERR_DATABASE, "PostgreSQL: a binary COPY began oddly");
    const unsigned char *const row = (const unsigned char *)bytes + head;
    return (row[0] == 0xFF && row[1] == 0xFF) || t->row(t->ctx, row, n - head, e);
}

static bool take_copied(struct taker *t, char *bytes, size_t n, struct err *e)
{
    if (t->row)
        return take_binary(t, bytes, n, e);
    bytes[n - 1] = '\0'; /* the end of the line */
    return t->line(t->ctx, bytes, n - 1, e);
}

static bool copy_out(struct fleet *f, const char *sql, struct taker *t, struct err *e)
{
    char *bytes = NULL;
    size_t n;
    int rows = 0;
    bool ok = begin_copy(f, sql, PGRES_COPY_OUT, e);
    if (!ok)
        return false;
    while (ok && (rows = next_row(f, &bytes, &n, e)) > 0) {
        ok = take_copied(t, bytes, n, e);
        PQfreemem(bytes);
    }
    if (!ok || rows < 0) {
        abandon(f);
        return false;
    }
    PGresult *const r = take_results(f, e);
    PQclear(r);
    return r != NULL;
}

bool pg_copy_out(struct fleet *f, const char *sql,
                 bool (*line)(void *ctx, char *line, size_t n, struct err *e), void *ctx,
                 struct err *e)
{
    struct taker t = { .ctx = ctx, .line = line };
    return copy_out(f, sql, &t, e);
}

bool pg_copy_out_binary(struct fleet *f, const char *sql,
                        bool (*row)(void *ctx, const unsigned char *row, size_t n, struct err *e),
                        void *ctx, struct err *e)
{
    struct taker t = { .ctx = ctx, .row = row };
    return copy_out(f, sql, &t, e);
}

/* ---- The connection ---- */

/* Where the text or a service says nothing else. Those of sockets are for TCP alone. A password is
 * never among them. sslmode stands behind the text, which could only say the same. */
static PGconn *start(const char *server)
{
    static const char *const names[] = { "connect_timeout",  "tcp_user_timeout",
                                         "keepalives_idle",  "keepalives_interval",
                                         "keepalives_count", "fallback_application_name",
                                         "dbname",           "sslmode",
                                         "client_encoding",  NULL };
    const char *const values[] = { "10",         "15000", "15",          "5",    "3",
                                   "espstation", server,  "verify-full", "UTF8", NULL };
    return PQconnectStartParams(names, values, 1);
}

static bool go_on_connecting(struct fleet *f, struct err *e)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED)
            return fail_connection(f, e);
        if (!await_socket(f, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, e))
            return false;
        status = PQconnectPoll(f->pg);
    }
    return PQsetnonblocking(f->pg, 1) == 0 || fail_connection(f, e);
}

/* A commit that was answered must be on the server's disk, and none may wait without end. */
static const char manners[] = "SET synchronous_commit = on; SET statement_timeout = '50s';"
                              "SET lock_timeout = '10s'; SET timezone = 'UTC';"
                              "SET idle_in_transaction_session_timeout = '60s';"
                              "SET search_path = espstation, pg_temp;"
                              "SET client_min_messages = warning";

static void ignore_notice(void *ctx, const PGresult *notice)
{
    (void)ctx;
    (void)notice;
}

static bool connect_to(struct fleet *f, const char *server, struct err *e)
{
    begin(f, f->wait_ms < CONNECT_MS ? f->wait_ms : CONNECT_MS);
    f->pg = start(server);
    if (!f->pg)
        return err_set(e, ERR_STATION, "No memory left to connect to PostgreSQL");
    if (PQstatus(f->pg) == CONNECTION_BAD)
        return fail_connection(f, e);
    PQsetNoticeReceiver(f->pg, ignore_notice, NULL);
    return go_on_connecting(f, e) && pg_run(f, manners, e);
}

struct fleet *fleet_open(const struct fleet_setup *setup, struct err *e)
{
    struct fleet *const f = calloc(1, sizeof *f);
    if (!f) {
        err_set(e, ERR_STATION, "No memory left to connect to PostgreSQL");
        return NULL;
    }
    f->clock = setup->clock;
    f->stop_fd = setup->stop_fd;
    f->wait_ms = f->usual_ms = setup->wait_ms > 0 ? setup->wait_ms : PG_WAIT_MS;
    if (connect_to(f, setup->server, e))
        return f;
    fleet_close(f);
    return NULL;
}

void fleet_close(struct fleet *f)
{
    if (!f)
        return;
    PQfinish(f->pg);
    free(f);
}
