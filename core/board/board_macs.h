/* The addresses that ESP-IDF makes of a chip's own. */
#ifndef CORE_BOARD_MACS_H
#define CORE_BOARD_MACS_H

#include "core/facts/chip.h"

enum mac_use { MAC_BASE, MAC_AP, MAC_BT, MAC_ETHERNET };

/* The address for a use, as esp_read_mac of ESP-IDF gives it with its default of universally
 * administered addresses. False: this chip has none for it. Pure. */
bool board_mac_of(const struct chip *chip, const struct chip_mac *own, enum mac_use use,
                  uint8_t out[static 6]);

#endif
