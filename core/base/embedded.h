/* Files built into the program. The table is made at build time; nothing owns or frees it. */
#ifndef CORE_EMBEDDED_H
#define CORE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name; /* base name, as "esp32.json" */
    const unsigned char *bytes;
    size_t size_bytes; /* a NUL follows the last byte and is not counted */
};

/* The flasher stubs; the row after the last is all zero. Empty in a build without `make deps`. */
extern const struct embedded_file stub_files[];
extern const size_t stub_files_count;

/* The fast stubs that this project has built: stub/built. */
extern const struct embedded_file fast_stub_files[];
extern const size_t fast_stub_files_count;

/* The files of the screen in the browser, as "index.html". */
extern const struct embedded_file web_files[];
extern const size_t web_files_count;

#endif
