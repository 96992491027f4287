/* The station's questions: those of every stub, and reading. */
#include "stub/fast.h"

enum {
    WRITE_REG = 0x09,
    READ_REG = 0x0A,
    SPI_SET_PARAMS = 0x0B,
    CHANGE_BAUDRATE = 0x0F,
    FLASH_MD5 = 0x13,
    ERASE_FLASH = 0xD0,
    ERASE_REGION = 0xD1,
};

void fast_open_answer(struct fast *f, uint8_t command, uint32_t value, uint32_t payload_bytes)
{
    uint32_t n = payload_bytes + FAST_STATUS_BYTES;
    const uint8_t head[4] = { 1, command, (uint8_t)n, (uint8_t)(n >> 8) };
    wire_open(&f->wire);
    wire_put(&f->wire, head, sizeof head);
    wire_put_word(&f->wire, value);
}

void fast_close_answer(struct fast *f, uint8_t status)
{
    const uint8_t bytes[FAST_STATUS_BYTES] = { status, 0 };
    wire_put(&f->wire, bytes, sizeof bytes);
    wire_close(&f->wire);
}

static uint32_t word(const struct fast *f, uint32_t i)
{
    return load_word(f->command + FAST_HEADER_BYTES + 4 * i);
}

static void say_value(struct fast *f, uint8_t status, uint32_t value)
{
    if (f->drop_answer)
        return;
    fast_open_answer(f, f->command[1], value, 0);
    fast_close_answer(f, status);
}

static void say(struct fast *f, uint8_t status)
{
    say_value(f, status, 0);
}

static void await_flash(struct fast *f)
{
    while (!pen_is_free(&f->pen))
        fast_go_on(f);
}

/* ---- Digests ---- */

static uint32_t digest_chunk(const struct fast_digest *d)
{
    uint32_t left = d->bytes - d->at;
    return left < PEN_CHUNK_BYTES ? left : PEN_CHUNK_BYTES;
}

bool fast_digest_begin(const struct fast_digest *d)
{
    uint32_t n = digest_chunk(d);
    if (d->ended || d->limit - d->at < n)
        return false;
    if (n > 0)
        pen_read_begin(d->addr + d->at, n);
    return true;
}

void fast_digest_end(struct fast *f, const struct fast_digest *d)
{
    hal_end(f->words, digest_chunk(d));
}

void fast_digest_take(struct fast *f, struct fast_digest *d)
{
    uint32_t n = digest_chunk(d);
    d->at += n;
    if (n == SUM_BLOCK_BYTES) {
        sum_block(&d->sum, f->words);
    } else {
        sum_end(&d->sum, f->words, n, d->md5);
        d->ended = true;
    }
}

static const struct fast_digest *known_digest(const struct fast *f, uint32_t addr, uint32_t bytes)
{
    for (uint32_t i = 0; i < FAST_DIGESTS; i++) {
        const struct fast_digest *d = &f->digest[i];
        if (d->addr == addr && d->bytes == bytes && bytes > 0)
            return d;
    }
    return NULL;
}

static void say_digest(struct fast *f, const struct fast_digest *d)
{
    if (f->drop_answer)
        return;
    fast_open_answer(f, FLASH_MD5, 0, SUM_BYTES);
    wire_put(&f->wire, d->md5, SUM_BYTES);
    fast_close_answer(f, FAST_OK);
}

/* Of what was written it goes on by itself; anything else is read now. */
static void answer_md5(struct fast *f)
{
    uint32_t addr = word(f, 0), bytes = word(f, 1);
    if (!pen_reaches(&f->pen, addr, bytes)) {
        say(f, FAST_BAD_PLACE);
        return;
    }
    const struct fast_digest *known = known_digest(f, addr, bytes);
    struct fast_digest now = { .addr = addr, .bytes = bytes, .limit = bytes };
    sum_begin(&now.sum);
    while (!(known ? known->ended : now.ended) && !f->drop_answer) {
        fast_go_on(f);
        if (!known && pen_is_free(&f->pen) && fast_digest_begin(&now)) {
            fast_digest_end(f, &now);
            fast_digest_take(f, &now);
        }
    }
    say_digest(f, known ? known : &now);
}

/* ---- Erasing and reading ---- */

static void erase(struct fast *f, uint32_t addr, uint32_t bytes)
{
    uint32_t end = addr + bytes;
    if (addr % PEN_SECTOR_BYTES != 0 || bytes % PEN_SECTOR_BYTES != 0 ||
        !pen_reaches(&f->pen, addr, bytes)) {
        say(f, FAST_BAD_PLACE);
        return;
    }
    fast_forget_digests(f, addr, bytes);
    while (addr < end) {
        uint32_t unit = pen_unit(addr, end);
        await_flash(f);
        pen_erase(&f->pen, addr, unit);
        addr += unit;
    }
    await_flash(f);
    say(f, FAST_OK);
}

static void answer_read(struct fast *f)
{
    uint32_t addr = word(f, 0), bytes = word(f, 1);
    if (bytes > FAST_READ_BYTES || !pen_reaches(&f->pen, addr, bytes)) {
        say(f, FAST_BAD_PLACE);
        return;
    }
    fast_open_answer(f, FAST_READ, 0, bytes);
    while (bytes > 0) {
        uint32_t n = bytes < PEN_CHUNK_BYTES ? bytes : PEN_CHUNK_BYTES;
        pen_read(addr, n, f->words);
        wire_put(&f->wire, f->words, n);
        addr += n;
        bytes -= n;
    }
    fast_close_answer(f, FAST_OK);
}

/* ---- The chip ---- */

/* Entries of address, value, mask and a pause in front. */
static void answer_write(struct fast *f, uint32_t words)
{
    for (uint32_t i = 0; i + 4 <= words; i += 4) {
        uint32_t addr = word(f, i), value = word(f, i + 1), mask = word(f, i + 2);
        if (word(f, i + 3) > 0)
            hal_pause_us(word(f, i + 3));
        if (mask != UINT32_MAX)
            value = (hal_read(addr) & ~mask) | (value & mask);
        hal_write(addr, value);
        wire_poll(&f->wire);
    }
    say(f, words >= 4 && words % 4 == 0 ? FAST_OK : FAST_BAD_LENGTH);
}

static void answer_baud(struct fast *f)
{
    say(f, FAST_OK);
    wire_drain(&f->wire);
    hal_set_baud(word(f, 1), word(f, 0));
    wire_forget(&f->wire);
}

static void answer_params(struct fast *f)
{
    f->pen.flash_bytes = word(f, 1);
    say(f, FAST_OK);
}

/* What a command has for words; others are refused. -1: it is none. */
static int words_of(uint8_t command)
{
    switch (command) {
    case READ_REG:
        return 1;
    case SPI_SET_PARAMS:
        return 6;
    case CHANGE_BAUDRATE:
    case ERASE_REGION:
    case FAST_READ:
        return 2;
    case FLASH_MD5:
        return 4;
    case ERASE_FLASH:
        return 0;
    default:
        return -1;
    }
}

static void answer(struct fast *f, uint8_t command)
{
    switch (command) {
    case READ_REG:
        say_value(f, FAST_OK, hal_read(word(f, 0) & ~3u));
        break;
    case SPI_SET_PARAMS:
        answer_params(f);
        break;
    case CHANGE_BAUDRATE:
        answer_baud(f);
        break;
    case ERASE_REGION:
        erase(f, word(f, 0), word(f, 1));
        break;
    case ERASE_FLASH:
        erase(f, 0, f->pen.flash_bytes);
        break;
    case FLASH_MD5:
        answer_md5(f);
        break;
    default:
        answer_read(f);
        break;
    }
}

/* A region that failed is what every question is answered with from then on. */
void fast_answer(struct fast *f)
{
    uint8_t command = f->command[1];
    uint32_t bytes = f->command_bytes - FAST_HEADER_BYTES;
    f->answering = true;
    await_flash(f);
    if (f->failure != FAST_OK)
        say(f, f->failure);
    else if (command == WRITE_REG)
        answer_write(f, bytes % 4 == 0 ? bytes / 4 : 0);
    else if (words_of(command) < 0)
        say(f, FAST_UNKNOWN);
    else if ((uint32_t)words_of(command) * 4 != bytes)
        say(f, FAST_BAD_LENGTH);
    else
        answer(f, command);
    f->command_bytes = 0;
    f->answering = f->drop_answer = false;
}
