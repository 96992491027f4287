/*
 * One scalar of a recipe into its field, or a mistake that says what was expected and what came.
 */
#include "core/base/nearest.h"
#include "core/base/plain.h"
#include "core/facts/chip.h"
#include "core/loader/reset.h"
#include "recipes/recipe_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define EXPECTATION_BYTES 160

_Static_assert(sizeof(enum recipe_verify) == sizeof(unsigned), "words are stored as unsigned");

/* ---- What went wrong --------------------------------------------------------------------------*/

/* "'port.baud' expects a number from 9600 to 5000000, got '99'" and what helps. */
static bool refuse(struct values *v, enum recipe_key id, const struct scalar *s, const char *advice)
{
    char wanted[EXPECTATION_BYTES];
    char got[QUOTE_BYTES];
    key_item_expectation(id, wanted, sizeof wanted);
    if (s->bytes == 0)
        recipe_report_add(v->report, s->at, "'%s' expects %s, but nothing is there",
                          key_row(id)->path, wanted);
    else
        recipe_report_add(v->report, s->at, "'%s' expects %s, got '%s'%s%s", key_row(id)->path,
                          wanted, value_quote(s->text, got, sizeof got), advice ? "; " : "",
                          advice ? advice : "");
    return false;
}

static bool refuse_word(struct values *v, enum recipe_key id, const struct scalar *s)
{
    struct nearest near;
    char advice[64] = "";
    nearest_init(&near, s->text);
    nearest_offer_words(&near, key_row(id)->words);
    if (near.best)
        text_append(advice, sizeof advice, "did you mean '%s'?", near.best);
    return refuse(v, id, s, near.best ? advice : NULL);
}

static bool no_memory(struct values *v)
{
    v->out_of_memory = true;
    return false;
}

/* Values end up in records, on screens and in messages: one line of plain text each, which shows as
 * it stands. UTF-8 is sound here, libyaml saw to that. */
static bool is_plain(struct values *v, enum recipe_key id, const struct scalar *s)
{
    for (size_t i = 0; i < s->bytes;) {
        uint32_t code = 0;
        const size_t bytes = plain_decode(s->text + i, s->bytes - i, &code);
        if (bytes > 0 && !plain_is_steering(code)) {
            i += bytes;
            continue;
        }
        recipe_report_add(v->report, s->at,
                          "'%s' holds control character 0x%02x; write one line of plain text",
                          key_row(id)->path, code);
        return false;
    }
    return true;
}

/* ---- Numbers ----------------------------------------------------------------------------------*/

/* Reads digits up to *end. Values past 32 bits stop at UINT64_MAX / 64, which no limit admits. */
static uint64_t read_digits(const char *text, unsigned base, const char **end)
{
    uint64_t value = 0;
    for (; base == 16 ? isxdigit((unsigned char)*text) : isdigit((unsigned char)*text); text++) {
        const int c = tolower((unsigned char)*text);
        const unsigned digit = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        value = value * base + digit;
        if (value > UINT64_MAX / 64)
            value = UINT64_MAX / 64;
    }
    *end = text;
    return value;
}

/* K, M, KB and MB, in either case; how far to shift, or -1. */
static int suffix_shift(const char *suffix)
{
    if (suffix[0] == '\0')
        return 0;
    if (suffix[1] != '\0' && strcasecmp(suffix + 1, "b") != 0)
        return -1;
    const int letter = toupper((unsigned char)suffix[0]);
    return letter == 'K' ? 10 : letter == 'M' ? 20 : -1;
}

/* Decimal or 0x, K and M behind decimal. `advice` says what is wrong beyond "not a number". */
static bool read_number(const char *text, bool bytes, uint64_t *value, const char **advice)
{
    const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *const digits = hex ? text + 2 : text;
    const char *end;
    *advice = NULL;
    *value = read_digits(digits, hex ? 16 : 10, &end);
    if (end == digits)
        return false;
    /* YAML 1.1 would read octal, a person may mean hexadecimal: ask. */
    if (!hex && digits[0] == '0' && end - digits > 1) {
        *advice = "write 0x for hexadecimal, or leave the leading zeros out";
        return false;
    }
    const int shift = suffix_shift(end);
    if (shift < 0 || (shift > 0 && hex))
        return false;
    /* Is 921K of baud 921000 or 943104? Only bytes come in 1024. */
    if (shift > 0 && !bytes) {
        *advice = "K and M are for offsets and sizes";
        return false;
    }
    *value = *value > (UINT64_MAX >> shift) ? UINT64_MAX : *value << shift;
    return true;
}

static bool store_number(struct values *v, enum recipe_key id, const struct scalar *s, void *field)
{
    const struct key *const key = key_row(id);
    const char *advice;
    uint64_t value;
    if (!read_number(s->text, key->kind == KEY_BYTES, &value, &advice))
        return refuse(v, id, s, advice);
    if (value < key->min || value > key->max)
        return refuse(v, id, s, NULL);
    const uint32_t stored = (uint32_t)value;
    memcpy(field, &stored, sizeof stored);
    return true;
}

static bool store_size(struct values *v, enum recipe_key id, const struct scalar *s,
                       struct recipe_flash *flash)
{
    const struct key *const key = key_row(id);
    const int word = word_index(key->words, s->text);
    const char *advice;
    uint64_t value;
    if (word >= 0) {
        flash->size = (enum recipe_flash_size)word;
        return true;
    }
    if (!isdigit((unsigned char)s->text[0]))
        return refuse_word(v, id, s);
    if (!read_number(s->text, true, &value, &advice))
        return refuse(v, id, s, advice);
    /* "4" alone is far below the least size; say what is missing. */
    if (value < 1024)
        return refuse(v, id, s, "did you leave out MB?");
    if (value < key->min || value > key->max || (value & (value - 1)) != 0)
        return refuse(v, id, s, NULL);
    flash->size = RECIPE_SIZE_GIVEN;
    flash->size_bytes = (uint32_t)value;
    return true;
}

static bool store_freq(struct values *v, enum recipe_key id, const struct scalar *s,
                       uint32_t *freq_mhz)
{
    const struct key *const key = key_row(id);
    const char *end;
    if (word_index(key->words, s->text) >= 0) {
        *freq_mhz = 0;
        return true;
    }
    if (!isdigit((unsigned char)s->text[0]))
        return refuse_word(v, id, s);
    const uint64_t value = read_digits(s->text, 10, &end);
    if (*end == '\0')
        return refuse(v, id, s, "write the m, too");
    if (strcasecmp(end, "m") != 0 || s->text[0] == '0' || value < key->min || value > key->max)
        return refuse(v, id, s, NULL);
    *freq_mhz = (uint32_t)value;
    return true;
}

/* ---- Texts and words --------------------------------------------------------------------------*/

static bool store_text(struct values *v, enum recipe_key id, const struct scalar *s, char **field)
{
    const struct key *const key = key_row(id);
    if (s->bytes < key->min || s->bytes > key->max)
        return refuse(v, id, s, NULL);
    char *const copy = strdup(s->text);
    if (!copy)
        return no_memory(v);
    free(*field);
    *field = copy;
    return true;
}

static bool store_word(struct values *v, enum recipe_key id, const struct scalar *s, void *field)
{
    const int word = word_index(key_row(id)->words, s->text);
    if (word < 0)
        return refuse_word(v, id, s);
    const unsigned stored = (unsigned)word;
    memcpy(field, &stored, sizeof stored);
    return true;
}

/* "ESP32-C3", "esp32c3" and "Esp32c3" are one name, so a slip is measured without dashes. */
static void drop_dashes(const char *text, char *buf, size_t cap)
{
    size_t n = 0;
    for (; *text && n + 1 < cap; text++) {
        if (*text != '-')
            buf[n++] = *text;
    }
    buf[n] = '\0';
}

static bool store_chip(struct values *v, const struct scalar *s, const struct chip **field)
{
    const struct chip *const chip = s->bytes ? chip_by_name(s->text) : NULL;
    if (chip) {
        *field = chip;
        return true;
    }
    char name[QUOTE_BYTES];
    char advice[240] = "";
    struct nearest near;
    drop_dashes(s->text, name, sizeof name);
    nearest_init(&near, name);
    for (size_t i = 0; i < chip_count(); i++)
        nearest_offer(&near, chip_at(i)->id_name, chip_at(i)->id_name);
    if (near.best)
        text_append(advice, sizeof advice, "did you mean '%s'? ", near.best);
    text_append(advice, sizeof advice, "there is");
    for (size_t i = 0; i < chip_count(); i++)
        text_append(advice, sizeof advice, "%s %s", i ? "," : "", chip_at(i)->id_name);
    return refuse(v, RECIPE_KEY_CHIP, s, advice);
}

static bool store_sha256(struct values *v, const struct scalar *s, struct recipe_image *image)
{
    static const char digits[] = "0123456789abcdef";
    if (s->bytes != 2 * sizeof image->sha256 ||
        strspn(s->text, "0123456789abcdefABCDEF") != s->bytes)
        return refuse(v, RECIPE_KEY_IMAGE_SHA256, s, NULL);
    for (size_t i = 0; i < sizeof image->sha256; i++) {
        const char *const high = strchr(digits, tolower((unsigned char)s->text[2 * i]));
        const char *const low = strchr(digits, tolower((unsigned char)s->text[2 * i + 1]));
        image->sha256[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    image->pinned = true;
    return true;
}

static bool store_file(struct values *v, const struct scalar *s, struct recipe_image *image)
{
    if (!store_text(v, RECIPE_KEY_IMAGE_FILE, s, &image->file))
        return false;
    image->path = file_join(v->base_dir ? v->base_dir : "", image->file);
    if (!image->path)
        return no_memory(v);
    return !v->base_dir || file_check_image(image->path, image->file, s->at, v->report);
}

/* ---- Reset sequences --------------------------------------------------------------------------*/

/* A text with | is a sequence, and core says what is wrong with it. Without, it is a sequence of
 * one item, or a slip of one of the words. Core has names that are no words of a recipe: `auto`
 * takes those in turn. */
static bool is_sequence(struct values *v, enum recipe_key id, const struct scalar *s)
{
    struct reset_sequence sequence;
    struct err e;
    if (s->bytes > key_row(id)->max)
        return refuse_word(v, id, s);
    if (reset_parse(s->text, &sequence, &e))
        return strcmp(sequence.name, "custom") == 0 || refuse_word(v, id, s);
    if (!strchr(s->text, '|'))
        return refuse_word(v, id, s);
    recipe_report_add(v->report, s->at, "'%s': %s. %s", key_row(id)->path, e.what, e.hint);
    return false;
}

static bool store_reset(struct values *v, enum recipe_key id, const struct scalar *s,
                        struct recipe_port *port)
{
    const bool before = id == RECIPE_KEY_PORT_RESET;
    const int word = word_index(key_row(id)->words, s->text);
    if (word < 0 && !is_sequence(v, id, s))
        return false;
    char *const copy = strdup(s->text);
    if (!copy)
        return no_memory(v);
    char **const text = before ? &port->reset_text : &port->after_text;
    free(*text);
    *text = copy;
    if (before)
        port->reset = word < 0 ? RECIPE_RESET_CUSTOM : (enum recipe_reset)word;
    else
        port->after = word < 0 ? RECIPE_AFTER_CUSTOM : (enum recipe_after)word;
    return true;
}

/* ---- By kind ----------------------------------------------------------------------------------*/

static bool store_item(struct values *v, enum recipe_key id, const struct scalar *s, void *target)
{
    const struct key *const key = key_row(id);
    char *const field = (char *)target + key->field;
    size_t *const count = (void *)((char *)target + key->count_field);
    const bool stored = key->kind == KEY_TEXTS
                            ? store_text(v, id, s, (char **)(void *)field + *count)
                            : store_number(v, id, s, field + *count * sizeof(uint32_t));
    *count += stored;
    return stored;
}

bool value_store(struct values *v, enum recipe_key id, const struct scalar *s, void *target)
{
    void *const field = (char *)target + key_row(id)->field;
    if (!is_plain(v, id, s))
        return false;
    switch (key_row(id)->kind) {
    case KEY_TEXT:
        return store_text(v, id, s, field);
    case KEY_NUMBER:
    case KEY_BYTES:
        return store_number(v, id, s, field);
    case KEY_TEXTS:
    case KEY_NUMBERS:
        return store_item(v, id, s, target);
    case KEY_WORD:
        return store_word(v, id, s, field);
    case KEY_CHIP:
        return store_chip(v, s, field);
    case KEY_SIZE:
        return store_size(v, id, s, &v->recipe->flash);
    case KEY_FREQ:
        return store_freq(v, id, s, field);
    case KEY_FILE:
        return store_file(v, s, target);
    case KEY_SHA256:
        return store_sha256(v, s, target);
    case KEY_RESET:
        return store_reset(v, id, s, &v->recipe->port);
    case KEY_MAP:
    case KEY_IMAGES:
        break;
    }
    return false; /* sections hold keys, not a value; the caller walks them */
}

static void store_preset(struct values *v, enum recipe_key id, void *target)
{
    char text[64] = "";
    text_append(text, sizeof text, "%s", key_row(id)->preset ? key_row(id)->preset : "");
    char *rest = text;
    for (char *word; (word = strsep(&rest, " ")) && *word;) {
        const struct scalar s = { .text = word, .bytes = strlen(word) };
        value_store(v, id, &s, target);
    }
}

void value_presets(struct values *v)
{
    for (unsigned id = 0; id < RECIPE_KEY_COUNT; id++) {
        if (key_row(id)->parent != RECIPE_KEY_IMAGES)
            store_preset(v, id, v->recipe);
    }
}

void value_image_presets(struct values *v, struct recipe_image *image)
{
    for (unsigned id = 0; id < RECIPE_KEY_COUNT; id++) {
        if (key_row(id)->parent == RECIPE_KEY_IMAGES)
            store_preset(v, id, image);
    }
}
