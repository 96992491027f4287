/*
 * The values that only recipes have, each into its field.
 */
#include "core/base/nearest.h"
#include "core/facts/chip.h"
#include "core/loader/reset.h"
#include "recipes/recipe_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Flash ---- */

bool store_size(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct recipe_flash *const flash = &((struct recipe *)target)->flash;
    const struct key *const key = key_row(v->kind, id);
    const int word = word_index(key->words, s->text);
    const char *advice;
    uint64_t value;
    if (word >= 0) {
        flash->size = (enum recipe_flash_size)word;
        return true;
    }
    if (!isdigit((unsigned char)s->text[0]))
        return value_refuse_word(v, id, s);
    if (!value_read_number(s->text, true, &value, &advice))
        return value_refuse(v, id, s, advice);
    /* "4" alone is far below the least size; say what is missing. */
    if (value < 1024)
        return value_refuse(v, id, s, "did you leave out MB?");
    if (value < key->min || value > key->max || (value & (value - 1)) != 0)
        return value_refuse(v, id, s, NULL);
    flash->size = RECIPE_SIZE_GIVEN;
    flash->size_bytes = (uint32_t)value;
    return true;
}

bool store_freq(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    uint32_t *const freq_mhz = &((struct recipe *)target)->flash.freq_mhz;
    const struct key *const key = key_row(v->kind, id);
    const char *end;
    if (word_index(key->words, s->text) >= 0) {
        *freq_mhz = 0;
        return true;
    }
    if (!isdigit((unsigned char)s->text[0]))
        return value_refuse_word(v, id, s);
    const uint64_t value = value_read_digits(s->text, &end);
    if (*end == '\0')
        return value_refuse(v, id, s, "write the m, too");
    if (strcasecmp(end, "m") != 0 || s->text[0] == '0' || value < key->min || value > key->max)
        return value_refuse(v, id, s, NULL);
    *freq_mhz = (uint32_t)value;
    return true;
}

/* ---- Chips ---- */

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

bool store_chip(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const struct chip *const chip = s->bytes ? chip_by_name(s->text) : NULL;
    if (chip) {
        ((struct recipe *)target)->chip = chip;
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
        text_append(advice, sizeof advice, "did you mean '%s'?", near.best);
    else
        text_append(advice, sizeof advice, "there is");
    for (size_t i = 0; !near.best && i < chip_count(); i++)
        text_append(advice, sizeof advice, "%s %s", i ? "," : "", chip_at(i)->id_name);
    return value_refuse(v, id, s, advice);
}

/* ---- Images ---- */

bool store_sha256(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct recipe_image *const image = target;
    static const char digits[] = "0123456789abcdef";
    if (s->bytes != 2 * sizeof image->sha256 ||
        strspn(s->text, "0123456789abcdefABCDEF") != s->bytes)
        return value_refuse(v, id, s, NULL);
    for (size_t i = 0; i < sizeof image->sha256; i++) {
        const char *const high = strchr(digits, tolower((unsigned char)s->text[2 * i]));
        const char *const low = strchr(digits, tolower((unsigned char)s->text[2 * i + 1]));
        image->sha256[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    image->pinned = true;
    return true;
}

bool store_file(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct recipe_image *const image = target;
    if (!value_store_text(v, id, s, image))
        return false;
    image->path = file_join(v->base_dir ? v->base_dir : "", image->file);
    if (!image->path)
        return value_no_memory(v);
    return !v->base_dir || file_check_image(image->path, image->file, s->at, v->report);
}

/* ---- Labels ---- */

bool store_label(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct recipe_label *const label = &((struct recipe *)target)->label;
    if (!value_store_text(v, id, s, target))
        return false;
    label->path = file_join(v->base_dir ? v->base_dir : "", label->file);
    label->file_at = s->at;
    return label->path || value_no_memory(v);
}

/* ---- Reset sequences ---- */

/* A text with | is a sequence, and core says what is wrong with it. Without, it is a sequence of
 * one item, or a slip of one of the words. Core has names that are no words of a recipe: `auto`
 * takes those in turn. */
static bool check_sequence(struct values *v, unsigned id, const struct scalar *s)
{
    struct reset_sequence sequence;
    struct err e;
    if (s->bytes > key_row(v->kind, id)->max)
        return value_refuse_word(v, id, s);
    if (reset_parse(s->text, &sequence, &e))
        return strcmp(sequence.name, "custom") == 0 || value_refuse_word(v, id, s);
    if (!strchr(s->text, '|'))
        return value_refuse_word(v, id, s);
    doc_report_add(v->report, s->at, "'%s': %s%s %s", key_row(v->kind, id)->path, e.what,
                   err_stop(e.what), e.hint);
    return false;
}

bool store_reset(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct recipe_port *const port = &((struct recipe *)target)->port;
    const bool before = id == RECIPE_KEY_PORT_RESET;
    const int word = word_index(key_row(v->kind, id)->words, s->text);
    if (word < 0 && !check_sequence(v, id, s))
        return false;
    char *const copy = strdup(s->text);
    if (!copy)
        return value_no_memory(v);
    char **const text = before ? &port->reset_text : &port->after_text;
    free(*text);
    *text = copy;
    if (before)
        port->reset = word < 0 ? RECIPE_RESET_CUSTOM : (enum recipe_reset)word;
    else
        port->after = word < 0 ? RECIPE_AFTER_CUSTOM : (enum recipe_after)word;
    return true;
}
