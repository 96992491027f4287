/*
 * What a person types, one kind a line: reset sequences, MACs, dates, host and port, offsets,
 * command words, options. Each is taken or refused with a sentence. And what goes out as JSON can
 * be read back.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/nearest.h"
#include "core/facts/chip.h"
#include "core/loader/reset.h"
#include "core/ports/port_net.h"
#include "db/store/mac_utc.h"
#include "station/base/json.h"
#include "station/import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void try_reset(const char *text)
{
    struct err e = { 0 };
    struct reset_sequence s;
    bool ok = reset_parse(text, &s, &e);
    must_tell(ok, &e);
    must(!ok || (s.count > 0 && s.count <= RESET_STEPS_MAX), "a sequence has 1 to 24 steps");
    for (size_t i = 0; ok && i < s.count; i++)
        must(s.steps[i].wait_ms <= 10000 && (s.steps[i].mask & ~3u) == 0 &&
                 (s.steps[i].on & ~s.steps[i].mask) == 0,
             "a step waits at most 10 s, or sets what it names");
}

static void try_mac(const char *text)
{
    struct err e = { 0 };
    char mac[DB_MAC_CAP], again[DB_MAC_CAP];
    bool ok = db_mac_normalise(text, mac, &e);
    must_tell(ok, &e);
    must(!ok || (db_mac_normalise(mac, again, &e) && strcmp(mac, again) == 0),
         "the form of the record is a form of its own");
}

static void try_date(const char *text)
{
    struct err e = { 0 };
    int64_t first_ms = 0, after_ms = 0;
    bool ok = db_utc_span(text, &first_ms, &after_ms, &e);
    char utc[DB_UTC_CAP];
    must_tell(ok, &e);
    must(!ok || first_ms < after_ms, "a date has a length");
    must(!ok || db_utc_text(first_ms, utc), "a date can be written");
}

static void try_where(const char *text)
{
    static const char *const prefixes[] = { "rfc2217://", "socket://" };
    static const char *const options[] = { "ign_set_control", NULL };
    struct err e = { 0 };
    struct port_net_where to;
    must_tell(port_ops_for(text, &e) != NULL, &e);
    for (size_t i = 0; i < 2; i++) {
        char *where = NULL;
        e = (struct err){ 0 };
        must(asprintf(&where, "%s%s", prefixes[i], text) >= 0, "there is memory");
        bool ok = port_net_parse(where, prefixes[i], options[i], &to, &e);
        must_tell(ok, &e);
        must(!ok || (to.host[0] && to.tcp[0] >= '1' && to.tcp[0] <= '9'),
             "host and port are there");
        free(where);
    }
}

static void try_offset(const char *text)
{
    struct err e = { 0 };
    uint32_t addr;
    must_tell(import_parse_offset(text, &addr, &e), &e);
}

static void try_words(const char *text)
{
    static struct import_words words;
    struct err e = { 0 };
    bool ok = import_split(text, &words, &e);
    must_tell(ok, &e);
    must(words.count <= IMPORT_WORDS_MAX, "words have their limit");
    for (size_t i = 0; ok && i < words.count; i++)
        must(strlen(words.items[i]) <= strlen(text), "no word is longer than the line");
    import_words_done(&words);
    memset(&words, 0, sizeof words);
}

static void try_nearest(const char *text)
{
    struct nearest near;
    nearest_init(&near, text);
    for (size_t i = 0; i < chip_count(); i++)
        nearest_offer(&near, chip_at(i)->id_name, chip_at(i)->name);
    must(!chip_by_name(text) || near.best, "a name is near itself");
}

static bool is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80)
            return false;
    }
    return true;
}

static void try_json(const char *text)
{
    char *out = NULL;
    size_t n = 0;
    struct json_object o;
    struct err e = { 0 };
    FILE *f = open_memstream(&out, &n);
    must(f != NULL, "there is memory");
    json_begin(&o, f);
    json_text(&o, "said", text);
    json_integer(&o, "n", -1);
    json_end(&o);
    must(fclose(f) == 0, "there is memory");
    struct json_node *root = import_json("json", out, n, &e);
    if (is_ascii(text))
        must(root && strcmp(json_get_text(root, "said"), text) == 0,
             "what goes out as JSON can be read back");
    json_tree_free(root);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static void (*const kinds[])(const char *) = { try_reset,  try_mac,   try_date,    try_where,
                                                   try_offset, try_words, try_nearest, try_json };
    struct input in = { bytes, n };
    while (in.left > 0) {
        size_t kind = (size_t)input_byte(&in) % 8;
        char *line = input_line(&in);
        kinds[kind](line);
        free(line);
    }
    return 0;
}
