/* A pool from a folder: one .bin file for each unit, in the order of their names. */
#include "core/base/err.h"
#include "core/base/read_all.h"
#include "recipes/units/pool_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_bin(const struct dirent *entry)
{
    const char *const dot = strrchr(entry->d_name, '.');
    return dot && dot != entry->d_name && strcasecmp(dot, ".bin") == 0;
}

/* The digest of a file; a mistake where it cannot be one. False: out of memory. */
static bool hash_file(struct pool *p, const char *name, struct pool_row *row)
{
    uint64_t size = 0;
    size_t n = 0;
    int fd = -1, sys = 0;
    char *const path = file_join(p->setup->folder_path, name);
    if (!path)
        return false;
    const enum file_state state = file_open(path, NVS_IMAGE_BYTES, &fd, &size, &sys);
    free(path);
    if (state != FILE_OK) {
        pool_mistake(p, 0, 0, "%.80s %s", name,
                     state == FILE_EMPTY       ? "is empty"
                     : state == FILE_TOO_LARGE ? "has more than 16 MiB"
                                               : "cannot be read");
        return true;
    }
    uint8_t *const bytes = malloc((size_t)size);
    bool ok = bytes != NULL;
    if (ok && (!read_all(fd, bytes, (size_t)size, &n) || n != size))
        pool_mistake(p, 0, 0, "%.80s cannot be read", name);
    else
        ok = ok && digest_sha256(bytes, n, row->sha256);
    close(fd);
    unit_wipe(bytes, (size_t)size);
    return ok;
}

static void bind_by_name(struct pool *p, const char *name, struct pool_row *row)
{
    char bare[32];
    const size_t n = strlen(name) - strlen(strrchr(name, '.'));
    if (!p->setup->mac)
        return;
    snprintf(bare, sizeof bare, "%.*s", (int)n, name);
    if (n >= sizeof bare || !pool_mac_of(bare, &row->mac)) {
        row->mac = POOL_FREE;
        pool_mistake(p, 0, 0, "%.80s is not called by a MAC", name);
    }
}

static bool take_file(struct pool *p, const char *name)
{
    const size_t n = strlen(name) + 1;
    char *const bigger = realloc(p->text, p->text_bytes + n);
    struct pool_row *const row = bigger ? pool_add(p) : NULL;
    if (bigger)
        p->text = bigger;
    if (!row)
        return false;
    row->at = p->text_bytes;
    row->bytes = n - 1;
    memcpy(p->text + row->at, name, n);
    p->text_bytes += n;
    bind_by_name(p, name, row);
    for (size_t i = 0; i < p->unit->value_count; i++) {
        const struct unit_value *const v = &p->unit->values[i];
        struct err e = { 0 };
        if (v->from != UNIT_FROM_POOL || v->pool_index != p->index)
            continue;
        char *const text = pool_value(p, p->count - 1, v);
        if (text && !unit_value_accepts(v, text, &e))
            pool_mistake(p, 0, 0, "%s", e.what);
        free(text);
    }
    return hash_file(p, name, row);
}

bool pool_read_folder(struct pool *p)
{
    struct dirent **names = NULL;
    char reason[96];
    const int n = scandir(p->setup->folder_path, &names, is_bin, alphasort);
    bool ok = n >= 0 || errno != ENOMEM;
    if (n < 0)
        pool_mistake(p, 0, 0, "it cannot be read: %s", strerror_r(errno, reason, sizeof reason));
    for (int i = 0; i < n; i++) {
        ok = ok && take_file(p, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return ok && pool_check_unique(p);
}
