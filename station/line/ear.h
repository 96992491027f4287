/*
 * What a board says without being asked: whether a ROM has just come out of a reset, and which.
 *
 * Pure: bytes in, a word out. ROM texts as the ROMs print them; the numbers of resets from ESP-IDF,
 * esp_rom/.../rtc.h (RESET_REASON) and, for the ESP8266, from its boot messages.
 */
#ifndef STATION_EAR_H
#define STATION_EAR_H

#include <stdbool.h>
#include <stddef.h>

#define EAR_BYTES 1024

struct ear {
    char text[EAR_BYTES + 1];
    size_t have;
};

enum ear_word {
    EAR_NOTHING, /* no printable text yet */
    EAR_TEXT,    /* something talks */
    EAR_RESET,   /* a ROM that was reset by its software, a watchdog or its supply: no new board */
    EAR_ARRIVAL, /* a ROM that got power, or whose EN was pulled; or one without an image, or one
                  * that waits for a download: neither is a board that has passed */
};

void ear_forget(struct ear *ear);

/* The gravest of what was said since the last call that gave EAR_RESET or EAR_ARRIVAL. */
enum ear_word ear_take(struct ear *ear, const char *bytes, size_t n);

#endif
