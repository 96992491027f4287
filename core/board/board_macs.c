#include "core/board/board_macs.h"

#include <string.h>

enum rule {
    RULE_NONE,
    RULE_OWN,
    RULE_PLUS_1,
    RULE_PLUS_2,
    RULE_PLUS_3,
    RULE_LOCAL,
    RULE_LOCAL_PLUS_1
};

/* esp_mac.c (mac_addr.c) of ESP-IDF, commit 1021229, and its page "MAC Address": by how many
 * addresses the chip's maker gave it. */
static const struct {
    const char *chip;
    enum rule ap, bt, ethernet;
} rules[] = {
    { "esp32", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32s3", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32c2", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32c3", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32c5", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32c6", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32c61", RULE_PLUS_1, RULE_PLUS_2, RULE_PLUS_3 },
    { "esp32s2", RULE_PLUS_1, RULE_NONE, RULE_LOCAL_PLUS_1 },
    { "esp32s31", RULE_LOCAL, RULE_PLUS_1, RULE_NONE },
    { "esp32h2", RULE_NONE, RULE_OWN, RULE_NONE },
    { "esp32h21", RULE_NONE, RULE_OWN, RULE_NONE },
    { "esp32h4", RULE_NONE, RULE_OWN, RULE_NONE },
    { "esp32p4", RULE_NONE, RULE_NONE, RULE_OWN },
};

/* Of an EUI-64 the six bytes that it was made of. */
static void base_of(const struct chip_mac *own, uint8_t out[static 6])
{
    memcpy(out, own->bytes, 3);
    memcpy(out + 3, own->bytes + (own->count == 8 ? 5 : 3), 3);
}

static void make_local(uint8_t mac[static 6])
{
    if (mac[0] & 0x02)
        mac[0] ^= 0x04;
    else
        mac[0] |= 0x02;
}

/* On the last byte alone, without a carry. */
static void apply(enum rule rule, uint8_t mac[static 6])
{
    const bool plus_1 = rule == RULE_PLUS_1 || rule == RULE_LOCAL_PLUS_1;
    mac[5] = (uint8_t)(mac[5] + (plus_1                ? 1
                                 : rule == RULE_PLUS_2 ? 2
                                 : rule == RULE_PLUS_3 ? 3
                                                       : 0));
    if (rule == RULE_LOCAL || rule == RULE_LOCAL_PLUS_1)
        make_local(mac);
}

/* ESP32-S2 of 7C:DF:A1:00:30:00 to 7C:DF:A1:00:5F:FF: their addresses were given out twice, so the
 * access point has one of another range (the same file). */
static bool is_doubled_s2(const struct chip *chip, const uint8_t mac[static 6])
{
    static const uint8_t front[4] = { 0x7C, 0xDF, 0xA1, 0x00 };
    return strcmp(chip->id_name, "esp32s2") == 0 && memcmp(mac, front, sizeof front) == 0 &&
           mac[4] >= 0x30 && mac[4] <= 0x5F;
}

bool board_mac_of(const struct chip *chip, const struct chip_mac *own, enum mac_use use,
                  uint8_t out[static 6])
{
    if (own->count == 0)
        return false;
    base_of(own, out);
    if (use == MAC_BASE)
        return true;
    if (use == MAC_AP && is_doubled_s2(chip, out)) {
        const unsigned moved = out[4] + 0x1D0u; /* 0x1D000 further on */
        out[3] = (uint8_t)(moved >> 8);
        out[4] = (uint8_t)moved;
        return true;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const enum rule rule = use == MAC_AP   ? rules[i].ap
                               : use == MAC_BT ? rules[i].bt
                                               : rules[i].ethernet;
        if (strcmp(rules[i].chip, chip->id_name) != 0)
            continue;
        apply(rule, out);
        return rule != RULE_NONE;
    }
    return false;
}
