/* What all sources of an import share: files, words, images and notes. */
#include "core/base/err.h"
#include "core/base/read_all.h"
#include "station/import/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for the import");
}

/* ---- Files ---- */

char *import_read_text(const char *path, size_t *n, bool *there, struct err *e)
{
    struct stat st = { 0 };
    char *text = NULL;
    size_t have = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *there = fd >= 0 || errno != ENOENT;
    if (fd < 0) {
        if (*there)
            err_set_sys(e, ERR_USAGE, errno, "'%.150s' cannot be read", path);
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        err_set(e, ERR_USAGE, "'%.150s' is no regular file", path);
    else if ((uint64_t)st.st_size > IMPORT_TEXT_MAX_BYTES)
        err_set(e, ERR_USAGE, "'%.150s' is too large to come from a build", path);
    else if (!(text = calloc(1, (size_t)st.st_size + 1)))
        no_memory(e);
    else if (!read_all(fd, text, (size_t)st.st_size, &have) || have < (size_t)st.st_size)
        err_set(e, ERR_USAGE, "'%.150s' cannot be read to its end", path);
    else if (strlen(text) != (size_t)st.st_size)
        err_set(e, ERR_USAGE, "'%.150s' is no text", path);
    else
        goto out;
    free(text);
    text = NULL;
out:
    *n = (size_t)st.st_size;
    close(fd);
    return text;
}

char *import_join(const char *folder, const char *file, struct err *e)
{
    char *path = NULL;
    bool bare = folder[0] == '\0' || file[0] == '/';
    const char *gap = bare || folder[strlen(folder) - 1] == '/' ? "" : "/";
    if (asprintf(&path, "%s%s%s", bare ? "" : folder, gap, file) >= 0)
        return path;
    no_memory(e);
    return NULL;
}

const char *import_base_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p; p++) {
        if (*p == '/' || *p == '\\')
            name = p + 1;
    }
    return name;
}

bool import_is_folder(const char *path)
{
    struct stat st;
    return stat(path[0] ? path : ".", &st) == 0 && S_ISDIR(st.st_mode);
}

bool import_is_file(const char *folder, const char *file)
{
    struct stat st;
    char path[PATH_MAX]; /* no system call takes a longer one, and this cannot fail for memory */
    const char *gap = folder[0] == '\0' || file[0] == '/' ? "" : "/";
    int n = snprintf(path, sizeof path, "%s%s%s", gap[0] ? folder : "", gap, file);
    return n >= 0 && (size_t)n < sizeof path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

uint8_t *import_read_image(const char *path, size_t *n, struct err *e)
{
    struct stat st;
    uint8_t *bytes = NULL;
    size_t have = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (ok && ((uint64_t)st.st_size > RECIPE_IMAGE_MAX_BYTES || st.st_size == 0)) {
        err_set(e, ERR_IMAGE, "'%.150s' has %lld bytes; an image has 1 to %zu", path,
                (long long)st.st_size, RECIPE_IMAGE_MAX_BYTES);
        goto out;
    }
    bytes = ok ? malloc((size_t)st.st_size) : NULL;
    bool read = bytes && read_all(fd, bytes, (size_t)st.st_size, &have);
    if (!read || have < (size_t)st.st_size) {
        err_set_sys(e, errno == ENOMEM ? ERR_STATION : ERR_IMAGE, errno, "'%.150s' cannot be read",
                    path);
        free(bytes);
        bytes = NULL;
    }
    *n = have;
out:
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* ---- Words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the backslash at `p` makes the next character an ordinary one, as in a shell. Elsewhere
 * it is one itself: pasted paths of Windows have it between two names. */
static bool escapes(const char *p, char quote)
{
    if (*p != '\\' || p[1] == '\0' || quote == '\'')
        return false;
    bool name = (p[1] >= '0' && p[1] <= '9') || (p[1] >= 'a' && p[1] <= 'z') ||
                (p[1] >= 'A' && p[1] <= 'Z') || p[1] == '.' || p[1] == '_' || p[1] == '-';
    return quote ? strchr("\"\\$`\n\r", p[1]) != NULL : !name;
}

/* Takes one word from *at into `word`, which is as long as the text. False: a quote stays open. */
static bool take_word(const char **at, char *word)
{
    const char *p = *at;
    char quote = '\0';
    size_t n = 0;
    for (; *p && (quote || !is_blank(*p)); p++) {
        bool escaped = escapes(p, quote);
        if (escaped && (p[1] == '\n' || (p[1] == '\r' && p[2] == '\n'))) {
            p += p[1] == '\r' ? 2 : 1; /* a long command, continued on the next line */
        } else if (escaped) {
            word[n++] = *++p;
        } else if (quote ? *p == quote : *p == '"' || *p == '\'') {
            quote = quote ? '\0' : *p;
        } else {
            word[n++] = *p;
        }
    }
    word[n] = '\0';
    *at = p;
    return quote == '\0';
}

static bool add_word(struct import_words *words, const char *word, struct err *e)
{
    if (words->count == IMPORT_WORDS_MAX)
        return err_set(e, ERR_USAGE, "There are more than %d words", IMPORT_WORDS_MAX);
    words->items[words->count] = strdup(word);
    return words->items[words->count++] || no_memory(e);
}

bool import_split(const char *text, struct import_words *words, struct err *e)
{
    char *word = malloc(strlen(text) + 1);
    bool ok = word || no_memory(e);
    words->count = 0;
    while (ok) {
        while (is_blank(*text))
            text++;
        const char *from = text;
        if (*text == '\0')
            break;
        ok = take_word(&text, word) ||
             err_set(e, ERR_USAGE, "A quote is not closed: %.*s",
                     (int)(strcspn(from, "\r\n") < 60 ? strcspn(from, "\r\n") : 60), from);
        /* a lone line continuation is no word */
        if (ok && (word[0] != '\0' || *from == '"' || *from == '\''))
            ok = add_word(words, word, e);
    }
    free(word);
    return ok;
}

void import_words_done(struct import_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    words->count = 0;
}

bool import_parse_offset(const char *text, uint32_t *offset_addr, struct err *e)
{
    char *end = NULL;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    errno = 0;
    unsigned long long value = strtoull(text, &end, hex ? 16 : 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > 0x7FFFFFFF)
        return err_set(e, ERR_USAGE, "'%.60s' is no offset; expected a number as in 0x10000", text);
    *offset_addr = (uint32_t)value;
    return true;
}

/* ---- Images and notes ---- */

/* With the other slash, if that is how the path is written and found. */
static char *find_image(const char *folder, const char *file, struct err *e)
{
    char *path = import_join(folder, file, e);
    if (!path || import_is_file("", path) || !strchr(file, '\\'))
        return path;
    for (char *p = path + strlen(path) - strlen(file); *p; p++)
        *p = *p == '\\' ? '/' : *p;
    return path;
}

static bool not_there(const char *folder, const char *file, uint32_t offset_addr, struct err *e)
{
    const char *name = import_base_name(file);
    const char *here = folder[0] ? folder : "the current folder";
    err_set(e, ERR_IMAGE, "The image '%.120s' for 0x%x is not there", file, offset_addr);
    if (name != file && import_is_file(folder, name))
        return err_hint(e, "%.100s has a file of that name; if it is the one, give it as: %.60s",
                        here, name);
    if (folder[0] == '\0' && import_is_file("build", file))
        return err_hint(e, "It is in build: cd build, and import again.");
    return err_hint(e, "Build first; relative paths are seen from %.100s.", here);
}

static bool same_file(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

/* The image for that place, NULL if there is none yet. */
static const struct import_image *image_at(const struct import *im, uint32_t offset_addr)
{
    for (size_t i = 0; i < im->image_count; i++) {
        if (im->images[i].offset_addr == offset_addr)
            return &im->images[i];
    }
    return NULL;
}

bool import_add_image(struct import *im, const char *folder, const char *file, uint32_t offset_addr,
                      struct err *e)
{
    char *path = find_image(folder, file, e);
    const struct import_image *present = image_at(im, offset_addr);
    bool known = path && present && same_file(present->path, path);
    if (!path)
        return false;
    if (known || !import_is_file("", path)) {
        free(path);
        return known || not_there(folder, file, offset_addr, e);
    }
    if (present)
        err_set(e, ERR_USAGE, "'%.90s' and '%.90s' are both for 0x%x", present->path, path,
                offset_addr);
    else if (im->image_count == RECIPE_IMAGES_MAX)
        err_set(e, ERR_USAGE, "There are more than %d images", RECIPE_IMAGES_MAX);
    else {
        im->images[im->image_count++] = (struct import_image){ path, offset_addr };
        return true;
    }
    free(path);
    return false;
}

void import_note(struct import *im, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    if (text && im->note_count < IMPORT_NOTES_MAX) {
        im->notes[im->note_count++] = text;
        return;
    }
    im->notes_lost = true;
    free(text);
}

void import_done(struct import *im)
{
    for (size_t i = 0; i < im->image_count; i++)
        free(im->images[i].path);
    for (size_t i = 0; i < im->note_count; i++)
        free(im->notes[i]);
    im->image_count = im->note_count = 0;
}
