/*
 * The flasher stub: a small program in the chip's RAM that takes larger blocks, inflates, erases
 * while data arrive, and computes MD5 on every chip.
 *
 * Stubs come as JSON files, one a chip, in the form Espressif publishes: from the table built into
 * the program, or from a folder given at run time.
 */
#ifndef CORE_STUB_H
#define CORE_STUB_H

#include "core/loader/loader.h"

/* One part of a stub, as it lies in RAM. */
struct stub_segment {
    uint8_t *bytes;
    uint32_t size_bytes;
    uint32_t addr;
};

struct stub {
    char name[32]; /* "esp32", as the chip's id_name */
    const struct loader_kind *kind;
    char file[64]; /* base name of its file, cut off at the end */
    uint32_t entry_addr;
    struct stub_segment text;
    struct stub_segment data; /* may be empty */
};

/* Parses one JSON file's text. The caller owns the result (stub_free). NULL with ERR_STATION that
 * names `name` and what is wrong. */
struct stub *stub_parse(const char *name, const unsigned char *json, size_t n, struct err *e);
void stub_free(struct stub *s);

/* All stubs at hand, by name; immutable, shared by all threads. `folder` NULL: those built in. Of a
 * folder the files count that are called like stubs: esp32c3.json, or stub_flasher_32c3.json as
 * they were up to esptool 4.7 and in esptool-js of that time. A folder that cannot be read or holds
 * none fails. A file that is no stub, or the second one for a chip, is a problem of that chip. */
struct stub_set;
struct stub_set *stub_set_new(const char *folder, struct err *e);
void stub_set_free(struct stub_set *set);

/* Our own fast stubs, by the names of their chips; they are built in. NULL: ERR_STATION. */
struct stub_set *stub_set_fast(struct err *e);

/* Lent as long as the set lives; NULL if there is none of that name. `set` may be NULL. */
const struct stub *stub_set_find(const struct stub_set *set, const char *name);

/* False, with ERR_STATION that names the file and what is wrong: there is a file for that stub, and
 * it cannot be used. `set` may be NULL. */
bool stub_set_check(const struct stub_set *set, const char *name, struct err *e);

/* All such files, to warn of them, and the stubs that they would be. Lent as long as the set lives.
 */
size_t stub_set_problem_count(const struct stub_set *set);
const struct err *stub_set_problem(const struct stub_set *set, size_t i);
const char *stub_set_problem_name(const struct stub_set *set, size_t i);

/* Whether it is of a release that core/loader/stub_release.h lists; true also where memory lacks to
 * tell. Pure. */
bool stub_is_known(const struct stub *s);

size_t stub_set_count(const struct stub_set *set);
const struct stub *stub_set_at(const struct stub_set *set, size_t i);

/* The folder they came from; NULL: they are built in. Lent. */
const char *stub_set_folder(const struct stub_set *set);

/* Writes half a sentence into `text` that says why there is none of that name: "'DIR' holds no
 * flasher stub for ESP32-C3 (esp32c3.json)". */
void stub_set_explain(const struct stub_set *set, const char *name, const char *chip, char *text,
                      size_t cap);

/* Whether a rate that the ROM was changed to lasts while the stub starts. Where the stub sets it
 * anew, stub_start puts right what the ROM remembers, if that is where it should be; else the rate
 * has to wait for the stub. False on failures too, whatever they are. */
bool stub_keeps_baud(struct loader *l, const struct stub *s);

/* Uploads and starts it; the ROM must be listening. Afterwards `l->kind` is its. Fails with
 * ERR_STUB, or with what the port says. */
bool stub_start(struct loader *l, const struct stub *s, struct err *e);

/* Whether it can be started at any rate at once: where it looks up at its start what the ROM
 * remembers. False on failures too. */
bool stub_starts_at_any_baud(struct loader *l, const struct stub *s);

/* The same at a rate that the link has only from then on; only where that can be. `flash_bytes` is
 * what the stub is told then, should its greeting not be heard. Fails with ERR_STUB, with ERR_BAUD
 * where the stub should run and is not heard, or with what the port says. */
bool stub_start_at(struct loader *l, const struct stub *s, uint32_t baud, uint32_t flash_bytes,
                   struct err *e);

#endif
