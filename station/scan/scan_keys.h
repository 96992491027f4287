/*
 * From the keys of a scanner that plays a keyboard to the characters it means. Pure.
 *
 * The codes of evdev are places of a US keyboard, whatever language the computer is set to
 * (linux/input-event-codes.h), and scanners are sold set to US. Some send Alt with the digits of
 * the keypad instead, which no language changes: both are understood.
 */
#ifndef STATION_SCAN_KEYS_H
#define STATION_SCAN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

struct scan_keys {
    bool shift, control, alt;
    bool has_digits;     /* Alt is held, and digits came */
    unsigned alt_number; /* of those */
};

#define SCAN_KEYS_TEXT 4

/* A key goes down (value 1), up (0), or repeats (2, which scanners do not mean). Gives what it
 * adds, a NUL-terminated text: "" for nothing, "\r" for Enter. */
void scan_keys_take(struct scan_keys *k, uint16_t key, int32_t value, char text[SCAN_KEYS_TEXT]);

#endif
