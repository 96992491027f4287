#include "core/loader/spiflash.h"

#include "core/loader/regs.h"

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
#define COMMAND_US     50u   /* longer than any command here takes on the wire to the flash */
#define RESET_US       200u  /* after a reset: data sheets ask for 30 to 40 */
#define WAKE_US        1000u /* to fall asleep by half, and to wake up */

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

/* ---- Commands of the flash chip ----
 *
 * A command is a handful of register writes, the last of which starts it. All of them, and those of
 * several commands in a row, go to the chip as one script, and the answer is read behind it. */

static void put_lengths(struct reg_script *s, const struct chip_spi *spi,
                        const struct spiflash_call *c)
{
    uint32_t usr1 =
        (c->addr_bits ? (c->addr_bits - 1) << 26 : 0) | (c->dummy_bits ? c->dummy_bits - 1 : 0);
    if (spi->mosi_dlen == 0) {
        usr1 |=
            (c->in_bits ? (c->in_bits - 1) << 8 : 0) | (c->out_bits ? (c->out_bits - 1) << 17 : 0);
        regs_put(s, spi->base_addr + spi->usr1, usr1);
        return;
    }
    if (c->out_bits)
        regs_put(s, spi->base_addr + spi->mosi_dlen, c->out_bits - 1);
    if (c->in_bits)
        regs_put(s, spi->base_addr + spi->miso_dlen, c->in_bits - 1);
    if (c->addr_bits != 0 || c->dummy_bits != 0)
        regs_put(s, spi->base_addr + spi->usr1, usr1);
}

static void put_addr(struct reg_script *s, const struct chip_spi *spi,
                     const struct spiflash_call *c)
{
    uint32_t addr = spi->addr_left_justified ? c->addr << (32 - c->addr_bits) % 32 : c->addr;
    if (c->addr_bits != 0)
        regs_put(s, spi->base_addr + 4, addr);
}

static void put_call(struct reg_script *s, const struct chip_spi *spi,
                     const struct spiflash_call *c, uint32_t pause_us)
{
    uint32_t usr = USR_COMMAND | (c->addr_bits ? USR_ADDR : 0) | (c->dummy_bits ? USR_DUMMY : 0) |
                   (c->in_bits ? USR_MISO : 0) | (c->out_bits ? USR_MOSI : 0);
    put_lengths(s, spi, c);
    regs_put(s, spi->base_addr + spi->usr, usr);
    regs_put(s, spi->base_addr + spi->usr2, 7u << USR2_LEN_SHIFT | c->command);
    put_addr(s, spi, c);
    if (c->out_bits)
        regs_put(s, spi->base_addr + spi->w0, c->out);
    else if (c->in_bits)
        regs_put(s, spi->base_addr + spi->w0, 0);
    regs_put(s, spi->base_addr, CMD_USR);
    regs_put_pause(s, spi->base_addr + spi->usr, pause_us);
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

/* A controller that was still at work has answered too early: each script once more, and waited
 * for.
 */
static bool run_patiently(struct loader *l, const struct reg_ask *asks, size_t count, uint32_t *in,
                          struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    for (size_t i = 0; i < count; i++) {
        if (!wait_done(l, e) || !regs_run(l, &asks[i], 1, e) || !wait_done(l, e) ||
            !loader_read_reg(l, spi->base_addr + spi->w0, &in[i], e))
            return false;
    }
    return true;
}

void spiflash_note(struct loader *l)
{
    const struct chip_spi *spi = &l->chip->spi;
    struct err ignored = { 0 };
    uint32_t value;
    regs_read_fixed(l, spi->base_addr + spi->usr, &value, &ignored);
    regs_read_fixed(l, spi->base_addr + spi->usr2, &value, &ignored);
}

/* Puts right what the loader's own commands rely on. */
static bool put_restore(struct reg_script *s, struct loader *l, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr, usr2;
    if (!regs_read_fixed(l, spi->base_addr + spi->usr, &usr, e) ||
        !regs_read_fixed(l, spi->base_addr + spi->usr2, &usr2, e))
        return false;
    regs_put(s, spi->base_addr + spi->usr, usr);
    regs_put(s, spi->base_addr + spi->usr2, usr2);
    return true;
}

/* One script or two, with what is read behind them. */
struct scripted {
    uint32_t addrs[2], values[2][2];
    struct reg_ask asks[2];
    size_t count;
};

static bool make_asks(struct scripted *q, struct loader *l, struct reg_script *s, size_t count,
                      struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    *q = (struct scripted){ .addrs = { spi->base_addr, spi->base_addr + spi->w0 }, .count = count };
    for (size_t i = 0; i < count; i++) {
        q->asks[i] = (struct reg_ask){ &s[i], q->addrs, q->values[i], 2 };
        if (!put_restore(&s[i], l, e))
            return false;
    }
    return true;
}

/* What their last commands answered; false: a controller was still at work. */
static bool take_answers(const struct scripted *q, uint32_t *in)
{
    bool busy = false;
    for (size_t i = 0; i < q->count; i++) {
        in[i] = q->values[i][1];
        busy = busy || (q->values[i][0] & CMD_USR);
    }
    return !busy;
}

static bool run_scripts(struct loader *l, struct reg_script *s, size_t count, uint32_t *in,
                        struct err *e)
{
    struct scripted q;
    return make_asks(&q, l, s, count, e) && regs_run(l, q.asks, count, e) &&
           (take_answers(&q, in) || run_patiently(l, q.asks, count, in, e));
}

static void cut_answer(const struct spiflash_call *call, uint32_t *in)
{
    if (call->in_bits < 32)
        *in &= (1u << call->in_bits) - 1;
}

bool spiflash_run(struct loader *l, const struct spiflash_call *call, uint32_t *in, struct err *e)
{
    struct reg_script s = { .count = 0 };
    put_call(&s, &l->chip->spi, call, COMMAND_US);
    if (!run_scripts(l, &s, 1, in, e))
        return false;
    cut_answer(call, in);
    return true;
}

bool spiflash_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                      unsigned in_bits, uint32_t *in, struct err *e)
{
    const struct spiflash_call call = {
        .command = command, .out = out, .out_bits = out_bits, .in_bits = in_bits
    };
    return spiflash_run(l, &call, in, e);
}

static void put_order(struct reg_script *s, const struct loader *l, uint8_t command,
                      uint32_t pause_us)
{
    const struct spiflash_call call = { .command = command };
    put_call(s, &l->chip->spi, &call, pause_us);
}

static bool is_no_contact(uint32_t id)
{
    return id == 0 || id == 0xFFFFFF || id == 0xFFFF3F;
}

/* An answer carries no check of its own, and here much hangs on it: it must come twice. */
bool spiflash_identify(struct loader *l, struct spiflash *flash, struct err *e)
{
    const struct spiflash_call read_id = { .command = READ_ID, .in_bits = 24 };
    struct reg_script s[2] = { { .count = 0 } };
    uint32_t ids[2];
    put_order(&s[0], l, RESET_ENABLE, COMMAND_US);
    put_order(&s[0], l, RESET, RESET_US);
    put_call(&s[0], &l->chip->spi, &read_id, COMMAND_US);
    put_call(&s[1], &l->chip->spi, &read_id, COMMAND_US);
    if (!run_scripts(l, s, 2, ids, e))
        return false;
    cut_answer(&read_id, &ids[0]);
    cut_answer(&read_id, &ids[1]);
    uint32_t id = ids[0];
    if (id != ids[1]) {
        link_note_turned(&l->link);
        return err_set(e, ERR_FRAME, "the flash chip's id is %06X, and then %06X", id, ids[1]);
    }
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

/* Any part of theirs will do, also of a kind that is_xmc_part does not know yet. */
bool spiflash_is_awake(uint32_t id)
{
    return (id & 0xFF) == VENDOR_XMC;
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
    struct reg_script s = { .count = 0 };
    uint32_t vendor, nothing;
    if (!read_parameters(l, PARAMETERS_VENDOR, 8, &vendor, e))
        return false;
    *woken = vendor == VENDOR_XMC;
    if (!*woken)
        return true;
    put_order(&s, l, DEEP_SLEEP, COMMAND_US);
    put_order(&s, l, 0x79, COMMAND_US);
    put_order(&s, l, 0xFF, 2 * WAKE_US);
    put_order(&s, l, WAKE_UP, WAKE_US);
    return run_scripts(l, &s, 1, &nothing, e);
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

/* How many of the two scripts this vendor's parts understand. */
static size_t put_statuses(struct reg_script s[static 2], const struct loader *l,
                           const struct vendor *v)
{
    const struct spiflash_call calls[2] = { { .command = READ_STATUS, .in_bits = 8 },
                                            { .command = READ_STATUS_2, .in_bits = 8 } };
    s[0].count = s[1].count = 0;
    put_call(&s[0], &l->chip->spi, &calls[0], COMMAND_US);
    put_call(&s[1], &l->chip->spi, &calls[1], COMMAND_US);
    return v && v->status_2 ? 2 : 1;
}

static struct protection protection_of(const struct vendor *v, const uint32_t answers[static 2])
{
    return (struct protection){ .status = answers[0] & 0xFF,
                                .status_2 = answers[1] & 0xFF,
                                .mask = v && v->bp3 ? 0x3C : 0x1C };
}

static bool read_protection(struct loader *l, const struct vendor *v, struct protection *p,
                            struct err *e)
{
    struct reg_script s[2];
    uint32_t answers[2] = { 0 };
    size_t count = put_statuses(s, l, v);
    if (!run_scripts(l, s, count, answers, e))
        return false;
    *p = protection_of(v, answers);
    return true;
}

static bool write_status(struct loader *l, uint8_t command, uint32_t value, unsigned bits,
                         struct err *e)
{
    const struct spiflash_call call = { .command = command, .out = value, .out_bits = bits };
    struct reg_script s = { .count = 0 };
    uint32_t status;
    put_order(&s, l, WRITE_ENABLE, COMMAND_US);
    put_call(&s, &l->chip->spi, &call, COMMAND_US);
    if (!run_scripts(l, &s, 1, &status, e))
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

static bool unprotect(struct loader *l, uint32_t id, struct err *e)
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

bool spiflash_unprotect(struct loader *l, uint32_t id, struct err *e)
{
    if (unprotect(l, id, e))
        return true;
    return e->code == ERR_PROTECTED ? false
                                    : err_wrap(e, "Asking whether the flash is write-protected");
}

bool spiflash_ask_protection(struct loader *l, uint32_t id, bool *asked, struct err *e)
{
    struct reg_script s[2];
    struct scripted q;
    size_t count = put_statuses(s, l, vendor_of(id));
    if (make_asks(&q, l, s, count, e) && regs_run_ahead(l, q.asks, count, asked, e)) {
        l->ahead.flash_id = id;
        return true;
    }
    return err_wrap(e, "Asking whether the flash is write-protected");
}

/* What came is enough to see that nothing is protected; else all is asked once more. */
static bool is_free(const struct loader_ahead *ahead)
{
    const struct vendor *v = vendor_of(ahead->flash_id);
    uint32_t answers[2] = { 0 };
    struct scripted q = { .count = v && v->status_2 ? 2 : 1 };
    for (size_t i = 0; i < q.count; i++) {
        q.values[i][0] = ahead->values[2 * i];
        q.values[i][1] = ahead->values[2 * i + 1];
    }
    const bool done = ahead->count == 2 * q.count && take_answers(&q, answers);
    const struct protection p = protection_of(v, answers);
    return done && !is_protected(&p);
}

bool spiflash_unprotect_asked(struct loader *l, struct err *e)
{
    struct loader_ahead *ahead = &l->ahead;
    if (!ahead->asked)
        return true;
    if (ahead->count == 0 && !loader_mem_settle(l, e))
        return false;
    ahead->asked = false;
    return is_free(ahead) || spiflash_unprotect(l, ahead->flash_id, e);
}
