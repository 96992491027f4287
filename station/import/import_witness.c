/* What flasher_args.json and sdkconfig say about a build that another tool has made of the same
 * project. */
#include "core/base/err.h"
#include "station/import/build_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_KEY "CONFIG_PARTITION_TABLE_OFFSET="

static bool is_name(const char *path, const char *name)
{
    return strcmp(import_base_name(path), name) == 0;
}

static bool is_application(const char *path)
{
    return !is_name(path, "bootloader.bin") && !is_name(path, "ota_data_initial.bin");
}

/* Newer ones say which file is the application. In others it is what is neither boot loader nor
 * table nor choice of a slot, if that is one file alone. */
static bool take_files(struct build *b, const struct json_node *root, struct err *e)
{
    const struct json_node *files = json_get(root, "flash_files"), *app = NULL;
    const char *said = json_get_text(json_get(root, "app"), "offset");
    size_t apps = 0;
    uint32_t addr;
    for (const struct json_node *f = files ? files->first : NULL; f; f = f->next) {
        struct err ignored = { 0 };
        if (!f->text || !import_parse_offset(f->key, &addr, &ignored))
            return true;
        if (is_name(f->text, "partition-table.bin")) {
            if (!said_add(&b->table_at, addr, "flasher_args.json", "the partition table", e))
                return false;
        } else if (is_application(f->text)) {
            app = f;
            apps++;
        }
    }
    said = said ? said : apps == 1 ? app->key : NULL;
    return !said || (import_parse_offset(said, &addr, e) &&
                     said_add(&b->app_at, addr, "flasher_args.json", "the application", e));
}

bool witness_flasher_args(struct build *b, struct err *e)
{
    size_t n;
    bool there = false;
    char *path = import_join(b->folder, "flasher_args.json", e);
    char *text = path ? import_read_text(path, &n, &there, e) : NULL;
    struct json_node *root = text ? import_json(path, text, n, e) : NULL;
    bool ok = path && (root ? take_files(b, root, e) : !there);
    json_tree_free(root);
    free(text);
    free(path);
    return ok;
}

bool witness_sdkconfig(struct build *b, const char *path, struct err *e)
{
    size_t n;
    bool there = false, ok = false;
    uint32_t addr;
    char value[32];
    char *text = import_read_text(path, &n, &there, e);
    if (!text)
        return !there;
    const char *line = strncmp(text, TABLE_KEY, sizeof TABLE_KEY - 1) == 0 ? text : NULL;
    line = line ? line : strstr(text, "\n" TABLE_KEY);
    if (!line)
        ok = true;
    else {
        line = strchr(line, '=') + 1;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r\n \t"), line);
        ok = (import_parse_offset(value, &addr, e) || err_wrap(e, "%.100s", path)) &&
             said_add(&b->table_at, addr, import_base_name(path), "the partition table", e);
    }
    free(text);
    return ok;
}
