#include "station/label/label_finish.h"

#include <inttypes.h>
#include <stdio.h>

#define FINISH_MS 15000u

void label_tell_unsure(int unsure, const char *db_path)
{
    if (unsure > 0)
        fprintf(stderr,
                "espstation: a station was killed here while %d label%s on the way to the printer: "
                "nobody knows whether printed. See: espstation label queue --db %s\n",
                unsure, unsure == 1 ? " was" : "s were", db_path);
}

bool label_finish(struct label_desk *d, const char *db_path)
{
    struct err why = { 0 };
    const int64_t open = label_desk_await(d, FINISH_MS, -1);
    if (open == 0)
        return true;
    fprintf(stderr, "espstation: %" PRId64 " label%s: %s\n", open, open == 1 ? " waits" : "s wait",
            label_desk_trouble(d, &why) ? why.what : "the printer takes its time");
    if (why.hint[0])
        fprintf(stderr, "  %s\n", why.hint);
    fprintf(stderr, "  Then print what waits: espstation label print --db %s\n", db_path);
    return false;
}
