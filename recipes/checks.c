/*
 * What the values of a recipe say to each other.
 */
#include "core/facts/chip.h"
#include "recipes/recipe_priv.h"
#include "recipes/security/security_priv.h"
#include "recipes/units/unit_priv.h"

#include <string.h>

/* A retry at the same or a higher rate than the one that failed cannot help. The default list gives
 * way to a low `baud`; a list that the recipe gives has to be right. */
static void check_fallback(struct values *v, struct recipe *recipe)
{
    struct recipe_port *const port = &recipe->port;
    const bool given = recipe->at[RECIPE_KEY_PORT_FALLBACK].line > 0;
    if (v->bad[RECIPE_KEY_PORT_BAUD] || v->bad[RECIPE_KEY_PORT_FALLBACK])
        return;
    size_t kept = 0;
    uint32_t last = port->baud;
    for (size_t i = 0; i < port->fallback_count; i++) {
        const uint32_t rate = port->fallback_baud[i];
        if (rate < last)
            port->fallback_baud[kept++] = rate;
        else if (given)
            doc_report_add(v->report, port->fallback_at[i],
                           "fallback rate %u is not below %u, the rate before it", rate, last);
        last = rate < last ? rate : last;
    }
    port->fallback_count = kept;
}

static void check_boot(struct values *v, struct recipe *recipe)
{
    const struct recipe_boot *const boot = &recipe->boot;
    const struct doc_pos at = recipe->at[RECIPE_KEY_BOOT];
    if (v->bad[RECIPE_KEY_BOOT] || v->bad[RECIPE_KEY_BOOT_EXPECT] || v->bad[RECIPE_KEY_BOOT_REJECT])
        return;
    recipe->boot.asked = at.line > 0;
    if (boot->asked && !boot->expect && boot->reject_count == 0)
        doc_report_add(v->report, at,
                       "'boot' has neither 'expect' nor 'reject': nothing would "
                       "be checked");
    for (size_t i = 0; boot->expect && i < boot->reject_count; i++) {
        char quoted[QUOTE_BYTES];
        if (strstr(boot->expect, boot->reject[i]))
            doc_report_add(v->report, recipe->at[RECIPE_KEY_BOOT_REJECT],
                           "rejected text '%s' is part of the expected one: no board could pass",
                           value_quote(boot->reject[i], quoted, sizeof quoted));
    }
}

static void report_not_on_chip(struct values *v, const struct recipe *recipe, enum recipe_key id,
                               const char *value, const struct chip_code *rows)
{
    char words[160] = "";
    for (size_t i = 0; rows[i].word; i++)
        text_append(words, sizeof words, "%s%s", i ? ", " : "", rows[i].word);
    doc_report_add(v->report, recipe->at[id], "'%s' cannot be %s on %s; there is %s",
                   key_row(&recipe_kind, id)->path, value, recipe->chip->name, words);
}

static void check_flash(struct values *v, const struct recipe *recipe)
{
    const struct recipe_flash *const flash = &recipe->flash;
    char word[16] = "";
    if (!recipe->chip)
        return;
    text_append(word, sizeof word, "%um", flash->freq_mhz);
    if (flash->freq_mhz > 0 && !chip_code_by_word(recipe->chip->freqs, word))
        report_not_on_chip(v, recipe, RECIPE_KEY_FLASH_FREQ, word, recipe->chip->freqs);
    if (flash->size == RECIPE_SIZE_GIVEN &&
        !chip_code_by_flash_bytes(recipe->chip->sizes, flash->size_bytes)) {
        word[0] = '\0';
        text_append(word, sizeof word, "%uKB", flash->size_bytes >> 10);
        report_not_on_chip(v, recipe, RECIPE_KEY_FLASH_SIZE, word, recipe->chip->sizes);
    }
}

static void check_label(struct values *v, const struct recipe *recipe)
{
    const struct doc_pos at = recipe->at[RECIPE_KEY_LABEL];
    if (at.line > 0 && !recipe->label.file && !v->bad[RECIPE_KEY_LABEL] &&
        !v->bad[RECIPE_KEY_LABEL_FILE])
        doc_report_add(v->report, at, "'label' has no 'file': nothing would be printed");
}

static void check_unit(struct values *v, struct recipe *recipe)
{
    recipe->unit.asked = recipe->at[RECIPE_KEY_UNIT].line > 0;
    /* without its source nothing can be said of a value */
    if (recipe->unit.asked && !v->bad[RECIPE_KEY_UNIT_VALUE_FROM])
        unit_check(v, &recipe->unit, recipe->at[RECIPE_KEY_UNIT_SERIAL]);
}

static bool has_value(const struct unit *u, const char *name)
{
    return name && u->asked && unit_value_find(u, name, strlen(name)) != UNIT_NO_VALUE;
}

static const struct unit_value *value_of(const struct unit *u, const char *name)
{
    return has_value(u, name) ? &u->values[unit_value_find(u, name, strlen(name))] : NULL;
}

/* Burnt for ever, once for each board. */
static void check_mac_value(struct values *v, const struct recipe *recipe)
{
    const struct unit_value *value = value_of(&recipe->unit, recipe->security.mac);
    if (value && (value->from == UNIT_FROM_RECIPE || value->from == UNIT_FROM_RANDOM))
        doc_report_add(v->report, recipe->at[RECIPE_KEY_SECURITY_MAC],
                       "'%.32s' is %s: a MAC is each board's own, and stays; expected a value from "
                       "a counter, a pool or a scan",
                       value->name,
                       value->from == UNIT_FROM_RECIPE ? "the same for all boards"
                                                       : "another one each time");
    else if (value && value->from == UNIT_FROM_SCAN &&
             (value->type != UNIT_HEX || value->min != 6 || value->max != 6))
        doc_report_add(v->report, recipe->at[RECIPE_KEY_SECURITY_MAC],
                       "'%.32s' is scanned, and as text each spelling of a MAC would be another "
                       "one: give that value type: hex, min: 6, max: 6",
                       value->name);
}

static void check_key_value(struct values *v, const struct recipe *recipe,
                            const struct security_hmac *key)
{
    const struct unit_value *value = value_of(&recipe->unit, key->value);
    if (!key->value)
        return;
    if (!value)
        doc_report_add(v->report, key->value_at, "'%.32s' is no value of the section 'unit'",
                       key->value);
    else if (value->from != UNIT_FROM_POOL)
        doc_report_add(v->report, key->value_at,
                       "a key that is burnt comes from a pool, and '%.32s' from %s; one "
                       "that the station makes is key: board",
                       value->name, unit_from_words[value->from]);
    else if (value->type != UNIT_HEX || value->min != 32 || value->max != 32 ||
             value->secret != UNIT_TRUE)
        doc_report_add(v->report, key->value_at,
                       "'%.32s' holds a key: expected type: hex, min: 32, max: 32, secret: true",
                       value->name);
}

/* Who may read its file has the keys, and who may write it gives boards others. */
static void mark_key_pool(struct unit *u, const char *name)
{
    const struct unit_value *value = value_of(u, name);
    if (value && value->from == UNIT_FROM_POOL && value->pool_index < u->pool_count)
        u->pools[value->pool_index].has_keys = true;
}

static void check_values(struct values *v, struct recipe *recipe)
{
    check_mac_value(v, recipe);
    for (size_t i = 0; i < recipe->security.key_count; i++) {
        check_key_value(v, recipe, &recipe->security.keys[i]);
        mark_key_pool(&recipe->unit, recipe->security.keys[i].value);
    }
}

static void check_security(struct values *v, struct recipe *recipe)
{
    struct security *const s = &recipe->security;
    const struct doc_pos *const at = recipe->at;
    const struct security_places places = {
        .section = at[RECIPE_KEY_SECURITY],
        .boot = at[RECIPE_KEY_SECURITY_BOOT],
        .boot_key = at[RECIPE_KEY_SECURITY_BOOT_KEY],
        .unused = at[RECIPE_KEY_SECURITY_BOOT_UNUSED],
        .aggressive = at[RECIPE_KEY_SECURITY_BOOT_AGGRESSIVE],
        .crypt = at[RECIPE_KEY_SECURITY_CRYPT],
        .mode = at[RECIPE_KEY_SECURITY_CRYPT_MODE],
        .key = at[RECIPE_KEY_SECURITY_CRYPT_KEY],
        .shared = at[RECIPE_KEY_SECURITY_CRYPT_SHARED],
        .by = at[RECIPE_KEY_SECURITY_CRYPT_BY],
        .bits = at[RECIPE_KEY_SECURITY_CRYPT_BITS],
        .block = at[RECIPE_KEY_SECURITY_CRYPT_BLOCK],
        .jtag = at[RECIPE_KEY_SECURITY_JTAG],
        .download = at[RECIPE_KEY_SECURITY_DOWNLOAD],
        .print = at[RECIPE_KEY_SECURITY_PRINT],
        .mac = at[RECIPE_KEY_SECURITY_MAC],
        .version = at[RECIPE_KEY_SECURITY_VERSION],
        .lock = at[RECIPE_KEY_SECURITY_LOCK],
        .keep = at[RECIPE_KEY_SECURITY_KEEP],
    };
    s->asked = places.section.line > 0;
    s->boot.asked = places.boot.line > 0;
    s->crypt.asked = places.crypt.line > 0;
    s->keep.asked = places.keep.line > 0;
    for (unsigned id = RECIPE_KEY_SECURITY; id < RECIPE_KEY_COUNT; id++) {
        if (v->bad[id]) /* what was not understood says nothing about the rest */
            return;
    }
    if (s->asked && recipe->chip)
        security_check(v->report, s, recipe->chip, &places, recipe->verify == RECIPE_VERIFY_MD5,
                       has_value(&recipe->unit, s->mac));
    if (s->asked)
        check_values(v, recipe);
    if (s->boot_says_count > 0 && !(recipe->boot.asked && recipe->boot.expect))
        doc_report_add(v->report, at[RECIPE_KEY_SECURITY_BOOT_SAYS],
                       "'boot_says' is listened for until the board says boot.expect, which is "
                       "missing");
}

void recipe_check(struct values *v)
{
    check_fallback(v, v->document);
    check_boot(v, v->document);
    check_flash(v, v->document);
    check_label(v, v->document);
    check_unit(v, v->document);
    check_security(v, v->document);
}
