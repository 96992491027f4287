/* Inside recipes/ only: how the section `security` is read and judged. */
#ifndef RECIPES_SECURITY_PRIV_H
#define RECIPES_SECURITY_PRIV_H

#include "recipes/doc/doc_priv.h"
#include "recipes/security/security.h"

struct chip;

/* ---- security.c: for the `store` of rows ---- */

bool store_security_key(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_security_digest(struct values *v, unsigned id, const struct scalar *s, void *target);

/* ---- security_check.c ---- */

/* Where keys of the section stand that are in no list. */
struct security_places {
    struct doc_pos section, boot, boot_key, unused, aggressive, crypt, mode, key, shared, by, bits,
        block, jtag, download, print, mac, version, lock, keep;
};

/* What the keys of the section say to each other, once all were read. `proved`: the flash is
 * verified. `has_value`: whether the unit has a value of that name. */
void security_check(struct doc_report *report, struct security *s, const struct chip *chip,
                    const struct security_places *at, bool proved, bool has_value);

#endif
