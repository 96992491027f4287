/*
 * Walks the events of a text along its table of keys. A mistake costs its own node only: the walk
 * goes on behind it, so that one pass finds them all.
 */
#include "core/base/nearest.h"
#include "recipes/doc/doc_priv.h"

#include <string.h>

struct walk {
    struct yaml_reader yaml;
    const struct doc_kind *kind;
    struct values *values;
    struct doc_report *report;
};

/* One mapping under way: the whole document, a section, or an entry of a list. */
struct section {
    unsigned id;
    void *target;                        /* the struct of its scope */
    struct doc_pos at;                   /* of the key, or of the entry */
    struct doc_pos *value_at;            /* [key_count] */
    struct doc_pos key_at[DOC_KEYS_MAX]; /* where a key was first seen */
    bool meant[DOC_KEYS_MAX]; /* an unknown key looks like this one: do not miss it too */
};

static void walk_section(struct walk *w, struct section *section);

/* ---- Saying what is wrong ---- */

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
static void refuse_type(struct walk *w, unsigned id, const char *expectation)
{
    if (w->yaml.event.type != YAML_ALIAS_EVENT)
        doc_report_add(w->report, yaml_reader_pos(&w->yaml), "'%s' expects %s, got %s",
                       key_row(w->kind, id)->path, expectation, event_name(&w->yaml.event));
    w->values->bad[id] = true;
    yaml_reader_skip(&w->yaml);
}

static void refuse_type_of_key(struct walk *w, unsigned id)
{
    char wanted[160];
    refuse_type(w, id, key_expectation(w->kind, id, wanted, sizeof wanted));
}

/* The sections that have a key of this very name: "'port' or 'boot'"; "" if none has. */
static const char *homes_of(const struct walk *w, const char *name, char *buf, size_t cap)
{
    buf[0] = '\0';
    for (unsigned id = 1; id < w->kind->key_count; id++) {
        if (strcmp(key_name(w->kind, id), name) != 0)
            continue;
        const unsigned home = key_row(w->kind, id)->parent;
        text_append(buf, cap, buf[0] ? " or " : "");
        if (home == 0)
            text_append(buf, cap, "at the top level");
        else
            text_append(buf, cap, "inside '%s'", key_row(w->kind, home)->path);
    }
    return buf;
}

static unsigned nearest_child(const struct walk *w, unsigned parent, const char *name)
{
    struct nearest near;
    nearest_init(&near, name);
    for (unsigned id = 1; id < w->kind->key_count; id++) {
        const struct key *const key = key_row(w->kind, id);
        if (key->parent != parent)
            continue;
        nearest_offer(&near, key_name(w->kind, id), key_name(w->kind, id));
        for (size_t i = 0; key->also && key->also[i]; i++)
            nearest_offer(&near, key->also[i], key_name(w->kind, id));
    }
    return near.best ? key_child(w->kind, parent, near.best) : w->kind->key_count;
}

static void refuse_key(struct walk *w, struct section *section, const char *name)
{
    char quoted[QUOTE_BYTES], advice[400] = "", place[48] = "", homes[100];
    const unsigned meant = nearest_child(w, section->id, name);

    if (section->id != 0)
        text_append(place, sizeof place, " inside '%s'", key_row(w->kind, section->id)->path);
    /* What is missing here is meant rather than what has its place elsewhere. */
    const bool is_missing = meant != w->kind->key_count && key_row(w->kind, meant)->required &&
                            section->key_at[meant].line == 0;
    if (!is_missing && homes_of(w, name, homes, sizeof homes)[0])
        text_append(advice, sizeof advice, "it belongs %s", homes);
    else if (meant != w->kind->key_count)
        text_append(advice, sizeof advice, "did you mean '%s'?", key_name(w->kind, meant));
    else {
        text_append(advice, sizeof advice, "there is ");
        key_append_children(w->kind, section->id, advice, sizeof advice);
    }
    if (meant != w->kind->key_count)
        section->meant[meant] = true;
    doc_report_add(w->report, yaml_reader_pos(&w->yaml), "unknown key '%s'%s; %s",
                   value_quote(name, quoted, sizeof quoted), place, advice);
}

static void report_missing(struct walk *w, const struct section *section)
{
    const struct key *const home = key_row(w->kind, section->id);
    for (unsigned id = 1; id < w->kind->key_count; id++) {
        const struct key *const key = key_row(w->kind, id);
        char wanted[160];
        if (key->parent != section->id || !key->required || section->key_at[id].line ||
            section->meant[id])
            continue;
        doc_report_add(w->report, section->at, "key '%s' is missing in %s %s; it takes %s",
                       key_name(w->kind, id), home->item ? "this" : "the",
                       home->item ? home->item : w->kind->noun,
                       key_expectation(w->kind, id, wanted, sizeof wanted));
    }
}

/* ---- Values ---- */

static void take_scalar(struct walk *w, unsigned id, void *target)
{
    const struct scalar s = { .text = (const char *)w->yaml.event.data.scalar.value,
                              .bytes = w->yaml.event.data.scalar.length,
                              .at = yaml_reader_pos(&w->yaml) };
    if (!value_store(w->values, id, &s, target))
        w->values->bad[id] = true;
}

static void walk_value(struct walk *w, unsigned id, void *target)
{
    if (w->yaml.event.type == YAML_SCALAR_EVENT)
        take_scalar(w, id, target);
    else
        refuse_type_of_key(w, id);
}

/* Makes room in a list for one more; false, with a mistake, if it is full. Says it once. */
static bool check_room(struct walk *w, unsigned id, size_t items)
{
    const struct key *const key = key_row(w->kind, id);
    if (items == key->items_max)
        doc_report_add(w->report, yaml_reader_pos(&w->yaml),
                       "'%s' holds more than %zu entries, the most there can be", key->path,
                       key->items_max);
    if (items >= key->items_max)
        yaml_reader_skip(&w->yaml);
    return items < key->items_max;
}

static bool opens_list(struct walk *w, unsigned id)
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

static void report_empty(struct walk *w, unsigned id, size_t items, struct doc_pos at)
{
    const struct key *const key = key_row(w->kind, id);
    if (items == 0 && key->if_empty && !w->yaml.broken)
        doc_report_add(w->report, at, "'%s' is empty: %s", key->path, key->if_empty);
}

/* Where an entry's place goes in the list's struct. */
static void note_place(const struct key *key, void *target, size_t index, struct doc_pos at)
{
    if (key->at_field != 0)
        memcpy((char *)target + key->at_field + index * sizeof at, &at, sizeof at);
}

/* A list of values replaces the default list. */
static void walk_list(struct walk *w, unsigned id, void *target)
{
    const struct key *const key = key_row(w->kind, id);
    size_t *const count = (void *)((char *)target + key->count_field);
    const struct doc_pos at = yaml_reader_pos(&w->yaml);
    size_t items = 0;
    if (!opens_list(w, id))
        return;
    if (key->preset)
        *count = 0;
    while (next_item(w)) {
        if (!check_room(w, id, items++))
            continue;
        note_place(key, target, *count, yaml_reader_pos(&w->yaml));
        walk_value(w, id, target);
    }
    report_empty(w, id, items, at);
}

/* ---- Lists of structs ---- */

static void walk_mapping(struct walk *w, unsigned id, void *item)
{
    struct doc_pos value_at[DOC_KEYS_MAX] = { { 0, 0 } };
    struct section section = {
        .id = id, .target = item, .at = yaml_reader_pos(&w->yaml), .value_at = value_at
    };
    value_presets(w->values, id, item);
    walk_section(w, &section);
    note_place(key_row(w->kind, id), item, 0, section.at);
    for (unsigned k = id + 1; k < w->kind->key_count; k++) {
        const struct key *const key = key_row(w->kind, k);
        /* the places of lists go into arrays, and into the structs of their entries */
        if (key->parent == id && key->kind != KEY_TEXTS && key->kind != KEY_NUMBERS &&
            key->kind != KEY_ITEMS && key->kind != KEY_ROWS)
            note_place(key, item, 0, value_at[k]);
    }
}

/* Whether an entry of the list begins here; else passes over it. */
static bool opens_item(struct walk *w, unsigned id)
{
    const struct key *const key = key_row(w->kind, id);
    char wanted[160] = "";
    if (w->yaml.event.type ==
        (key->kind == KEY_ROWS ? YAML_SEQUENCE_START_EVENT : YAML_MAPPING_START_EVENT))
        return true;
    text_append(wanted, sizeof wanted, "%s for each %s", key->item_form, key->item);
    refuse_type(w, id, wanted);
    return false;
}

static void walk_items(struct walk *w, unsigned id, void *target)
{
    const struct key *const key = key_row(w->kind, id);
    size_t *const count = (void *)((char *)target + key->count_field);
    const struct doc_pos at = yaml_reader_pos(&w->yaml);
    size_t items = 0;
    if (!opens_list(w, id))
        return;
    while (next_item(w)) {
        if (!check_room(w, id, items++) || !opens_item(w, id))
            continue;
        void *const item = (char *)target + key->field + (*count)++ * key->item_bytes;
        if (key->kind == KEY_ROWS)
            walk_list(w, id + 1, item);
        else
            walk_mapping(w, id, item);
    }
    report_empty(w, id, items, at);
}

/* ---- Mappings ---- */

static void walk_child(struct walk *w, struct section *parent, unsigned id, struct doc_pos key_at)
{
    struct section section = {
        .id = id, .target = parent->target, .at = key_at, .value_at = parent->value_at
    };
    if (w->yaml.event.type == YAML_MAPPING_START_EVENT)
        walk_section(w, &section);
    else
        refuse_type_of_key(w, id);
}

static void walk_known(struct walk *w, struct section *section, unsigned id, struct doc_pos key_at)
{
    section->value_at[id] = key_at;
    switch (key_row(w->kind, id)->kind) {
    case KEY_MAP:
        walk_child(w, section, id, key_at);
        break;
    case KEY_ITEMS:
    case KEY_ROWS:
        walk_items(w, id, section->target);
        break;
    case KEY_TEXTS:
    case KEY_NUMBERS:
        walk_list(w, id, section->target);
        break;
    default:
        section->value_at[id] = yaml_reader_pos(&w->yaml);
        walk_value(w, id, section->target);
        break;
    }
}

/* Which key begins here: one that is new in this section, else w->kind->key_count with a mistake.
 */
static unsigned take_key(struct walk *w, struct section *section)
{
    const yaml_event_t *const event = &w->yaml.event;
    const struct doc_pos at = yaml_reader_pos(&w->yaml);
    if (event->type != YAML_SCALAR_EVENT) {
        if (event->type != YAML_ALIAS_EVENT)
            doc_report_add(w->report, at, "a key is a word, not %s", event_name(event));
        yaml_reader_skip(&w->yaml);
        return w->kind->key_count;
    }
    const char *const name = (const char *)event->data.scalar.value;
    if (strlen(name) != event->data.scalar.length) {
        doc_report_add(w->report, at, "a key holds a NUL byte; write a plain word");
        return w->kind->key_count;
    }
    const unsigned id = key_child(w->kind, section->id, name);
    if (id == w->kind->key_count) {
        refuse_key(w, section, name);
        return id;
    }
    const struct doc_pos first = section->key_at[id];
    if (first.line) {
        doc_report_add(w->report, at, "key '%s' is doubled: first at %u:%u, again at %u:%u",
                       key_row(w->kind, id)->path, first.line, first.column, at.line, at.column);
        return w->kind->key_count;
    }
    section->key_at[id] = at;
    return id;
}

static void walk_section(struct walk *w, struct section *section)
{
    while (yaml_reader_next(&w->yaml) && w->yaml.event.type != YAML_MAPPING_END_EVENT) {
        const struct doc_pos key_at = yaml_reader_pos(&w->yaml);
        const unsigned id = take_key(w, section);
        if (!yaml_reader_next(&w->yaml))
            return;
        if (id == w->kind->key_count)
            yaml_reader_skip(&w->yaml);
        else
            walk_known(w, section, id, key_at);
    }
    if (!w->yaml.broken)
        report_missing(w, section);
}

/* ---- The whole text ---- */

static void walk_top(struct walk *w)
{
    struct section root = { .id = 0,
                            .target = w->values->document,
                            .at = yaml_reader_pos(&w->yaml),
                            .value_at = w->values->at };
    if (w->yaml.event.type == YAML_MAPPING_START_EVENT) {
        walk_section(w, &root);
        return;
    }
    if (w->yaml.event.type != YAML_ALIAS_EVENT)
        doc_report_add(w->report, root.at, "a %s is a mapping, as in `%s`; got %s", w->kind->noun,
                       w->kind->example, event_name(&w->yaml.event));
    w->values->bad[0] = true;
    yaml_reader_skip(&w->yaml);
}

static void walk_stream(struct walk *w)
{
    unsigned documents = 0;
    while (yaml_reader_next(&w->yaml) && w->yaml.event.type != YAML_STREAM_END_EVENT) {
        if (w->yaml.event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (documents++ > 0) {
            doc_report_add(w->report, yaml_reader_pos(&w->yaml),
                           "a second document begins; a %s is one, what follows was not read",
                           w->kind->noun);
            return;
        }
        if (yaml_reader_next(&w->yaml))
            walk_top(w);
    }
    if (documents == 0 && !w->yaml.broken)
        doc_report_add(w->report, (struct doc_pos){ 1, 1 }, "the %s is empty", w->kind->noun);
}

void walk_document(struct values *v, const char *text, size_t n)
{
    struct walk w = { .kind = v->kind, .values = v, .report = v->report };
    if (yaml_reader_init(&w.yaml, text, n, v->kind->noun, v->report))
        walk_stream(&w);
    v->out_of_memory |= w.yaml.out_of_memory;
    v->broken = w.yaml.broken;
    yaml_reader_done(&w.yaml);
}
