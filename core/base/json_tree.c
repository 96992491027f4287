/* JSON is a subset of YAML, and libyaml reads it. */
#include "core/base/json_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 32
#define NODES_MAX 100000u

struct builder {
    yaml_parser_t parser;
    yaml_event_t event;
    struct json_node *root, *open; /* the list or map that is being filled */
    char *key;                     /* taken, and its value not yet */
    unsigned depth, nodes;
    struct json_problem *problem;
};

static bool bad(struct builder *b, const char *what)
{
    *b->problem = (struct json_problem){ .line = b->event.start_mark.line + 1, .what = what };
    return false;
}

static bool no_memory(struct builder *b)
{
    *b->problem = (struct json_problem){ .no_memory = true, .what = "there is no memory for it" };
    return false;
}

static bool add_node(struct builder *b, enum json_kind kind, char *text)
{
    struct json_node *node = calloc(1, sizeof *node);
    if (!node) {
        free(text);
        return no_memory(b);
    }
    *node = (struct json_node){ .kind = kind, .key = b->key, .text = text, .parent = b->open };
    b->key = NULL;
    if (!b->open)
        b->root = node;
    else if (b->open->last)
        b->open->last->next = node;
    else
        b->open->first = node;
    if (b->open)
        b->open->last = node;
    if (kind != JSON_TEXT)
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
    if (b->open && b->open->kind == JSON_MAP && !b->key) {
        b->key = text;
        return true;
    }
    return add_node(b, JSON_TEXT, text);
}

static bool take_start(struct builder *b, enum json_kind kind)
{
    if (b->open && b->open->kind == JSON_MAP && !b->key)
        return bad(b, "a key is no text");
    return (++b->depth <= DEPTH_MAX || bad(b, "nested too deeply")) && add_node(b, kind, NULL);
}

static bool take_event(struct builder *b)
{
    switch (b->event.type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(b);
    case YAML_MAPPING_START_EVENT:
        return take_start(b, JSON_MAP);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(b, JSON_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        b->depth--;
        b->open = b->open->parent;
        return true;
    case YAML_DOCUMENT_START_EVENT:
        return !b->root || bad(b, "something stands behind the object");
    case YAML_ALIAS_EVENT:
        return bad(b, "an alias, so it is not JSON");
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
        end = b->event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&b->event);
        if (!ok)
            return false;
    }
    memset(&b->event, 0, sizeof b->event);
    return (b->root && b->root->kind == JSON_MAP) || bad(b, "it is not a JSON object");
}

struct json_node *json_tree_parse(const char *text, size_t n, struct json_problem *problem)
{
    struct builder b = { .problem = problem };
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
    json_tree_free(b.root);
    return NULL;
}

/* Without recursion: down to a leaf, free it, on to its neighbour or up. */
void json_tree_free(struct json_node *root)
{
    for (struct json_node *node = root; node;) {
        if (node->first) {
            struct json_node *child = node->first;
            node->first = NULL;
            node = child;
            continue;
        }
        struct json_node *on = node->next ? node->next : node->parent;
        free(node->key);
        free(node->text);
        free(node);
        node = on;
    }
}

const struct json_node *json_get(const struct json_node *node, const char *key)
{
    if (!node || node->kind != JSON_MAP)
        return NULL;
    for (const struct json_node *member = node->first; member; member = member->next) {
        if (strcmp(member->key, key) == 0)
            return member;
    }
    return NULL;
}

const char *json_get_text(const struct json_node *node, const char *key)
{
    const struct json_node *member = json_get(node, key);
    return member ? member->text : NULL;
}
