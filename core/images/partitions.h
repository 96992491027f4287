/*
 * The partition table of ESP-IDF: rows of 32 bytes, an MD5 row on all but old ones, blank behind.
 * And what `otadata` says about which application starts. Pure.
 *
 * Source of both layouts: esp_flash_partitions.h of ESP-IDF.
 */
#ifndef CORE_PARTITIONS_H
#define CORE_PARTITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITIONS_MAX        95u
#define PARTITIONS_BYTES      0xC00u /* of flash that a table fills */
#define PARTITIONS_USUAL_ADDR 0x8000u
#define PARTITION_APP         0u
#define PARTITION_DATA        1u
#define PARTITION_FACTORY     0x00u
#define PARTITION_OTA_0       0x10u /* and fifteen more */
#define PARTITION_OTA_DATA    0x00u
#define PARTITION_NVS         0x02u
#define PARTITION_NVS_KEYS    0x04u
#define PARTITION_ENCRYPTED   0x01u /* flags */
#define PARTITION_READ_ONLY   0x02u
#define PARTITIONS_OTA_BYTES  32u /* one entry of otadata; the other is a sector behind it */

struct partition {
    uint8_t type, subtype;
    uint32_t addr, size_bytes;
    uint32_t flags;
    char label[17];
};

struct partitions {
    struct partition rows[PARTITIONS_MAX];
    size_t count;
    const char *problem; /* half a sentence: the boot loader would refuse it; NULL: none */
    bool proved;         /* it has an MD5, and that is right */
};

/* The problem of a table that could not be judged. */
extern const char partitions_no_memory[];

/* Reads a table that begins at `bytes`. False: none does. What is wrong with one is its problem. */
bool partitions_read(const uint8_t *bytes, size_t n, struct partitions *out);

/* Where the last partition ends; 0: there is none. */
uint64_t partitions_end(const struct partitions *p);

/* The one that holds the address, NULL if none does. */
const struct partition *partitions_at(const struct partitions *p, uint32_t addr);

/* The one of a type and subtype, NULL if there is none. */
const struct partition *partitions_find(const struct partitions *p, uint8_t type, uint8_t subtype);

/* The one of this label, NULL if there is none. */
const struct partition *partitions_labelled(const struct partitions *p, const char *label);

/* How many applications can be chosen from by otadata: ota_0 and those that follow it. */
unsigned partitions_slots(const struct partitions *p);

/* The application that starts. `first` and `second` are the two entries of otadata, NULL where they
 * are not known or not there. NULL: the table has none. */
const struct partition *partitions_start(const struct partitions *p, const uint8_t *first,
                                         const uint8_t *second);

#endif
