/*
 * A port to a chip that is nothing but registers: it answers READ_REG and WRITE_REG from a map, and
 * GET_SECURITY_INFO and SPI_ATTACH as told. What a hook reads may come in any order.
 */
#ifndef TESTS_UNIT_CHIPS_HELP_H
#define TESTS_UNIT_CHIPS_HELP_H

#include "core/base/bytes.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "core/loader/regs.h"
#include "tests/lib/fake_clock.h"
#include "tests/lib/test.h"

#define REGS_MAX   64
#define WRITES_MAX 64

struct reg_word {
    uint32_t addr, value;
};

struct reg_port {
    struct port port; /* first: this is what the core gets */
    struct fake_clock clock;
    struct reg_word regs[REGS_MAX]; /* others read as 0 */
    size_t reg_count;
    struct reg_word writes[WRITES_MAX]; /* in the order they came */
    size_t write_count;
    uint32_t flash_id;   /* what RDID gives; W0 of the chip's controller */
    uint32_t parameters; /* what SFDP gives, at any address */
    uint32_t spi_command;
    uint32_t pins_seen; /* of the last SPI_ATTACH */
    uint32_t pins_good; /* the flash answers at these only; 0: at any */
    unsigned attaches;
    uint8_t info[20];  /* GET_SECURITY_INFO */
    size_t info_bytes; /* 0: the chip does not know that */
    bool no_registers;
    unsigned refusals;
    unsigned steps; /* line changes */
    unsigned last_on;
    struct slip_decoder slip;
    uint8_t frame[8192], out[8192];
    size_t out_at, out_have;
    struct loader loader;
};

static inline uint32_t *reg_find(struct reg_port *r, uint32_t addr)
{
    for (size_t i = 0; i < r->reg_count; i++) {
        if (r->regs[i].addr == addr)
            return &r->regs[i].value;
    }
    return NULL;
}

static inline void reg_set(struct reg_port *r, uint32_t addr, uint32_t value)
{
    uint32_t *at = reg_find(r, addr);
    if (!at) {
        assert_true(r->reg_count < REGS_MAX);
        r->regs[r->reg_count].addr = addr;
        at = &r->regs[r->reg_count++].value;
    }
    *at = value;
    regs_forget(&r->loader);
}

/* Puts `value` into `bits` bits of a register, and leaves its others. */
static inline void reg_field(struct reg_port *r, uint32_t addr, unsigned bit, unsigned bits,
                             uint32_t value)
{
    uint32_t *at = reg_find(r, addr);
    uint32_t mask = ((1u << bits) - 1) << bit;
    reg_set(r, addr, ((at ? *at : 0) & ~mask) | (value << bit & mask));
}

static inline void reg_answer(struct reg_port *r, uint8_t command, uint32_t value,
                              const void *payload, size_t n, bool refused)
{
    uint8_t head[8] = { 0x01, command };
    const uint8_t status[4] = { refused ? 1 : 0, refused ? 5 : 0, 0, 0 };
    struct slip_encoder s;
    if (r->out_at == r->out_have)
        r->out_at = r->out_have = 0;
    store_u16(head + 2, (uint16_t)(n + 4));
    store_u32(head + 4, value);
    slip_begin(&s, r->out + r->out_have, sizeof r->out - r->out_have);
    slip_put(&s, head, sizeof head);
    slip_put(&s, payload, n);
    slip_put(&s, status, sizeof status);
    r->out_have += slip_end(&s);
}

static inline void reg_read(struct reg_port *r, uint32_t addr)
{
    const struct chip_spi *spi = r->loader.chip ? &r->loader.chip->spi : NULL;
    const uint32_t *at = reg_find(r, addr);
    uint32_t value = at ? *at : 0;
    if (spi && addr == spi->base_addr)
        value = 0; /* never busy */
    if (spi && addr == spi->base_addr + spi->w0) {
        bool is_id = r->spi_command == 0x9F;
        bool here = r->pins_good == 0 || r->pins_good == r->pins_seen;
        value = !here                    ? 0xFFFFFFFF
                : is_id                  ? r->flash_id
                : r->spi_command == 0x5A ? r->parameters
                                         : 0;
    }
    reg_answer(r, CMD_READ_REG, value, NULL, 0, r->no_registers);
}

static inline void reg_write(struct reg_port *r, uint32_t addr, uint32_t value, uint32_t mask)
{
    assert_true(r->loader.chip != NULL);
    const struct chip_spi *spi = &r->loader.chip->spi;
    uint32_t base = spi->base_addr;
    uint32_t *at = reg_find(r, addr), *usr2 = reg_find(r, base + spi->usr2);
    if (addr == base) /* starts the command that stands in USR2 */
        r->spi_command = usr2 ? *usr2 & 0xFF : 0;
    if ((addr < base || addr > base + 0xFF) && r->write_count < WRITES_MAX)
        r->writes[r->write_count++] = (struct reg_word){ addr, value };
    reg_set(r, addr, ((at ? *at : 0) & ~mask) | (value & mask));
}

static inline void reg_write_all(struct reg_port *r, const uint8_t *rows, size_t n)
{
    assert_true(n > 0 && n % 16 == 0);
    for (size_t i = 0; i < n && !r->no_registers; i += 16)
        reg_write(r, load_u32(rows + i), load_u32(rows + i + 4), load_u32(rows + i + 8));
    reg_answer(r, CMD_WRITE_REG, 0, NULL, 0, r->no_registers);
}

static inline void reg_take(struct reg_port *r, const uint8_t *frame, size_t n)
{
    assert_true(n >= 8);
    switch (frame[1]) {
    case CMD_READ_REG:
        reg_read(r, load_u32(frame + 8));
        break;
    case CMD_WRITE_REG:
        reg_write_all(r, frame + 8, n - 8);
        break;
    case CMD_GET_SECURITY_INFO:
        reg_answer(r, frame[1], 0, r->info, r->info_bytes, r->info_bytes == 0);
        break;
    case CMD_SPI_ATTACH:
        r->pins_seen = load_u32(frame + 8);
        r->attaches++;
        reg_answer(r, frame[1], 0, NULL, 0, false);
        break;
    default:
        reg_answer(r, frame[1], 0, NULL, 0, false);
    }
}

static inline bool reg_port_write(struct port *p, const void *buf, size_t n, struct deadline d,
                                  struct err *e)
{
    struct reg_port *r = (struct reg_port *)p;
    const uint8_t *in = buf;
    (void)d;
    (void)e;
    while (n > 0) {
        enum slip_event event;
        size_t used = slip_decode(&r->slip, in, n, &event);
        in += used;
        n -= used;
        if (event == SLIP_FRAME)
            reg_take(r, r->slip.buf, r->slip.have);
    }
    return true;
}

static inline size_t reg_port_read(struct port *p, void *buf, size_t cap, struct deadline d,
                                   struct err *e)
{
    struct reg_port *r = (struct reg_port *)p;
    size_t n = r->out_have - r->out_at;
    if (n == 0) {
        fake_clock_to(&r->clock, d.at_us);
        err_set(e, ERR_TIMEOUT, "nothing came");
        return 0;
    }
    n = n < cap ? n : cap;
    memcpy(buf, r->out + r->out_at, n);
    r->out_at += n;
    return n;
}

static inline bool reg_port_drain(struct port *p, struct deadline d, struct err *e)
{
    (void)p;
    (void)d;
    (void)e;
    return true;
}

static inline bool reg_port_discard(struct port *p, struct err *e)
{
    struct reg_port *r = (struct reg_port *)p;
    (void)e;
    r->out_at = r->out_have = 0;
    return true;
}

static inline bool reg_port_baud(struct port *p, uint32_t baud, struct err *e)
{
    (void)p;
    (void)baud;
    (void)e;
    return true;
}

static inline bool reg_port_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    struct reg_port *r = (struct reg_port *)p;
    (void)e;
    r->steps++;
    r->last_on = (r->last_on & ~mask) | (on & mask);
    return true;
}

/* A chip of that name with blank fuses, in its ROM loader at 115200 baud; its row is set. */
static inline void reg_port_init(struct reg_port *r, const char *chip)
{
    static const struct port_ops ops = {
        .prefix = "/",
        .name = "registers",
        .read = reg_port_read,
        .write = reg_port_write,
        .drain = reg_port_drain,
        .discard = reg_port_discard,
        .set_baud = reg_port_baud,
        .set_lines = reg_port_lines,
    };
    memset(r, 0, sizeof *r);
    fake_clock_init(&r->clock);
    slip_decoder_init(&r->slip, r->frame, sizeof r->frame);
    r->port.ops = &ops;
    r->port.clock = &r->clock.clock;
    r->port.stop_fd = -1;
    r->port.baud = 115200;
    r->port.caps = PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER;
    r->flash_id = 0x1640EF;
    loader_init(&r->loader, &r->port);
    loader_set_chip(&r->loader, chip_by_name(chip));
    assert_non_null(r->loader.chip);
}

/* What a chip with an id answers to GET_SECURITY_INFO. */
static inline void reg_port_info(struct reg_port *r, uint32_t flags, uint8_t crypt_count,
                                 uint32_t chip_id)
{
    memset(r->info, 0, sizeof r->info);
    store_u32(r->info, flags);
    r->info[4] = crypt_count;
    store_u32(r->info + 12, chip_id);
    r->info_bytes = 20;
}

#endif
