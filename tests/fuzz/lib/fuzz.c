#include "tests/fuzz/lib/fuzz.h"

#include "core/base/bytes.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void must(bool holds, const char *promise)
{
    if (holds)
        return;
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

/* Something to read, and nothing that moves the cursor of a terminal. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return false;
    }
    return text[0] != '\0';
}

void must_tell(bool ok, const struct err *e)
{
    if (ok == (e->code == ERR_NONE) && (ok || (is_plain(e->what) && is_plain(e->hint))))
        return;
    fprintf(stderr, "%s, but the error is %s: '%s' / '%s'\n", ok ? "success" : "failure",
            err_word(e->code), e->what, e->hint);
    abort();
}

void *must_alloc(size_t n)
{
    void *p = malloc(n > 0 ? n : 1);
    must(p != NULL, "there is memory");
    return p;
}

/* ---- Taking an input apart ---- */

const uint8_t *input_bytes(struct input *in, size_t n, size_t *got)
{
    const uint8_t *bytes = in->at;
    *got = n < in->left ? n : in->left;
    in->at += *got;
    in->left -= *got;
    return bytes;
}

uint8_t input_byte(struct input *in)
{
    size_t got;
    const uint8_t *byte = input_bytes(in, 1, &got);
    return got == 1 ? *byte : 0;
}

uint16_t input_u16(struct input *in)
{
    uint8_t low = input_byte(in);
    return (uint16_t)(low | input_byte(in) << 8);
}

uint32_t input_u32(struct input *in)
{
    uint16_t low = input_u16(in);
    return low | (uint32_t)input_u16(in) << 16;
}

char *input_line(struct input *in)
{
    const uint8_t *end = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
    size_t n = end ? (size_t)(end - in->at) : in->left;
    char *line = must_alloc(n + 1);
    for (size_t i = 0; i < n; i++)
        line[i] = in->at[i] ? (char)in->at[i] : ' ';
    line[n] = '\0';
    n += end != NULL;
    in->at += n;
    in->left -= n;
    return line;
}

/* ---- The folder ---- */

static char folder[256];

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void leave_folder(void)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void enter_folder(void)
{
    const char *temp = getenv("TMPDIR");
    if (folder[0])
        return;
    snprintf(folder, sizeof folder, "%.200s/espstation-fuzz-XXXXXX", temp ? temp : "/tmp");
    must(mkdtemp(folder) && chdir(folder) == 0, "there is a temporary folder");
    atexit(leave_folder);
}

void put_file(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");
    must(f && fwrite(bytes, 1, n, f) == n, "the temporary folder can be written");
    must(fclose(f) == 0, "the temporary folder can be written");
}
