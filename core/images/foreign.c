#include "core/images/foreign.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define TAR_MAGIC_AT 257u

#define HTML_ADVICE "the download was refused or needs a login: fetch the file again"
#define UNPACK      "unpack it first"

struct magic {
    const char *bytes;
    size_t n, at;
    struct foreign is;
};

#define MAGIC(text)         text, sizeof text - 1, 0
#define MAGIC_AT(text, at_) text, sizeof text - 1, at_

static const struct magic magics[] = {
    { MAGIC("version https://git-lfs.github.com/"),
      { "a Git LFS pointer, not the file that it stands for", "fetch that with: git lfs pull",
        true } },
    { MAGIC("\x1F\x8B\x08"), { "a gzip file", UNPACK " with: gunzip", false } },
    { MAGIC("PK\x03\x04"), { "a ZIP archive", UNPACK " with: unzip", false } },
    { MAGIC("\xFD"
            "7zXZ"),
      { "an xz file", UNPACK " with: unxz", false } },
    { MAGIC("BZh"), { "a bzip2 file", UNPACK " with: bunzip2", false } },
    { MAGIC("7z\xBC\xAF"), { "a 7-Zip archive", UNPACK, false } },
    { MAGIC("\x28\xB5\x2F\xFD"), { "a Zstandard file", UNPACK " with: unzstd", false } },
    { MAGIC_AT("ustar", TAR_MAGIC_AT), { "a tar archive", UNPACK " with: tar -x", false } },
    { MAGIC("\xFF\xFE:\0"),
      { "an Intel HEX file in UTF-16", "save it as plain text (ASCII)", true } },
    { MAGIC("\xFF\xFES\0"),
      { "a text in UTF-16", "make a .bin or an Intel HEX file of it", true } },
};

/* Texts, behind a mark of UTF-8 and blanks, in either case. */
static const struct magic texts[] = {
    { MAGIC("<!doctype html"), { "an HTML page", HTML_ADVICE, false } },
    { MAGIC("<html"), { "an HTML page", HTML_ADVICE, false } },
    { MAGIC("<?xml"), { "an XML text", HTML_ADVICE, false } },
};

static const struct foreign s_records = { "Motorola S-records",
                                          "make a .bin or an Intel HEX file with: objcopy -I srec "
                                          "-O ihex",
                                          true };

static size_t behind_blanks(const uint8_t *bytes, size_t n)
{
    size_t at = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < n && isspace(bytes[at]))
        at++;
    return at;
}

/* S and a type, then the count of bytes that follow on the line, in hexadecimal as all the rest. */
static bool is_s_record(const uint8_t *text, size_t n)
{
    const size_t head = 10; /* S, type, count, the shortest address and a checksum */
    if (n < head || text[0] != 'S' || text[1] < '0' || text[1] > '9')
        return false;
    for (size_t i = 2; i < head; i++) {
        if (!isxdigit(text[i]))
            return false;
    }
    return true;
}

const struct foreign *foreign_find(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const struct magic *m = &magics[i];
        if (n >= m->at + m->n && memcmp(bytes + m->at, m->bytes, m->n) == 0)
            return &m->is;
    }
    size_t at = behind_blanks(bytes, n);
    if (is_s_record(bytes + at, n - at))
        return &s_records;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct magic *m = &texts[i];
        if (n - at >= m->n && strncasecmp((const char *)bytes + at, m->bytes, m->n) == 0)
            return &m->is;
    }
    return NULL;
}
