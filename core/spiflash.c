#include "core/spiflash.h"

enum {
    READ_ID = 0x9F,
    READ_PARAMETERS = 0x5A,
    READ_STATUS = 0x05,
    READ_STATUS_2 = 0x35,
    WRITE_STATUS = 0x01,
    WRITE_STATUS_2 = 0x31,
    WRITE_ENABLE = 0x06,
    RESET_ENABLE = 0x66,
    RESET = 0x99,
    DEEP_SLEEP = 0xB9,
    WAKE_UP = 0xAB,
};

/* Bits of the controller's registers, the same on all chips. */
#define USR_COMMAND    (1u << 31)
#define USR_ADDR       (1u << 30)
#define USR_DUMMY      (1u << 29)
#define USR_MISO       (1u << 28)
#define USR_MOSI       (1u << 27)
#define CMD_USR        (1u << 18)
#define USR2_LEN_SHIFT 28
#define POLLS_MAX      10

/* Adesto and Renesas put the density into the low bits of the type byte (esptool issue 1045). */
#define VENDOR_ADESTO 0x1Fu
#define VENDOR_XMC    0x20u

/* Bits of the flash chip's status registers. */
#define STATUS_BUSY       0x01u
#define STATUS_ENABLED    0x02u
#define STATUS_LOCK       0x80u
#define STATUS_2_INVERT   0x40u /* "CMP": what is not selected is protected */
#define STATUS_POLLS_MAX  20
#define STATUS_POLL_MS    10u /* writing a status register takes up to 40 ms on most parts */
#define PARAMETERS_MAGIC  0x50444653u /* "SFDP" */
#define PARAMETERS_VENDOR 0x10u       /* where the vendor's own table names him */

static bool set_lengths(struct loader *l, const struct spiflash_call *c, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr1 =
        (c->addr_bits ? (c->addr_bits - 1) << 26 : 0) | (c->dummy_bits ? c->dummy_bits - 1 : 0);
    if (spi->mosi_dlen == 0) {
        usr1 |=
            (c->in_bits ? (c->in_bits - 1) << 8 : 0) | (c->out_bits ? (c->out_bits - 1) << 17 : 0);
        return loader_write_reg(l, spi->base_addr + spi->usr1, usr1, e);
    }
    if (c->out_bits && !loader_write_reg(l, spi->base_addr + spi->mosi_dlen, c->out_bits - 1, e))
        return false;
    if (c->in_bits && !loader_write_reg(l, spi->base_addr + spi->miso_dlen, c->in_bits - 1, e))
        return false;
    return (c->addr_bits == 0 && c->dummy_bits == 0) ||
           loader_write_reg(l, spi->base_addr + spi->usr1, usr1, e);
}

static bool set_addr(struct loader *l, const struct spiflash_call *c, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t addr = c->addr;
    if (c->addr_bits == 0)
        return true;
    if (spi->addr_left_justified)
        addr <<= 32 - c->addr_bits;
    return loader_write_reg(l, spi->base_addr + 4, addr, e);
}

static bool wait_done(struct loader *l, struct err *e)
{
    for (int i = 0; i < POLLS_MAX; i++) {
        uint32_t cmd;
        if (!loader_read_reg(l, l->chip->spi.base_addr, &cmd, e))
            return false;
        if (!(cmd & CMD_USR))
            return true;
    }
    return err_set(e, ERR_NO_FLASH, "The flash controller does not finish a command");
}

/* An answer on the wire carries no check of its own: where much hangs on it, it must come twice. */
static bool is_confirmed(struct loader *l, const struct spiflash_call *c, uint32_t found,
                         struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t again;
    if (!c->twice)
        return true;
    if (!loader_write_reg(l, spi->base_addr, CMD_USR, e) || !wait_done(l, e) ||
        !loader_read_reg(l, spi->base_addr + spi->w0, &again, e))
        return false;
    return found == again ||
           err_set(e, ERR_FRAME, "the flash chip's answer to %02X is %08X, and then %08X",
                   c->command, found, again);
}

static bool run_phases(struct loader *l, const struct spiflash_call *c, uint32_t *in, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr = USR_COMMAND | (c->addr_bits ? USR_ADDR : 0) | (c->dummy_bits ? USR_DUMMY : 0) |
                   (c->in_bits ? USR_MISO : 0) | (c->out_bits ? USR_MOSI : 0);
    if (!set_lengths(l, c, e) || !loader_write_reg(l, spi->base_addr + spi->usr, usr, e) ||
        !loader_write_reg(l, spi->base_addr + spi->usr2, 7u << USR2_LEN_SHIFT | c->command, e) ||
        !set_addr(l, c, e) || !loader_write_reg(l, spi->base_addr + spi->w0, c->out, e) ||
        !loader_write_reg(l, spi->base_addr, CMD_USR, e) || !wait_done(l, e) ||
        !loader_read_reg(l, spi->base_addr + spi->w0, in, e) || !is_confirmed(l, c, *in, e))
        return false;
    if (c->in_bits < 32)
        *in &= (1u << c->in_bits) - 1;
    return true;
}

bool spiflash_run(struct loader *l, const struct spiflash_call *call, uint32_t *in, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr, usr2;
    return loader_read_reg(l, spi->base_addr + spi->usr, &usr, e) &&
           loader_read_reg(l, spi->base_addr + spi->usr2, &usr2, e) && run_phases(l, call, in, e) &&
           loader_write_reg(l, spi->base_addr + spi->usr, usr, e) &&
           loader_write_reg(l, spi->base_addr + spi->usr2, usr2, e);
}

bool spiflash_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                      unsigned in_bits, uint32_t *in, struct err *e)
{
    const struct spiflash_call call = {
        .command = command, .out = out, .out_bits = out_bits, .in_bits = in_bits
    };
    return spiflash_run(l, &call, in, e);
}

static bool order(struct loader *l, uint8_t command, struct err *e)
{
    uint32_t nothing;
    return spiflash_command(l, command, 0, 0, 0, &nothing, e);
}

bool spiflash_reset(struct loader *l, struct err *e)
{
    return order(l, RESET_ENABLE, e) && order(l, RESET, e) && port_sleep_ms(l->link.port, 1, e);
}

static bool is_no_contact(uint32_t id)
{
    return id == 0 || id == 0xFFFFFF || id == 0xFFFF3F;
}

bool spiflash_identify(struct loader *l, struct spiflash *flash, struct err *e)
{
    uint32_t id;
    const struct spiflash_call call = { .command = READ_ID, .in_bits = 24, .twice = true };
    if (!spiflash_run(l, &call, &id, e))
        return false;
    if (is_no_contact(id))
        return err_set(e, ERR_NO_FLASH, "The flash chip does not answer: its id reads %06X", id);
    flash->id = id;
    flash->size_bytes = spiflash_size_bytes(id);
    return true;
}

static uint32_t adesto_size_bytes(uint32_t density)
{
    return density >= 4 && density <= 9 ? 512u << 10 << (density - 4) : 0;
}

/* The capacity byte is the exponent on most parts; some vendors use ranges of their own. */
uint32_t spiflash_size_bytes(uint32_t id)
{
    uint32_t capacity = id >> 16 & 0xFF;
    if ((id & 0xFF) == VENDOR_ADESTO)
        return adesto_size_bytes(id >> 8 & 0x1F);
    if (capacity >= 0x12 && capacity <= 0x1C)
        return 1u << capacity;
    if (capacity >= 0x20 && capacity <= 0x22)
        return 64u << 20 << (capacity - 0x20);
    if (capacity >= 0x32 && capacity <= 0x39)
        return 256u << 10 << (capacity - 0x32);
    return capacity == 0x3A ? 64u << 20 : 0;
}

/* `bp3`: a fourth protection bit in front of the three that all have. `status_2`: read with 35,
 * which other vendors' parts take for "enter four-wire mode". */
static const struct vendor {
    uint8_t id;
    const char *name;
    bool bp3, status_2;
} vendors[] = {
    { 0x0B, "XTX", false, true },      { 0x1C, "EON", true, false },
    { 0x1F, "Adesto", false, false },  { 0x20, "XMC", false, true },
    { 0x46, "FM", false, false },      { 0x5E, "Zbit", false, true },
    { 0x68, "Boya", false, true },     { 0x85, "Puya", false, true },
    { 0x9D, "ISSI", true, false },     { 0xA1, "Fudan", false, false },
    { 0xC2, "Macronix", true, false }, { 0xC8, "GigaDevice", false, true },
    { 0xCD, "TH", false, false },      { 0xEF, "Winbond", false, true },
};

static const struct vendor *vendor_of(uint32_t id)
{
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++) {
        if (vendors[i].id == (id & 0xFF))
            return &vendors[i];
    }
    return NULL;
}

const char *spiflash_vendor(uint32_t id)
{
    const struct vendor *v = vendor_of(id);
    return v ? v->name : NULL;
}

/* ---- Parts that answer wrongly ---- */

static bool is_xmc_part(uint32_t id)
{
    uint32_t type = id >> 8 & 0xFF, capacity = id >> 16 & 0xFF;
    return (type == 0x40 && capacity >= 0x13 && capacity <= 0x20) ||
           (type == 0x41 && capacity >= 0x17 && capacity <= 0x20) ||
           (type == 0x50 && capacity >= 0x15 && capacity <= 0x16);
}

bool spiflash_id_is_sound(uint32_t id)
{
    if (is_no_contact(id) || spiflash_size_bytes(id) == 0 || !vendor_of(id))
        return false;
    return (id & 0xFF) != VENDOR_XMC || is_xmc_part(id);
}

static bool read_parameters(struct loader *l, uint32_t addr, unsigned bits, uint32_t *value,
                            struct err *e)
{
    const struct spiflash_call call = {
        .command = READ_PARAMETERS, .addr = addr, .addr_bits = 24, .dummy_bits = 8, .in_bits = bits
    };
    return spiflash_run(l, &call, value, e);
}

bool spiflash_has_parameters(struct loader *l, bool *has, struct err *e)
{
    uint32_t magic;
    if (!read_parameters(l, 0, 32, &magic, e))
        return false;
    *has = magic == PARAMETERS_MAGIC;
    return true;
}

/* The sequence that ESP-IDF's boot loader uses: asleep, two commands of the vendor's, awake. */
bool spiflash_wake(struct loader *l, bool *woken, struct err *e)
{
    struct port *port = l->link.port;
    uint32_t vendor;
    if (!read_parameters(l, PARAMETERS_VENDOR, 8, &vendor, e))
        return false;
    *woken = vendor == VENDOR_XMC;
    return !*woken ||
           (order(l, DEEP_SLEEP, e) && order(l, 0x79, e) && order(l, 0xFF, e) &&
            port_sleep_ms(port, 2, e) && order(l, WAKE_UP, e) && port_sleep_ms(port, 1, e));
}

/* ---- Protected sectors ---- */

struct protection {
    uint32_t status, status_2;
    uint32_t mask; /* of the bits in `status` that select protected sectors */
};

static bool is_protected(const struct protection *p)
{
    return (p->status & p->mask) != 0 || (p->status_2 & STATUS_2_INVERT) != 0;
}

static bool read_protection(struct loader *l, const struct vendor *v, struct protection *p,
                            struct err *e)
{
    p->status_2 = 0;
    p->mask = v && v->bp3 ? 0x3C : 0x1C;
    return spiflash_command(l, READ_STATUS, 0, 0, 8, &p->status, e) &&
           (!v || !v->status_2 || spiflash_command(l, READ_STATUS_2, 0, 0, 8, &p->status_2, e));
}

static bool write_status(struct loader *l, uint8_t command, uint32_t value, unsigned bits,
                         struct err *e)
{
    uint32_t status = STATUS_BUSY;
    if (!order(l, WRITE_ENABLE, e) || !spiflash_command(l, command, value, bits, 0, &status, e))
        return false;
    for (int i = 0; i < STATUS_POLLS_MAX; i++) {
        if (!port_sleep_ms(l->link.port, STATUS_POLL_MS, e) ||
            !spiflash_command(l, READ_STATUS, 0, 0, 8, &status, e))
            return false;
        if (!(status & STATUS_BUSY))
            return true;
    }
    return true; /* what is read back decides */
}

/* Only the bits that protect are cleared: on some parts others of the same byte choose the number
 * of wires. Parts with a second register lose it when the first is written alone, so both go
 * together first, and once more by its own command for parts that take one byte at a time. */
static bool clear_protection(struct loader *l, const struct vendor *v, const struct protection *p,
                             struct err *e)
{
    uint32_t status = p->status & ~(p->mask | STATUS_LOCK | STATUS_ENABLED | STATUS_BUSY);
    uint32_t status_2 = p->status_2 & ~STATUS_2_INVERT;
    if (!v || !v->status_2)
        return write_status(l, WRITE_STATUS, status, 8, e);
    return write_status(l, WRITE_STATUS, status | status_2 << 8, 16, e) &&
           (status_2 == p->status_2 || write_status(l, WRITE_STATUS_2, status_2, 8, e));
}

bool spiflash_unprotect(struct loader *l, uint32_t id, struct err *e)
{
    const struct vendor *v = vendor_of(id);
    struct protection p;
    if (!read_protection(l, v, &p, e))
        return false;
    if (!is_protected(&p))
        return true;
    if (!clear_protection(l, v, &p, e) || !read_protection(l, v, &p, e))
        return false;
    if (is_protected(&p) && !read_protection(l, v, &p, e)) /* the wire may have said so */
        return false;
    return !is_protected(&p) || err_set(e, ERR_PROTECTED,
                                        "The flash chip is write-protected, and stays so (status "
                                        "%02X %02X)",
                                        p.status, p.status_2);
}
