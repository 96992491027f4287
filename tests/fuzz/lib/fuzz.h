/*
 * What the fuzz targets share. Each tests/fuzz/NAME.c is one target: a function that takes any
 * bytes, and aborts when a promise is broken. Linked with libFuzzer it searches for such bytes
 * (`make fuzz`); linked with replay.c it runs those that are kept in tests/fuzz/corpus/NAME.txt,
 * and needs no clang for that (`make test`).
 *
 * One thread. Targets take no time from the system and leave nothing behind between two inputs, so
 * that the same bytes always do the same.
 */
#ifndef TESTS_FUZZ_LIB_FUZZ_H
#define TESTS_FUZZ_LIB_FUZZ_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target. Gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Says what was promised and aborts, unless it holds. */
void must(bool holds, const char *promise);

/* A call that gave `ok` has told the truth in *e: nothing on success, else a code with a sentence
 * and advice. */
void must_tell(bool ok, const struct err *e);

/* An input, taken from the front; what is asked for behind its end is zero or empty. */
struct input {
    const uint8_t *at;
    size_t left;
};

uint8_t input_byte(struct input *in);
uint16_t input_u16(struct input *in);
uint32_t input_u32(struct input *in);

/* The next n bytes, or as many as there are: *got. Lent. */
const uint8_t *input_bytes(struct input *in, size_t n, size_t *got);

/* The next line, without its end, as a text to free; all of the rest where there is no line end.
 * NULs become blanks. */
char *input_line(struct input *in);

/* A folder of this process alone, which is its current one from the first call on, and is removed
 * at the end. */
void enter_folder(void);

/* Writes a file into it. */
void put_file(const char *name, const void *bytes, size_t n);

/* Memory that is there, or the end. */
void *must_alloc(size_t n);

#endif
