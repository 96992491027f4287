/* What a boot log says, as a cause. Pure: text in, row out. Texts as the ROMs print them. */
#ifndef CORE_BOOTLOG_H
#define CORE_BOOTLOG_H

#include "core/base/err.h"

struct bootlog_row {
    const char *text;    /* what to look for */
    enum err_code code;  /* what it means for a board that should have answered or run */
    const char *meaning; /* half a sentence, for behind a colon */
    const char *hint;    /* whole sentence, NULL: the code's own */
    bool resets;         /* it is why the chip started over */
};

/* The gravest known text in a log, NULL if there is none. */
const struct bootlog_row *bootlog_find(const char *log);

/* Whether a ROM has printed its banner: the chip came out of a reset. */
bool bootlog_has_banner(const char *log);

/* Whether the chip starts over and over: three banners or more. */
bool bootlog_loops(const char *log);

/* Whether the log says that the ROM waits for a download. */
bool bootlog_in_loader(const char *log);

/* Whether it ends in the middle of these words: an adapter may hold the rest back. */
bool bootlog_is_entering(const char *log);

/* The boot mode a log names ("boot:0x13", "boot mode:(3,"), -1 if none. The last one counts. */
int bootlog_boot_mode(const char *log);

#endif
