#include "station/outlet/outlet_queue.h"

#include "db/store/db.h"
#include "station/base/json.h"
#include "station/base/outfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many links at once: no more than messages that fit. */
#define BATCH OUTLET_AHEAD

struct outlet_queue {
    const struct station *station;
    struct db *reader;
    char path[4096];           /* of the file with the mark */
    struct db_news_mark told;  /* confirmed */
    struct db_news_mark saved; /* in the file */
    struct db_news_mark read;  /* links were read up to here */
    struct outlet_message ring[2 * OUTLET_AHEAD];
    size_t first, count, handed; /* of the count from `first` on, so many were handed out */
};

#define RING (sizeof((struct outlet_queue *)NULL)->ring / sizeof(struct outlet_message))

static struct outlet_message *at(struct outlet_queue *q, size_t i)
{
    return &q->ring[(q->first + i) % RING];
}

static void drop_first(struct outlet_queue *q)
{
    free(at(q, 0)->text);
    *at(q, 0) = (struct outlet_message){ .text = NULL };
    q->first = (q->first + 1) % RING;
    q->count--;
}

/* ---- The mark ---- */

static bool is_hash(const char *text)
{
    return strlen(text) == DB_LINK_SHA256_CAP - 1 &&
           strspn(text, "0123456789abcdef") == strlen(text);
}

/* *found: there is a file, with a mark in it. */
static bool load(struct outlet_queue *q, bool *found, struct err *e)
{
    FILE *const f = fopen(q->path, "re");
    *found = false;
    if (!f && errno == ENOENT)
        return true;
    if (!f)
        return err_set_sys(e, ERR_STATION, errno, "%.160s cannot be read", q->path);
    *found = fscanf(f, "%" SCNd64 " %64s", &q->told.link, q->told.sha256) == 2 &&
             q->told.link >= 0 && is_hash(q->told.sha256);
    fclose(f);
    if (*found)
        return true;
    err_set(e, ERR_STATION, "%.160s does not say which event was told last", q->path);
    return err_hint(e, "Remove it to go on with what comes from then on.");
}

bool outlet_queue_save(struct outlet_queue *q, struct err *e)
{
    struct outfile f = OUTFILE_CLOSED;
    char line[128];
    if (strcmp(q->told.sha256, q->saved.sha256) == 0)
        return true;
    const int n = snprintf(line, sizeof line, "%" PRId64 " %s\n", q->told.link, q->told.sha256);
    const bool ok = outfile_open(&f, q->path, e) && outfile_write(&f, line, (size_t)n, e) &&
                    outfile_keep(&f, e);
    outfile_drop(&f);
    if (ok)
        q->saved = q->told;
    return ok;
}

/* A record that was restored from a backup ends before the mark, or goes on otherwise. */
static bool check_mark(struct outlet_queue *q, bool *begins_anew, struct err *e)
{
    struct db_news_mark end;
    bool has;
    if (!db_news_has(q->reader, &q->told, &has, e) || !db_news_end(q->reader, &end, e))
        return false;
    *begins_anew = !has;
    if (!has)
        q->told = end;
    return true;
}

static bool find_mark(struct outlet_queue *q, bool *begins_anew, struct err *e)
{
    bool found;
    *begins_anew = false;
    if (!load(q, &found, e))
        return false;
    if (found)
        q->saved = q->told;
    if (!(found ? check_mark(q, begins_anew, e) : db_news_start(q->reader, &q->told, e)))
        return false;
    q->read = q->told;
    return outlet_queue_save(q, e);
}

/* ---- Its life ---- */

struct outlet_queue *outlet_queue_open(const struct station *station, const char *db_path,
                                       const char *suffix, bool *begins_anew, struct err *e)
{
    struct outlet_queue *const q = calloc(1, sizeof *q);
    if (!q) {
        err_set(e, ERR_STATION, "No memory left for events");
        return NULL;
    }
    q->station = station;
    const int n = snprintf(q->path, sizeof q->path, "%s-%s", db_path, suffix);
    q->reader = (size_t)n < sizeof q->path ? db_open_reader(db_path, DB_BUSY_MS, e) : NULL;
    if (q->reader && find_mark(q, begins_anew, e))
        return q;
    outlet_queue_close(q);
    return NULL;
}

void outlet_queue_close(struct outlet_queue *q)
{
    struct err ignored = { 0 };
    if (!q)
        return;
    if (q->reader)
        outlet_queue_save(q, &ignored);
    while (q->count > 0)
        drop_first(q);
    db_close(q->reader);
    free(q);
}

/* ---- Events ---- */

static void write_message(const struct outlet_queue *q, const struct db_news *news, FILE *out)
{
    const struct station *const s = q->station;
    struct json_object o;
    json_begin(&o, out);
    json_text(&o, "id", news->at.sha256);
    json_text(&o, "event", news->event);
    json_text(&o, "station", s->name);
    json_integer(&o, "link", news->at.link);
    db_news_put(news, &o);
    if (news->slot >= 1 && (size_t)news->slot <= s->slot_count)
        json_text(&o, "slot_name", s->slots[news->slot - 1].name);
    json_end(&o);
}

static bool take(void *ctx, const struct db_news *news)
{
    struct outlet_queue *const q = ctx;
    struct outlet_message *const m = at(q, q->count);
    FILE *const out = open_memstream(&m->text, &m->n);
    if (!out)
        return false;
    write_message(q, news, out);
    const bool bad = ferror(out) != 0;
    if (fclose(out) != 0 || bad || m->n == 0)
        return false;
    m->n--; /* the line's end */
    m->text[m->n] = '\0';
    m->at = news->at;
    snprintf(m->event, sizeof m->event, "%s", news->event);
    q->count++;
    return true;
}

/* Links of which nobody is told count as told, once all before them are. */
static bool read_on(struct outlet_queue *q, struct err *e)
{
    for (;;) {
        const int64_t before = q->read.link;
        if (!db_news(q->reader, &q->read, BATCH, take, q, e))
            return false;
        if (q->count > q->handed || q->read.link == before)
            break;
    }
    if (q->count == 0)
        q->told = q->read;
    return true;
}

bool outlet_queue_next(struct outlet_queue *q, const struct outlet_message **m, struct err *e)
{
    *m = NULL;
    if (q->handed >= OUTLET_AHEAD)
        return true;
    if (q->handed == q->count && q->count + BATCH <= RING && !read_on(q, e))
        return false;
    if (q->handed < q->count)
        *m = at(q, q->handed++);
    return true;
}

void outlet_queue_confirm(struct outlet_queue *q)
{
    if (q->handed == 0)
        return;
    q->told = at(q, 0)->at;
    q->handed--;
    drop_first(q);
}

void outlet_queue_rewind(struct outlet_queue *q)
{
    q->handed = 0;
}
