/*
 * Walks the events of a recipe along the key table. A mistake costs its own node only: the walk
 * goes on behind it, so that one pass finds them all.
 */
#include "core/base/nearest.h"
#include "core/facts/chip.h"
#include "recipes/recipe_priv.h"

#include <string.h>

struct walk {
    struct yaml_reader yaml;
    struct values *values;
    struct recipe_report *report;
    struct recipe_pos item_at[RECIPE_FALLBACKS_MAX]; /* of port.fallback */
    bool bad[RECIPE_KEY_COUNT];                      /* said, but not in a way to build on */
};

/* One mapping under way: the whole recipe, a section, or an image. */
struct section {
    enum recipe_key id;
    void *target;                               /* struct recipe, or struct recipe_image */
    struct recipe_pos at;                       /* of the key, or of the image */
    struct recipe_pos *value_at;                /* [RECIPE_KEY_COUNT] */
    struct recipe_pos key_at[RECIPE_KEY_COUNT]; /* where a key was first seen */
    bool meant[RECIPE_KEY_COUNT]; /* an unknown key looks like this one: do not miss it too */
};

static void walk_section(struct walk *w, struct section *section);

/* ---- Saying what is wrong ---------------------------------------------------------------------*/

static const char *event_name(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_MAPPING_START_EVENT:
        return "a mapping";
    case YAML_SEQUENCE_START_EVENT:
        return "a list";
    default:
        return event->data.scalar.length ? "a single value" : "nothing";
    }
}

/* The present node is of the wrong type; passes over it. An alias has been reported already. */
static void refuse_type(struct walk *w, enum recipe_key id, const char *expectation)
{
    if (w->yaml.event.type != YAML_ALIAS_EVENT)
        recipe_report_add(w->report, yaml_reader_pos(&w->yaml), "'%s' expects %s, got %s",
                          key_row(id)->path, expectation, event_name(&w->yaml.event));
    w->bad[id] = true;
    yaml_reader_skip(&w->yaml);
}

static void refuse_type_of_key(struct walk *w, enum recipe_key id)
{
    char wanted[160];
    refuse_type(w, id, key_expectation(id, wanted, sizeof wanted));
}

/* The sections that have a key of this very name: "'port' or 'boot'"; "" if none has. */
static const char *homes_of(const char *name, char *buf, size_t cap)
{
    buf[0] = '\0';
    for (unsigned id = 0; id < RECIPE_KEY_COUNT; id++) {
        if (id == RECIPE_KEY_ROOT || strcmp(key_name(id), name) != 0)
            continue;
        const enum recipe_key home = key_row(id)->parent;
        text_append(buf, cap, buf[0] ? " or " : "");
        if (home == RECIPE_KEY_ROOT)
            text_append(buf, cap, "at the top level");
        else
            text_append(buf, cap, "inside '%s'", key_row(home)->path);
    }
    return buf;
}

static enum recipe_key nearest_child(enum recipe_key parent, const char *name)
{
    struct nearest near;
    nearest_init(&near, name);
    for (unsigned id = 0; id < RECIPE_KEY_COUNT; id++) {
        const struct key *const key = key_row(id);
        if (key->parent != parent)
            continue;
        nearest_offer(&near, key_name(id), key_name(id));
        for (size_t i = 0; key->also && key->also[i]; i++)
            nearest_offer(&near, key->also[i], key_name(id));
    }
    return near.best ? key_child(parent, near.best) : RECIPE_KEY_COUNT;
}

static void refuse_key(struct walk *w, struct section *section, const char *name)
{
    char quoted[QUOTE_BYTES], advice[160] = "", place[48] = "", homes[100];
    const enum recipe_key meant = nearest_child(section->id, name);

    if (section->id != RECIPE_KEY_ROOT)
        text_append(place, sizeof place, " inside '%s'", key_row(section->id)->path);
    if (homes_of(name, homes, sizeof homes)[0])
        text_append(advice, sizeof advice, "it belongs %s", homes);
    else if (meant != RECIPE_KEY_COUNT)
        text_append(advice, sizeof advice, "did you mean '%s'?", key_name(meant));
    else {
        text_append(advice, sizeof advice, "there is ");
        key_append_children(section->id, advice, sizeof advice);
    }
    if (meant != RECIPE_KEY_COUNT)
        section->meant[meant] = true;
    recipe_report_add(w->report, yaml_reader_pos(&w->yaml), "unknown key '%s'%s; %s",
                      value_quote(name, quoted, sizeof quoted), place, advice);
}

static void report_missing(struct walk *w, const struct section *section)
{
    for (unsigned id = 0; id < RECIPE_KEY_COUNT; id++) {
        const struct key *const key = key_row(id);
        char wanted[160];
        if (key->parent != section->id || !key->required || section->key_at[id].line ||
            section->meant[id])
            continue;
        recipe_report_add(w->report, section->at, "key '%s' is missing in %s; it takes %s",
                          key_name(id),
                          section->id == RECIPE_KEY_IMAGES ? "this image" : "the recipe",
                          key_expectation(id, wanted, sizeof wanted));
    }
}

/* ---- Values -----------------------------------------------------------------------------------*/

static void take_scalar(struct walk *w, enum recipe_key id, void *target)
{
    const struct scalar s = { .text = (const char *)w->yaml.event.data.scalar.value,
                              .bytes = w->yaml.event.data.scalar.length,
                              .at = yaml_reader_pos(&w->yaml) };
    if (!value_store(w->values, id, &s, target))
        w->bad[id] = true;
}

static void walk_value(struct walk *w, enum recipe_key id, void *target)
{
    if (w->yaml.event.type == YAML_SCALAR_EVENT)
        take_scalar(w, id, target);
    else
        refuse_type_of_key(w, id);
}

/* Makes room in a list for one more; false, with a mistake, if it is full. Says it once. */
static bool has_room(struct walk *w, enum recipe_key id, size_t items)
{
    const struct key *const key = key_row(id);
    if (items == key->items_max)
        recipe_report_add(w->report, yaml_reader_pos(&w->yaml),
                          "'%s' holds more than %zu entries, the most there can be", key->path,
                          key->items_max);
    if (items >= key->items_max)
        yaml_reader_skip(&w->yaml);
    return items < key->items_max;
}

static bool opens_list(struct walk *w, enum recipe_key id)
{
    if (w->yaml.event.type == YAML_SEQUENCE_START_EVENT)
        return true;
    refuse_type_of_key(w, id);
    return false;
}

static bool next_item(struct walk *w)
{
    return yaml_reader_next(&w->yaml) && w->yaml.event.type != YAML_SEQUENCE_END_EVENT;
}

/* A list of values replaces the default list. */
static void walk_list(struct walk *w, enum recipe_key id)
{
    struct recipe *const recipe = w->values->recipe;
    size_t items = 0;
    if (!opens_list(w, id))
        return;
    if (id == RECIPE_KEY_PORT_FALLBACK)
        recipe->port.fallback_count = 0;
    while (next_item(w)) {
        if (!has_room(w, id, items++))
            continue;
        if (id == RECIPE_KEY_PORT_FALLBACK)
            w->item_at[items - 1] = yaml_reader_pos(&w->yaml);
        walk_value(w, id, recipe);
    }
}

/* ---- Images -----------------------------------------------------------------------------------*/

static void walk_image(struct walk *w, struct recipe_image *image)
{
    struct recipe_pos value_at[RECIPE_KEY_COUNT] = { { 0, 0 } };
    struct section section = { .id = RECIPE_KEY_IMAGES,
                               .target = image,
                               .at = yaml_reader_pos(&w->yaml),
                               .value_at = value_at };
    value_image_presets(w->values, image);
    walk_section(w, &section);
    image->at = section.at;
    image->file_at = value_at[RECIPE_KEY_IMAGE_FILE];
    image->offset_at = value_at[RECIPE_KEY_IMAGE_OFFSET];
    image->sha256_at = value_at[RECIPE_KEY_IMAGE_SHA256];
}

static void walk_images(struct walk *w)
{
    struct recipe *const recipe = w->values->recipe;
    const struct recipe_pos at = yaml_reader_pos(&w->yaml);
    size_t items = 0;
    if (!opens_list(w, RECIPE_KEY_IMAGES))
        return;
    while (next_item(w)) {
        if (!has_room(w, RECIPE_KEY_IMAGES, items++))
            continue;
        if (w->yaml.event.type == YAML_MAPPING_START_EVENT)
            walk_image(w, &recipe->images[recipe->image_count++]);
        else
            refuse_type(w, RECIPE_KEY_IMAGES, "{ file: NAME, offset: NUMBER } for each image");
    }
    if (items == 0 && !w->yaml.broken)
        recipe_report_add(w->report, at, "'images' is empty: there would be nothing to write");
}

/* ---- Mappings ---------------------------------------------------------------------------------*/

static void walk_child(struct walk *w, struct section *parent, enum recipe_key id,
                       struct recipe_pos key_at)
{
    struct section section = {
        .id = id, .target = parent->target, .at = key_at, .value_at = parent->value_at
    };
    if (w->yaml.event.type == YAML_MAPPING_START_EVENT)
        walk_section(w, &section);
    else
        refuse_type_of_key(w, id);
}

static void walk_known(struct walk *w, struct section *section, enum recipe_key id,
                       struct recipe_pos key_at)
{
    section->value_at[id] = key_at;
    switch (key_row(id)->kind) {
    case KEY_MAP:
        walk_child(w, section, id, key_at);
        break;
    case KEY_IMAGES:
        walk_images(w);
        break;
    case KEY_TEXTS:
    case KEY_NUMBERS:
        walk_list(w, id);
        break;
    default:
        section->value_at[id] = yaml_reader_pos(&w->yaml);
        walk_value(w, id, section->target);
        break;
    }
}

/* Which key begins here: one that is new in this section, else RECIPE_KEY_COUNT with a mistake. */
static enum recipe_key take_key(struct walk *w, struct section *section)
{
    const yaml_event_t *const event = &w->yaml.event;
    const struct recipe_pos at = yaml_reader_pos(&w->yaml);
    if (event->type != YAML_SCALAR_EVENT) {
        if (event->type != YAML_ALIAS_EVENT)
            recipe_report_add(w->report, at, "a key is a word, not %s", event_name(event));
        yaml_reader_skip(&w->yaml);
        return RECIPE_KEY_COUNT;
    }
    const char *const name = (const char *)event->data.scalar.value;
    if (strlen(name) != event->data.scalar.length) {
        recipe_report_add(w->report, at, "a key holds a NUL byte; write a plain word");
        return RECIPE_KEY_COUNT;
    }
    const enum recipe_key id = key_child(section->id, name);
    if (id == RECIPE_KEY_COUNT) {
        refuse_key(w, section, name);
        return id;
    }
    const struct recipe_pos first = section->key_at[id];
    if (first.line) {
        recipe_report_add(w->report, at, "key '%s' is doubled: first at %u:%u, again at %u:%u",
                          key_row(id)->path, first.line, first.column, at.line, at.column);
        return RECIPE_KEY_COUNT;
    }
    section->key_at[id] = at;
    return id;
}

static void walk_section(struct walk *w, struct section *section)
{
    while (yaml_reader_next(&w->yaml) && w->yaml.event.type != YAML_MAPPING_END_EVENT) {
        const struct recipe_pos key_at = yaml_reader_pos(&w->yaml);
        const enum recipe_key id = take_key(w, section);
        if (!yaml_reader_next(&w->yaml))
            return;
        if (id == RECIPE_KEY_COUNT)
            yaml_reader_skip(&w->yaml);
        else
            walk_known(w, section, id, key_at);
    }
    if (!w->yaml.broken)
        report_missing(w, section);
}

/* ---- What values say to each other ------------------------------------------------------------*/

/* A retry at the same or a higher rate than the one that failed cannot help. The default list gives
 * way to a low `baud`; a list that the recipe gives has to be right. */
static void check_fallback(struct walk *w, struct recipe *recipe)
{
    struct recipe_port *const port = &recipe->port;
    const bool given = recipe->at[RECIPE_KEY_PORT_FALLBACK].line > 0;
    if (w->bad[RECIPE_KEY_PORT_BAUD] || w->bad[RECIPE_KEY_PORT_FALLBACK])
        return;
    size_t kept = 0;
    uint32_t last = port->baud;
    for (size_t i = 0; i < port->fallback_count; i++) {
        const uint32_t rate = port->fallback_baud[i];
        if (rate < last)
            port->fallback_baud[kept++] = rate;
        else if (given)
            recipe_report_add(w->report, w->item_at[i],
                              "fallback rate %u is not below %u, the rate before it", rate, last);
        last = rate < last ? rate : last;
    }
    port->fallback_count = kept;
}

static void check_boot(struct walk *w, struct recipe *recipe)
{
    const struct recipe_boot *const boot = &recipe->boot;
    const struct recipe_pos at = recipe->at[RECIPE_KEY_BOOT];
    if (w->bad[RECIPE_KEY_BOOT] || w->bad[RECIPE_KEY_BOOT_EXPECT] || w->bad[RECIPE_KEY_BOOT_REJECT])
        return;
    recipe->boot.asked = at.line > 0;
    if (boot->asked && !boot->expect && boot->reject_count == 0)
        recipe_report_add(w->report, at,
                          "'boot' has neither 'expect' nor 'reject': nothing would "
                          "be checked");
    for (size_t i = 0; boot->expect && i < boot->reject_count; i++) {
        char quoted[QUOTE_BYTES];
        if (strstr(boot->expect, boot->reject[i]))
            recipe_report_add(w->report, recipe->at[RECIPE_KEY_BOOT_REJECT],
                              "rejected text '%s' is part of the expected one: no board could pass",
                              value_quote(boot->reject[i], quoted, sizeof quoted));
    }
}

static void report_not_on_chip(struct walk *w, const struct recipe *recipe, enum recipe_key id,
                               const char *value, const struct chip_code *rows)
{
    char words[160] = "";
    for (size_t i = 0; rows[i].word; i++)
        text_append(words, sizeof words, "%s%s", i ? ", " : "", rows[i].word);
    recipe_report_add(w->report, recipe->at[id], "'%s' cannot be %s on %s; there is %s",
                      key_row(id)->path, value, recipe->chip->name, words);
}

static void check_flash(struct walk *w, const struct recipe *recipe)
{
    const struct recipe_flash *const flash = &recipe->flash;
    char word[16] = "";
    if (!recipe->chip)
        return;
    text_append(word, sizeof word, "%um", flash->freq_mhz);
    if (flash->freq_mhz > 0 && !chip_code_by_word(recipe->chip->freqs, word))
        report_not_on_chip(w, recipe, RECIPE_KEY_FLASH_FREQ, word, recipe->chip->freqs);
    if (flash->size == RECIPE_SIZE_GIVEN &&
        !chip_code_by_flash_bytes(recipe->chip->sizes, flash->size_bytes)) {
        word[0] = '\0';
        text_append(word, sizeof word, "%uKB", flash->size_bytes >> 10);
        report_not_on_chip(w, recipe, RECIPE_KEY_FLASH_SIZE, word, recipe->chip->sizes);
    }
}

/* ---- The whole text ---------------------------------------------------------------------------*/

static void walk_top(struct walk *w)
{
    struct recipe *const recipe = w->values->recipe;
    struct section root = { .id = RECIPE_KEY_ROOT,
                            .target = recipe,
                            .at = yaml_reader_pos(&w->yaml),
                            .value_at = recipe->at };
    if (w->yaml.event.type == YAML_MAPPING_START_EVENT) {
        walk_section(w, &root);
        return;
    }
    if (w->yaml.event.type != YAML_ALIAS_EVENT)
        recipe_report_add(w->report, root.at, "a recipe is a mapping, as in `recipe: NAME`; got %s",
                          event_name(&w->yaml.event));
    w->bad[RECIPE_KEY_ROOT] = true;
    yaml_reader_skip(&w->yaml);
}

static void walk_stream(struct walk *w)
{
    unsigned documents = 0;
    while (yaml_reader_next(&w->yaml) && w->yaml.event.type != YAML_STREAM_END_EVENT) {
        if (w->yaml.event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (documents++ > 0) {
            recipe_report_add(w->report, yaml_reader_pos(&w->yaml),
                              "a second document begins; a recipe is one, what follows was not "
                              "read");
            return;
        }
        if (yaml_reader_next(&w->yaml))
            walk_top(w);
    }
    if (documents == 0 && !w->yaml.broken)
        recipe_report_add(w->report, (struct recipe_pos){ 1, 1 }, "the recipe is empty");
}

void walk_recipe(struct values *v)
{
    struct walk w = { .values = v, .report = v->report };
    if (yaml_reader_init(&w.yaml, v->recipe->text, v->recipe->text_bytes, v->report)) {
        walk_stream(&w);
        if (!w.yaml.broken) {
            check_fallback(&w, v->recipe);
            check_boot(&w, v->recipe);
            check_flash(&w, v->recipe);
        }
    }
    v->out_of_memory |= w.yaml.out_of_memory;
    yaml_reader_done(&w.yaml);
}
