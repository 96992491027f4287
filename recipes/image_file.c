/*
 * Image files, as a recipe names them.
 */
#include "recipes/recipe_priv.h"

#include <string.h>
#include <unistd.h>

static void report_missing(const char *path, const char *file, struct doc_pos at,
                           struct doc_report *report)
{
    char name[QUOTE_BYTES * 2];
    value_quote(file, name, sizeof name);
    if (strcmp(path, file) == 0) {
        doc_report_add(report, at, "image '%s' is not there", name);
        return;
    }
    char place[QUOTE_BYTES * 2];
    doc_report_add(report, at, "image '%s' is not there; looked for '%s'", name,
                   value_quote(path, place, sizeof place));
}

bool file_check_image(const char *path, const char *file, struct doc_pos at,
                      struct doc_report *report)
{
    int fd, sys;
    uint64_t bytes;
    char name[QUOTE_BYTES * 2];
    char reason[96];
    value_quote(file, name, sizeof name);

    const enum file_state state = file_open(path, RECIPE_IMAGE_MAX_BYTES, &fd, &bytes, &sys);
    switch (state) {
    case FILE_OK:
        close(fd);
        break;
    case FILE_MISSING:
        report_missing(path, file, at, report);
        break;
    case FILE_FOLDER:
        doc_report_add(report, at, "image '%s' is a folder; an image is a file", name);
        break;
    case FILE_SPECIAL:
        doc_report_add(report, at,
                       "image '%s' is a FIFO, socket or device; an image is a regular file", name);
        break;
    case FILE_MADE_UP:
        doc_report_add(report, at,
                       "image '%s' is made up by the kernel; an image is a file on a disk", name);
        break;
    case FILE_EMPTY:
        doc_report_add(report, at, "image '%s' is empty", name);
        break;
    case FILE_TOO_LARGE:
        doc_report_add(report, at, "image '%s' has %llu bytes; the largest flash holds %zu", name,
                       (unsigned long long)bytes, RECIPE_IMAGE_MAX_BYTES);
        break;
    case FILE_UNREADABLE:
        doc_report_add(report, at, "image '%s' cannot be read: %s", name,
                       strerror_r(sys, reason, sizeof reason));
        break;
    }
    return state == FILE_OK;
}

bool recipe_image_open(const struct recipe_image *image, int *fd, uint64_t *bytes, int *sys)
{
    return file_open(image->path, RECIPE_IMAGE_MAX_BYTES, fd, bytes, sys) == FILE_OK;
}
