#include "station/web/web_scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part {
    struct web_text json;
    uint64_t version;
};

struct scene_tile {
    struct part whole, progress;
    uint64_t changes;
    unsigned permille;
    int64_t tenths; /* of a second */
};

struct web_scene {
    uint64_t version, tiles_version; /* the latter: when their number changed */
    size_t count;
    struct scene_tile tiles[WEB_TILES_MAX];
    struct part summary;
    struct part log[WEB_LOG_MAX]; /* a ring */
    uint64_t log_count;           /* events so far */
};

struct web_scene *web_scene_new(void)
{
    return calloc(1, sizeof(struct web_scene));
}

void web_scene_free(struct web_scene *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < WEB_TILES_MAX; i++) {
        web_text_done(&s->tiles[i].whole.json);
        web_text_done(&s->tiles[i].progress.json);
    }
    for (size_t i = 0; i < WEB_LOG_MAX; i++)
        web_text_done(&s->log[i].json);
    web_text_done(&s->summary.json);
    free(s);
}

uint64_t web_scene_version(const struct web_scene *s)
{
    return s->version;
}

/* ---- Taking over ---- */

/* What was there before, if the new one found no memory. */
static void renew(struct web_scene *s, struct part *part, struct web_text *json)
{
    if (json->failed) {
        web_text_done(json);
        return;
    }
    web_text_done(&part->json);
    part->json = *json;
    part->version = ++s->version;
}

static void renew_whole(struct web_scene *s, struct scene_tile *at, const struct tile *tile)
{
    struct web_text json = { 0 };
    struct json_object o = web_text_json(&json);
    web_put_tile(&o, NULL, tile);
    renew(s, &at->whole, &json);
}

static void renew_progress(struct web_scene *s, struct scene_tile *at, const struct tile *tile)
{
    struct web_text json = { 0 };
    struct json_object o = web_text_json(&json);
    web_put_progress(&o, tile);
    renew(s, &at->progress, &json);
}

void web_scene_count(struct web_scene *s, size_t tiles)
{
    if (tiles > WEB_TILES_MAX)
        tiles = WEB_TILES_MAX;
    if (tiles == s->count)
        return;
    s->count = tiles;
    s->tiles_version = ++s->version;
}

void web_scene_tile(struct web_scene *s, size_t i, const struct tile *tile, bool progress)
{
    if (i >= s->count)
        return;
    struct scene_tile *at = &s->tiles[i];
    const unsigned permille = web_permille(tile);
    const int64_t tenths = (int64_t)(tile->seconds * 10);
    const bool changed = !at->whole.json.bytes || at->changes != tile->changes;
    if (!changed && (!progress || (permille == at->permille && tenths == at->tenths)))
        return;
    at->changes = tile->changes;
    at->permille = permille;
    at->tenths = tenths;
    if (changed)
        renew_whole(s, at, tile);
    else
        renew_progress(s, at, tile);
}

void web_scene_summary(struct web_scene *s, const struct floor_summary *sum)
{
    struct web_text json = { 0 };
    struct json_object o = web_text_json(&json);
    web_put_summary(&o, NULL, sum);
    const struct web_text *old = &s->summary.json;
    if (old->n == json.n && json.n > 0 && memcmp(old->bytes, json.bytes, json.n) == 0) {
        web_text_done(&json);
        return;
    }
    renew(s, &s->summary, &json);
}

void web_scene_event(struct web_scene *s, const struct event *event)
{
    struct web_text json = { 0 };
    struct json_object o = web_text_json(&json);
    web_put_event(&o, event);
    renew(s, &s->log[s->log_count++ % WEB_LOG_MAX], &json);
}

/* ---- Giving out ---- */

static void put_part(const struct part *part, bool *comma, struct web_text *to)
{
    if (*comma)
        web_text_say(to, ",");
    *comma = true;
    web_text_put(to, part->json.bytes, part->json.n);
}

/* The parts of a list that are newer; with what stands in front of the first of them. */
struct list {
    const char *name;
    bool begun, *comma;
    struct web_text *to;
};

static void list_add(struct list *l, const struct part *part, uint64_t seen)
{
    bool inner = l->begun;
    if (part->version <= seen || part->json.n == 0)
        return;
    if (!l->begun) {
        web_text_say(l->to, *l->comma ? ",\"" : "\"");
        web_text_say(l->to, l->name);
        web_text_say(l->to, "\":[");
        *l->comma = l->begun = true;
    }
    put_part(part, &inner, l->to);
}

static void list_end(struct list *l)
{
    if (l->begun)
        web_text_say(l->to, "]");
}

static uint64_t log_first(const struct web_scene *s)
{
    return s->log_count > WEB_LOG_MAX ? s->log_count - WEB_LOG_MAX : 0;
}

static void put_since_tiles(const struct web_scene *s, uint64_t seen, struct web_text *to,
                            bool *comma)
{
    struct list tiles = { "tiles", false, comma, to };
    for (size_t i = 0; i < s->count; i++)
        list_add(&tiles, &s->tiles[i].whole, seen);
    list_end(&tiles);
    struct list progress = { "progress", false, comma, to };
    for (size_t i = 0; i < s->count; i++) {
        if (s->tiles[i].progress.version > s->tiles[i].whole.version)
            list_add(&progress, &s->tiles[i].progress, seen);
    }
    list_end(&progress);
}

void web_scene_since(const struct web_scene *s, uint64_t seen, struct web_text *to)
{
    bool comma = false;
    char count[48];
    if (s->tiles_version > seen || seen == 0) {
        snprintf(count, sizeof count, "\"count\":%zu", s->count);
        web_text_say(to, count);
        comma = true;
    }
    put_since_tiles(s, seen, to, &comma);
    if (s->summary.version > seen) {
        web_text_say(to, comma ? ",\"summary\":" : "\"summary\":");
        web_text_put(to, s->summary.json.bytes, s->summary.json.n);
        comma = true;
    }
    struct list log = { "log", false, &comma, to };
    for (uint64_t i = log_first(s); seen > 0 && i < s->log_count; i++)
        list_add(&log, &s->log[i % WEB_LOG_MAX], seen);
    list_end(&log);
}

void web_scene_put_tiles(const struct web_scene *s, struct web_text *to)
{
    bool comma = false;
    web_text_say(to, "[");
    for (size_t i = 0; i < s->count; i++) {
        if (s->tiles[i].whole.json.n > 0)
            put_part(&s->tiles[i].whole, &comma, to);
    }
    web_text_say(to, "]");
}

void web_scene_put_summary(const struct web_scene *s, struct web_text *to)
{
    if (s->summary.json.n > 0)
        web_text_put(to, s->summary.json.bytes, s->summary.json.n);
    else
        web_text_say(to, "null");
}

void web_scene_put_log(const struct web_scene *s, struct web_text *to)
{
    bool comma = false;
    web_text_say(to, "[");
    for (uint64_t i = log_first(s); i < s->log_count; i++) {
        const struct part *part = &s->log[i % WEB_LOG_MAX];
        if (part->json.n > 0)
            put_part(part, &comma, to);
    }
    web_text_say(to, "]");
}
