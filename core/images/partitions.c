#include "core/images/partitions.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"

#include <string.h>
#include <zlib.h>

#define ROW_BYTES   32u
#define MAGIC_ROW   0x50AAu
#define MAGIC_MD5   0xEBEBu
#define MAGIC_BLANK 0xFFFFu
#define MD5_AT      16u
#define SLOTS_MAX   16u
#define LABEL_BYTES 16u

static void take_row(const uint8_t *row, struct partitions *out)
{
    struct partition *p = &out->rows[out->count++];
    *p = (struct partition){ .type = row[2],
                             .subtype = row[3],
                             .addr = load_u32(row + 4),
                             .size_bytes = load_u32(row + 8),
                             .flags = load_u32(row + 28) };
    for (size_t i = 0; i < LABEL_BYTES && row[12 + i] != 0; i++)
        p->label[i] = row[12 + i] > ' ' && row[12 + i] <= '~' ? (char)row[12 + i] : '?';
}

const char partitions_no_memory[] = "there is no memory to check its MD5";

static void judge_md5(const uint8_t *bytes, size_t n, struct partitions *out)
{
    uint8_t md5[DIGEST_MD5_BYTES];
    if (!digest_md5(bytes, n, md5))
        out->problem = partitions_no_memory;
    else if (memcmp(md5, bytes + n + MD5_AT, sizeof md5) != 0)
        out->problem = "its MD5 is wrong";
    out->proved = !out->problem;
}

bool partitions_read(const uint8_t *bytes, size_t n, struct partitions *out)
{
    memset(out, 0, sizeof *out);
    if (n < ROW_BYTES || load_u16(bytes) != MAGIC_ROW)
        return false;
    for (size_t at = 0; at + ROW_BYTES <= n && at + ROW_BYTES <= PARTITIONS_BYTES;
         at += ROW_BYTES) {
        uint16_t magic = load_u16(bytes + at);
        if (magic == MAGIC_BLANK)
            return true;
        if (magic == MAGIC_MD5 && !out->proved && !out->problem) {
            judge_md5(bytes, at, out);
        } else if (magic == MAGIC_ROW && out->count < PARTITIONS_MAX) {
            take_row(bytes + at, out);
        } else {
            out->problem = "a row of it begins like none";
            return true;
        }
    }
    out->problem = out->problem ? out->problem : "it has no end";
    return true;
}

uint64_t partitions_end(const struct partitions *p)
{
    uint64_t end = 0;
    for (size_t i = 0; i < p->count; i++) {
        uint64_t this_end = (uint64_t)p->rows[i].addr + p->rows[i].size_bytes;
        end = this_end > end ? this_end : end;
    }
    return end;
}

const struct partition *partitions_at(const struct partitions *p, uint32_t addr)
{
    for (size_t i = 0; i < p->count; i++) {
        if (addr >= p->rows[i].addr && addr - p->rows[i].addr < p->rows[i].size_bytes)
            return &p->rows[i];
    }
    return NULL;
}

const struct partition *partitions_find(const struct partitions *p, uint8_t type, uint8_t subtype)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->rows[i].type == type && p->rows[i].subtype == subtype)
            return &p->rows[i];
    }
    return NULL;
}

unsigned partitions_slots(const struct partitions *p)
{
    unsigned n = 0;
    while (n < SLOTS_MAX && partitions_find(p, PARTITION_APP, (uint8_t)(PARTITION_OTA_0 + n)))
        n++;
    return n;
}

/* The number of an entry whose check is right; 0: it chooses nothing. */
static uint32_t sequence_of(const uint8_t *entry)
{
    uint32_t sequence = entry ? load_u32(entry) : 0;
    if (sequence == 0 || sequence == UINT32_MAX)
        return 0;
    return load_u32(entry + 28) == crc32(UINT32_MAX, entry, 4) ? sequence : 0;
}

const struct partition *partitions_start(const struct partitions *p, const uint8_t *first,
                                         const uint8_t *second)
{
    const struct partition *factory = partitions_find(p, PARTITION_APP, PARTITION_FACTORY);
    uint32_t one = sequence_of(first), two = sequence_of(second);
    uint32_t sequence = one > two ? one : two;
    unsigned slots = partitions_slots(p);
    if (sequence > 0 && slots > 0)
        return partitions_find(p, PARTITION_APP,
                               (uint8_t)(PARTITION_OTA_0 + (sequence - 1) % slots));
    return factory ? factory : partitions_find(p, PARTITION_APP, PARTITION_OTA_0);
}

const struct partition *partitions_labelled(const struct partitions *p, const char *label)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->rows[i].label, label) == 0)
            return &p->rows[i];
    }
    return NULL;
}
