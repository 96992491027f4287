/*
 * Intel HEX files: text lines with addresses of their own, read strictly. Pure.
 *
 * Read are data (00), end of file (01), and extended addresses by segment (02) and linear (04);
 * start addresses (03, 05) are taken and mean nothing to a flash. Records may come in any order.
 */
#ifndef CORE_INTEL_HEX_H
#define CORE_INTEL_HEX_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* What lies together. */
struct intel_hex_region {
    uint32_t addr;
    uint32_t size_bytes;
    const uint8_t *bytes; /* inside intel_hex.bytes */
};

struct intel_hex {
    struct intel_hex_region *regions; /* by rising address, none overlaps */
    size_t count;                     /* at least 1 */
    uint8_t *bytes;
};

/* Whether a file is one, or means to be: a text whose first line begins with a colon, or that has
 * lines above its first record (intel_hex_read then refuses them). A blank line, blanks and the
 * mark of UTF-8 count for nothing. */
bool intel_hex_is(const uint8_t *text, size_t n);

/* Reads a whole file. Pieces that touch the same unit of `unit_bytes` (a power of two: the flash's
 * sector, 1 for none) become one region, with FF between them; gaps wider than that divide regions.
 * The caller frees *out with intel_hex_done. ERR_IMAGE with the line and what is wrong with it (an
 * address twice, a wrong checksum, no end record...), or ERR_STATION. */
bool intel_hex_read(const uint8_t *text, size_t n, uint32_t unit_bytes, struct intel_hex *out,
                    struct err *e);
void intel_hex_done(struct intel_hex *hex); /* fine on a zeroed one */

#endif
