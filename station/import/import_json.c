/* A JSON file of a build, with what is wrong with it as an error. */
#include "core/base/err.h"
#include "station/import/import.h"

struct json_node *import_json(const char *name, const char *text, size_t n, struct err *e)
{
    struct json_problem problem;
    struct json_node *root = json_tree_parse(text, n, &problem);
    if (root)
        return root;
    if (problem.no_memory) {
        err_set(e, ERR_STATION, "Out of memory for '%.100s'", name);
    } else {
        err_set(e, ERR_USAGE, "'%.100s', line %zu: %s", name, problem.line, problem.what);
        err_hint(e, "The file is no JSON as a build writes it: build again.");
    }
    return NULL;
}
