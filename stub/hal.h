/*
 * What the fast stub needs of a chip: its UART and its flash controller, by their registers. Each
 * chip has a file (chip_NAME.c); tests have one of their own.
 */
#ifndef STUB_HAL_H
#define STUB_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The UART's receiver holds so many bytes and then loses what comes: hal_receive must be called
 * again before that. At 2000000 baud they come in 640 microseconds. */
#define HAL_FIFO_BYTES 128u

/* Takes what is there, at most `room` bytes, without waiting. Returns how many. */
size_t hal_receive(uint8_t *to, size_t room);

/* Whether the transmitter takes one more byte, and giving it that one. */
bool hal_may_send(void);
void hal_send(uint8_t byte);

/* Whether the last bit has left. */
bool hal_all_sent(void);

/* Makes the rate `baud`, which is `now_baud` at present: the divider is scaled, so that no clock
 * need be known. False: it would be none. */
bool hal_set_baud(uint32_t now_baud, uint32_t baud);

/* One exchange with the flash, of at most 64 bytes of data either way. It begins when the one
 * before has ended, and takes some microseconds; erasing and programming then go on in the flash by
 * themselves. */
struct hal_exchange {
    uint8_t command;
    bool has_addr;
    uint32_t addr; /* 24 bits */
    uint32_t out_bytes, in_bytes;
    const uint32_t *out; /* words */
};
void hal_begin(const struct hal_exchange *x);

/* Waits for its end, and gives what came in. */
void hal_end(uint32_t *words, uint32_t in_bytes);

/* A register of the chip, for the station's own questions. */
uint32_t hal_read(uint32_t addr);
void hal_write(uint32_t addr, uint32_t value);
void hal_pause_us(uint32_t us); /* at least so long */

#endif
