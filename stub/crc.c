#include "stub/crc.h"

#define POLYNOMIAL 0xEDB88320u

void crc_fill(uint32_t rows[CRC_ROWS])
{
    for (uint32_t byte = 0; byte < CRC_ROWS; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        rows[byte] = crc;
    }
}

uint32_t crc_on(const uint32_t rows[CRC_ROWS], uint32_t crc, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ rows[(crc ^ bytes[i]) & 0xFF];
    return crc;
}
