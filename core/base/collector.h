/*
 * Bytes on their way out: small pieces collected and handed on in large ones. The first refusal is
 * remembered, and nothing more is handed on; what comes afterwards is dropped.
 *
 * The caller's, set up by hand: ctx and emit, all else zero. One thread at a time.
 */
#ifndef CORE_COLLECTOR_H
#define CORE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

struct collector {
    void *ctx;
    bool (*emit)(void *ctx, const char *bytes, size_t n); /* false: takes no more */
    bool refused;
    size_t used;
    char bytes[32768];
};

void collector_bytes(struct collector *c, const char *bytes, size_t n);
void collector_text(struct collector *c, const char *text);

/* Hands on what is left. False: something was refused, now or before. */
bool collector_flush(struct collector *c);

#endif
