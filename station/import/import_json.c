/* Small JSON files as trees. JSON is a subset of YAML, and libyaml reads it. */
#include "core/base/err.h"
#include "station/import/import.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 32
#define NODES_MAX 100000u

struct builder {
    const char *name;
    yaml_parser_t parser;
    yaml_event_t event;
    struct import_json *root, *open; /* the list or map that is being filled */
    char *key;                       /* taken, and its value not yet */
    unsigned depth, nodes;
    struct err *e;
};

static bool bad(struct builder *b, const char *problem)
{
    err_set(b->e, ERR_USAGE, "'%.100s', line %zu: %s", b->name, b->event.start_mark.line + 1,
            problem);
    return err_hint(b->e, "The file is no JSON as a build writes it: build again.");
}

static bool no_memory(struct builder *b)
{
    return err_set(b->e, ERR_STATION, "Out of memory for '%.100s'", b->name);
}

static bool add_node(struct builder *b, enum import_json_kind kind, char *text)
{
    struct import_json *node = calloc(1, sizeof *node);
    if (!node) {
        free(text);
        return no_memory(b);
    }
    *node = (struct import_json){ .kind = kind, .key = b->key, .text = text, .parent = b->open };
    b->key = NULL;
    if (!b->open)
        b->root = node;
    else if (b->open->last)
        b->open->last->next = node;
    else
        b->open->first = node;
    if (b->open)
        b->open->last = node;
    if (kind != IMPORT_JSON_TEXT)
        b->open = node;
    return ++b->nodes <= NODES_MAX || bad(b, "there is too much in it");
}

static bool take_scalar(struct builder *b)
{
    const char *value = (const char *)b->event.data.scalar.value;
    if (strlen(value) != b->event.data.scalar.length)
        return bad(b, "a text holds a NUL");
    char *text = strdup(value);
    if (!text)
        return no_memory(b);
    if (b->open && b->open->kind == IMPORT_JSON_MAP && !b->key) {
        b->key = text;
        return true;
    }
    return add_node(b, IMPORT_JSON_TEXT, text);
}

static bool take_start(struct builder *b, enum import_json_kind kind)
{
    if (b->open && b->open->kind == IMPORT_JSON_MAP && !b->key)
        return bad(b, "a key is no text");
    return (++b->depth <= DEPTH_MAX || bad(b, "nested too deeply")) && add_node(b, kind, NULL);
}

static bool take_event(struct builder *b)
{
    switch (b->event.type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(b);
    case YAML_MAPPING_START_EVENT:
        return take_start(b, IMPORT_JSON_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(b, IMPORT_JSON_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        b->open = b->open->parent;
        return true;
    case YAML_ALIAS_EVENT:
        return bad(b, "an alias, which JSON does not have");
    default:
        return true;
    }
}

static bool take_all(struct builder *b)
{
    for (bool end = false; !end;) {
        if (!yaml_parser_parse(&b->parser, &b->event)) {
            memset(&b->event, 0, sizeof b->event);
            if (b->parser.error == YAML_MEMORY_ERROR)
                return no_memory(b);
            b->event.start_mark = b->parser.problem_mark;
            return bad(b, b->parser.problem ? b->parser.problem : "cannot be read");
        }
        bool ok = take_event(b);
        end = b->event.type == YAML_STREAM_END_EVENT || b->event.type == YAML_DOCUMENT_END_EVENT;
        yaml_event_delete(&b->event);
        if (!ok)
            return false;
    }
    memset(&b->event, 0, sizeof b->event);
    return (b->root && b->root->kind == IMPORT_JSON_MAP) || bad(b, "it is no object");
}

struct import_json *import_json_parse(const char *name, const char *text, size_t n, struct err *e)
{
    struct builder b = { .name = name, .e = e };
    if (!yaml_parser_initialize(&b.parser)) {
        no_memory(&b);
        return NULL;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, n);
    bool ok = take_all(&b);
    yaml_parser_delete(&b.parser);
    free(b.key);
    if (ok)
        return b.root;
    import_json_free(b.root);
    return NULL;
}

/* Without recursion: down to a leaf, free it, on to its neighbour or up. */
void import_json_free(struct import_json *root)
{
    for (struct import_json *node = root; node;) {
        if (node->first) {
            struct import_json *child = node->first;
            node->first = NULL;
            node = child;
            continue;
        }
        struct import_json *on = node->next ? node->next : node->parent;
        free(node->key);
        free(node->text);
        free(node);
        node = on;
    }
}

const struct import_json *import_json_get(const struct import_json *node, const char *key)
{
    if (!node || node->kind != IMPORT_JSON_MAP)
        return NULL;
    for (const struct import_json *member = node->first; member; member = member->next) {
        if (strcmp(member->key, key) == 0)
            return member;
    }
    return NULL;
}

const char *import_json_text(const struct import_json *node, const char *key)
{
    const struct import_json *member = import_json_get(node, key);
    return member ? member->text : NULL;
}
