#include "station/screen/timing.h"

#include <stddef.h>
#include <stdio.h>

#define OFFSET_OF(member) offsetof(struct attempt_timing, member)

static const struct part {
    const char *name;
    size_t offset;
} parts[] = {
#define TIMING(version, name, sentence)          { #name, OFFSET_OF(name##_us) },
#define TIMING_ESTIMATE(version, name, sentence) /* has a column of its own */
#include "db/store/timing_list.h"
};

#define PART_COUNT (sizeof parts / sizeof parts[0])

static uint64_t part_us(const struct attempt_timing *timing, size_t i)
{
    const char *base = (const char *)timing;
    return *(const uint64_t *)(const void *)(base + parts[i].offset);
}

uint64_t timing_total_us(const struct attempt_timing *timing)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < PART_COUNT; i++)
        sum += part_us(timing, i);
    return sum;
}

void timing_print_head(void)
{
    printf("\nSeconds of the last attempt: wire is bytes on the wire, stall is waiting for the "
           "flash between them, floor is\nwhat wire, flash and MD5 take at the least.\n"
           "slot     all");
    for (size_t i = 0; i < PART_COUNT; i++)
        printf(" %8s", parts[i].name);
    printf(" %8s\n", "floor");
}

void timing_print(const char *slot, const struct attempt_timing *timing)
{
    uint64_t total_us = timing_total_us(timing);
    printf("%4s %7.2f", slot, (double)total_us / 1e6);
    for (size_t i = 0; i < PART_COUNT; i++)
        printf(" %8.2f", (double)part_us(timing, i) / 1e6);
    printf(" %8.2f", (double)timing->floor_us / 1e6);
    if (total_us > 0)
        printf("  %llu %%", (unsigned long long)(timing->floor_us * 100 / total_us));
    printf("\n");
}

void timing_json(struct json_object *o, const struct attempt_timing *timing)
{
    json_open(o, "timing", '{');
    for (size_t i = 0; i < PART_COUNT; i++)
        json_seconds(o, parts[i].name, (double)part_us(timing, i) / 1e6);
    json_seconds(o, "floor", (double)timing->floor_us / 1e6);
    json_close(o, '}');
}
