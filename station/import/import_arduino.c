/* The build folder of Arduino: images named after the sketch. */
#include "core/base/err.h"
#include "station/import/build_priv.h"

#include <stdio.h>
#include <string.h>

/* Its boot loaders are made for a table at 0x8000, and its upload puts it there. */
bool import_arduino(struct import *im, const char *folder, const char *sketch, struct err *e)
{
    char app[300], boot[300], table[300];
    struct build b = {
        .folder = folder, .app = app, .boot = boot, .table = table, .usual_table = true
    };
    const char *ino = strstr(sketch, ".ino");
    snprintf(app, sizeof app, "%.255s.bin", sketch);
    snprintf(boot, sizeof boot, "%.255s.bootloader.bin", sketch);
    snprintf(table, sizeof table, "%.255s.partitions.bin", sketch);
    snprintf(im->name, sizeof im->name, "%.*s", ino ? (int)(ino - sketch) : 64, sketch);
    snprintf(im->source, sizeof im->source, "a build of Arduino");
    bool ok = build_add(im, &b, e);
    build_done(&b);
    return ok;
}
