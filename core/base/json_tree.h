/* Reading a JSON file as a tree: small ones, with limits on depth and count. Pure. */
#ifndef CORE_JSON_TREE_H
#define CORE_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum json_kind { JSON_TEXT, JSON_LIST, JSON_MAP };

/* Numbers, true, false and null are texts here. */
struct json_node {
    enum json_kind kind;
    char *key;                      /* of a member of a map; else NULL */
    char *text;                     /* of a text; else NULL */
    struct json_node *first, *last; /* what is in it */
    struct json_node *next;         /* its neighbour */
    struct json_node *parent;
};

struct json_problem {
    bool no_memory;
    size_t line;      /* from 1 on */
    const char *what; /* half a sentence */
};

/* The tree, whose root is an object; free it. NULL: *problem says why. */
struct json_node *json_tree_parse(const char *text, size_t n, struct json_problem *problem);
void json_tree_free(struct json_node *root); /* NULL is fine */

/* The first member of that name, NULL if there is none. `node` may be NULL, and anything. */
const struct json_node *json_get(const struct json_node *node, const char *key);

/* The text of a member, NULL if it is none. */
const char *json_get_text(const struct json_node *node, const char *key);

#endif
