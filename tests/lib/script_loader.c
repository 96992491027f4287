#include "tests/lib/script_loader.h"

#include "core/base/bytes.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"

#include <stdio.h>
#include <stdlib.h>

#define DATA_MAX 4096u

void script_reply(struct script_port *s, uint64_t after_us, uint8_t command, uint32_t value,
                  const void *data, size_t n)
{
    uint8_t wire[SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + DATA_MAX)];
    uint8_t head[PACKET_HEADER_BYTES] = { 0x01, command };
    struct slip_encoder out;
    store_u16(head + 2, (uint16_t)n);
    store_u32(head + 4, value);
    slip_begin(&out, wire, sizeof wire);
    slip_put(&out, head, sizeof head);
    slip_put(&out, data, n);
    script_give(s, after_us, wire, slip_end(&out));
}

void script_request(struct script_port *s, uint8_t command, const void *data, size_t n)
{
    uint8_t wire[SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + DATA_MAX)];
    size_t len = packet_encode(wire, sizeof wire, command, 0, data, n, NULL, 0);
    if (len == 0) {
        fprintf(stderr, "A request of %zu bytes is too long for a script\n", n);
        abort();
    }
    script_expect(s, wire, len);
}

void script_register(struct script_port *s, uint32_t addr, uint32_t value)
{
    uint8_t word[4];
    store_u32(word, addr);
    script_request(s, CMD_READ_REG, word, sizeof word);
    script_reply(s, 500, CMD_READ_REG, value, "\0\0\0\0", 4);
}

void script_register_writes(struct script_port *s, const struct script_row *rows, size_t count)
{
    uint8_t words[16 * SCRIPT_ROWS_MAX];
    if (count > SCRIPT_ROWS_MAX) {
        fprintf(stderr, "%zu register writes are too many for a script\n", count);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        store_u32(words + 16 * i, rows[i].addr);
        store_u32(words + 16 * i + 4, rows[i].value);
        store_u32(words + 16 * i + 8, rows[i].mask);
        store_u32(words + 16 * i + 12, rows[i].delay_us);
    }
    script_request(s, CMD_WRITE_REG, words, 16 * count);
    script_reply(s, 500, CMD_WRITE_REG, 0, "\0\0\0\0", 4);
}
