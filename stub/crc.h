/* CRC-32 as zlib has it (polynomial EDB88320, reflected). Pure. */
#ifndef STUB_CRC_H
#define STUB_CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC_START 0xFFFFFFFFu
#define CRC_ROWS  256u

/* What each byte does. A kilobyte that need not be loaded. */
void crc_fill(uint32_t rows[CRC_ROWS]);

/* Goes on over n more bytes; the CRC is what comes out, inverted. */
uint32_t crc_on(const uint32_t rows[CRC_ROWS], uint32_t crc, const uint8_t *bytes, size_t n);

#endif
