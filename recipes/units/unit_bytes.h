/*
 * The images of a unit, as bytes: made of its values.
 *
 * What is the same for all units (templates, keys) is read once. Any thread.
 */
#ifndef RECIPES_UNIT_BYTES_H
#define RECIPES_UNIT_BYTES_H

#include "recipes/units/pool.h"

/* What the images of all units share. */
struct unit_material {
    struct {
        uint8_t *bytes; /* of the template, or of the keys; NULL: none, or each unit has its own */
        size_t n;
    } images[UNIT_IMAGES_MAX];
};

/* Reads it. False: mistakes in *report, or ERR_STATION. unit_material_done in any case. */
bool unit_material_read(const struct unit *u, struct unit_material *m, struct doc_report *report,
                        struct err *e);
void unit_material_done(struct unit_material *m);

/* One unit. */
struct unit_instance {
    const struct unit *unit;
    const struct unit_material *material;
    struct unit_texts texts;
    struct pool *const *pools;
    size_t rows[UNIT_POOLS_MAX];      /* that are the unit's; POOL_NO_ROW: none */
    const char *gone[UNIT_POOLS_MAX]; /* rows that it had; NULL: none, or there */
};

/* Makes image `i` of a unit: all `size` bytes of its place. `read_only`: the partition has that
 * flag, and no page of NVS needs to be free. ERR_UNIT, where values do not fit; ERR_STATION. */
bool unit_bytes_make(const struct unit_instance *instance, size_t i, bool read_only, uint8_t *bytes,
                     size_t size, struct err *e);

/* Whether all that image `i` is made of is known. False: `why` says what is not, never a value. */
#define UNIT_WHY_CAP 160
bool unit_bytes_knows(const struct unit_instance *instance, size_t i,
                      char why[static UNIT_WHY_CAP]);

/* Whether what a board holds at the place of image `i`, an NVS partition, has all keys of the
 * unit, with their values; keys of which a value is not known are passed over. `bytes` are
 * decrypted in place where the image is encrypted. ERR_VERIFY names the first key that differs,
 * without its value; ERR_UNIT: the keys to decrypt with are not to be had. */
bool unit_bytes_compare(const struct unit_instance *instance, size_t i, bool read_only,
                        uint8_t *bytes, size_t size, struct err *e);

#endif
