#include "station/terminal/face.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct state_row {
    enum word word;
    const char *sign, *ascii;
    const char *keys;
} states[TILE_STATE_COUNT] = {
    [TILE_NO_ADAPTER] = { WORD_NO_ADAPTER, "-", "-", "" },
    [TILE_EMPTY] = { WORD_EMPTY, ".", ".", "s" },
    [TILE_WORKING] = { WORD_WORKING, "*", "*", "x" },
    [TILE_PASS] = { WORD_PASS, "\xE2\x9C\x93", "+", "a" },
    [TILE_FAIL] = { WORD_FAIL, "\xE2\x9C\x97", "X", "ra" },
    [TILE_WAITING] = { WORD_WAITING, "?", "?", "sa" },
    [TILE_ATTENTION] = { WORD_ATTENTION, "!", "!", "ar" },
};

static const struct state_row *row_of(const struct tile *tile)
{
    return &states[(unsigned)tile->state < TILE_STATE_COUNT ? tile->state : TILE_ATTENTION];
}

static void add(struct face *face, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct face *face, const char *fmt, ...)
{
    va_list ap;
    if (face->count == FACE_FACTS_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(face->facts[face->count++], FACE_BYTES, fmt, ap);
    va_end(ap);
}

static void add_work(struct face *face, const struct tile *tile, enum language language)
{
    const uint64_t total = tile->bytes_total, done = tile->bytes_done;
    const unsigned percent = total == 0     ? 0
                             : done > total ? 100
                                            : (unsigned)((double)done * 100 / (double)total);
    add(face, "%u%%", percent);
    add(face, "%s", face->word);
    add(face, "%.0f s", tile->seconds);
    add(face, "%s", phase_word(tile->phase));
    if (tile->attempt > 1)
        add(face, "%s %u", word_in(language, WORD_ATTEMPT), tile->attempt);
}

/* WORD_COUNT: nothing is to be done. */
static enum word action_of(const struct tile *tile)
{
    switch (tile->state) {
    case TILE_EMPTY:
        return WORD_PUT_IN;
    case TILE_PASS:
    case TILE_FAIL:
        return WORD_TAKE_OUT;
    case TILE_ATTENTION:
        return WORD_CALL_ENGINEER;
    default:
        return WORD_COUNT;
    }
}

const char *face_cause(enum err_code code, enum language language)
{
    char key[64];
    snprintf(key, sizeof key, "cause-%s", err_word(code));
    for (int i = 0; i < WORD_COUNT; i++) {
        if (strcmp(word_key((enum word)i), key) == 0)
            return word_in(language, (enum word)i);
    }
    return "";
}

/* What is waited for stands in the sentence; a failure has its code, which in English is a word. */
static void add_cause(struct face *face, const struct tile *tile, enum language language)
{
    char said[FACE_BYTES];
    const struct err *e = &tile->err;
    const bool waits = tile->state == TILE_EMPTY || tile->state == TILE_WAITING;
    face->code = e->code == ERR_WAITING ? "" : err_word(e->code);
    face->brief = language == LANGUAGE_EN || e->code == ERR_WAITING ? face->code
                                                                    : face_cause(e->code, language);
    const bool is_said = waits && words_say(language, e->what, said, sizeof said);
    if (!is_said && !face->brief[0])
        return;
    add(face, "%s", is_said ? said : face->brief);
    face->cause = face->count - 1;
}

void face_make(struct face *face, const struct tile *tile, enum language language, bool signs)
{
    const struct state_row *row = row_of(tile);
    const enum word action = action_of(tile);
    *face = (struct face){ .sign = signs ? row->sign : row->ascii };
    face->word =
        word_in(language, tile->disabled                                    ? WORD_OUT_OF_WORK
                          : tile->state == TILE_PASS && tile->passed_before ? WORD_ALREADY_PASSED
                                                                            : row->word);
    if (tile->state == TILE_WORKING)
        add_work(face, tile, language);
    else
        add(face, "%s", face->word);
    face->cause = FACE_FACTS_MAX;
    if (tile->err.code != ERR_NONE)
        add_cause(face, tile, language);
    if (tile->golden)
        add(face, "%s", word_in(language, WORD_GOLDEN));
    if (action != WORD_COUNT)
        add(face, "%s", word_in(language, action));
    if ((tile->state == TILE_PASS || tile->state == TILE_FAIL) && tile->seconds > 0)
        add(face, "%.1f s", tile->seconds);
}

const char *face_keys(const struct tile *tile)
{
    return tile->disabled ? "" : row_of(tile)->keys;
}
