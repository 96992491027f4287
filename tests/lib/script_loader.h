/* Scripts in terms of the loader protocol: requests to expect, replies to give. */
#ifndef TESTS_LIB_SCRIPT_LOADER_H
#define TESTS_LIB_SCRIPT_LOADER_H

#include "tests/lib/script_port.h"

/* A reply frame, given `after_us`: `data` is payload and status bytes. */
void script_reply(struct script_port *s, uint64_t after_us, uint8_t command, uint32_t value,
                  const void *data, size_t n);

/* A request that must be sent, with no checksum. */
void script_request(struct script_port *s, uint8_t command, const void *data, size_t n);

/* READ_REG of `addr`, answered with `value` by a ROM with four status bytes. */
void script_register(struct script_port *s, uint32_t addr, uint32_t value);

/* WRITE_REG with so many entries, answered with success. */
#define SCRIPT_ROWS_MAX 32
struct script_row {
    uint32_t addr, value, mask, delay_us;
};
void script_register_writes(struct script_port *s, const struct script_row *rows, size_t count);

#endif
