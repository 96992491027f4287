/*
 * The text of a document from a file, and what its mistakes come to.
 */
#include "core/base/read_all.h"
#include "recipes/doc/doc_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

bool source_no_memory(const struct doc_kind *kind, const char *name, struct err *e)
{
    return err_set(e, ERR_STATION, "out of memory while reading %s '%s'", kind->noun, name);
}

bool source_too_large(const struct doc_kind *kind, const char *name, size_t n, struct err *e)
{
    return err_set(e, kind->code, "%s '%s' has %zu bytes; at most %zu are read", kind->noun, name,
                   n, DOC_TEXT_MAX_BYTES);
}

bool source_mistakes(const struct doc_kind *kind, const char *name, const struct doc_report *report,
                     struct err *e)
{
    char first[sizeof report->mistakes[0].sentence + 256];
    doc_mistake_text(name, &report->mistakes[0], first, sizeof first);
    if (report->total == 1)
        return err_set(e, kind->code, "%s", first);
    return err_set(e, kind->code, "%zu mistakes; the first: %s", report->total, first);
}

static bool source_open(const struct doc_kind *kind, const char *path, int *fd, size_t *bytes,
                        struct err *e)
{
    uint64_t size;
    int sys;
    const enum file_state state = file_open(path, DOC_TEXT_MAX_BYTES, fd, &size, &sys);
    *bytes = (size_t)size;
    switch (state) {
    case FILE_OK:
        return true;
    case FILE_MISSING:
        err_set(e, kind->code, "there is no %s '%s'", kind->noun, path);
        return err_hint(e, "Check how the path is spelled; it counts from the current folder.");
    case FILE_FOLDER:
        return err_set(e, kind->code, "'%s' is a folder; a %s is a file", path, kind->noun);
    case FILE_SPECIAL:
        return err_set(e, kind->code, "'%s' is a FIFO, socket or device; a %s is a regular file",
                       path, kind->noun);
    case FILE_MADE_UP:
        return err_set(e, kind->code, "'%s' is made up by the kernel; a %s is a file on a disk",
                       path, kind->noun);
    case FILE_EMPTY:
        return err_set(e, kind->code, "%s '%s' is empty", kind->noun, path);
    case FILE_TOO_LARGE:
        return err_set(e, kind->code, "'%s' has %llu bytes; a %s has at most %zu", path,
                       (unsigned long long)size, kind->noun, DOC_TEXT_MAX_BYTES);
    case FILE_UNREADABLE:
        break;
    }
    return err_set_sys(e, kind->code, sys, "%s '%s' cannot be read", kind->noun, path);
}

bool source_read(const struct doc_kind *kind, const char *path, char **text, size_t *n,
                 struct err *e)
{
    int fd;
    size_t bytes;
    bool ok = false;
    *text = NULL;
    if (!source_open(kind, path, &fd, &bytes, e))
        return false;
    *text = malloc(bytes);
    if (!*text)
        source_no_memory(kind, path, e);
    else
        ok = read_all(fd, *text, bytes, n) || /* fewer or more by now: a mistake like others */
             err_set_sys(e, kind->code, errno, "%s '%s' cannot be read", kind->noun, path);
    close(fd);
    if (!ok) {
        free(*text);
        *text = NULL;
    }
    return ok;
}
