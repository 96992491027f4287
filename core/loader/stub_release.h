/*
 * Which release a stub file is of. The files do not say, and how they are laid out differs between
 * the tools they come with: what is in them tells.
 */
#ifndef CORE_STUB_RELEASE_H
#define CORE_STUB_RELEASE_H

#include "core/base/digest.h"
#include "core/loader/stub.h"

/* How a stub was tried by this project. None of them was on a board yet. */
enum stub_tried {
    STUB_TRIED_MODEL = 1 << 0, /* virtual boards that behave as its source says */
    STUB_TRIED_CODE = 1 << 1,  /* its own machine code, run by an interpreter */
};

struct stub_release {
    const char *name;    /* "esp32", as the file's */
    uint64_t digest;     /* the first eight bytes of stub_digest, big-endian */
    const char *version; /* "1.2.1 to 1.2.2"; with "legacy " in front: of the generation before */
    unsigned tried;      /* enum stub_tried */
};

/* Over all that reaches the chip: entry, then address, length and bytes of text and of data,
 * numbers as 32 bits little-endian. False: out of memory. Pure. */
bool stub_digest(const struct stub *s, uint8_t sha256[static DIGEST_SHA256_BYTES]);

/* NULL: none that is known. */
const struct stub_release *stub_release_of(const uint8_t sha256[static DIGEST_SHA256_BYTES]);

/* Whether the file's name says another chip than what is in it does. */
bool stub_release_is_misnamed(const struct stub *s, const struct stub_release *release);

/* The whole table, in the order of its file; NULL behind its end. */
const struct stub_release *stub_release_at(size_t i);

#endif
