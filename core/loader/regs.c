#include "core/loader/regs.h"

#include "core/base/bytes.h"

#include <string.h>

#define COMMAND_MS     3000u
#define READ_BYTES     4u
#define WRITE_BYTES    16u
#define BITS_PER_BYTE  10u
#define READS_MAX      8u
#define ROM_FIFO_BYTES 128u /* of the UART, on every chip */
#define ALL_BITS       UINT32_MAX
#define PACKET_CAP(n)  SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + (n))
#define ASKS_MAX       2u
#define REQUEST_CAP    (ASKS_MAX * (PACKET_CAP(REGS_WRITES_MAX * WRITE_BYTES) + ROM_FIFO_BYTES))
#define PLAIN_READ_CAP PACKET_CAP(READ_BYTES)

/* Requests that go out together. */
struct batch {
    uint8_t bytes[REQUEST_CAP];
    size_t have;
    size_t frames;
};

static bool add(struct batch *b, size_t room, uint8_t command, const void *data, size_t n)
{
    size_t cap = b->have + room < sizeof b->bytes ? room : sizeof b->bytes - b->have;
    size_t len = packet_encode(b->bytes + b->have, cap, command, 0, data, n, NULL, 0);
    b->have += len;
    b->frames += len > 0;
    return len > 0;
}

static bool add_read(struct batch *b, size_t room, uint32_t addr)
{
    uint8_t data[READ_BYTES];
    store_u32(data, addr);
    return add(b, room, CMD_READ_REG, data, sizeof data);
}

/* `command`: the first one of them. Nothing of them stays in memory. */
static bool send(struct loader *l, uint8_t command, struct batch *b, struct err *e)
{
    bool ok = link_write(&l->link, command, b->bytes, b->have,
                         link_deadline(&l->link, b->have, COMMAND_MS), e);
    for (size_t i = 1; i < b->frames; i++)
        link_note_sent(&l->link, CMD_READ_REG);
    explicit_bzero(b->bytes, b->have);
    return ok;
}

static bool await(struct loader *l, uint8_t command, size_t sent_bytes, uint32_t *value,
                  struct err *e)
{
    struct reply r;
    if (!link_await(&l->link, command, 0, false, link_deadline(&l->link, sent_bytes, COMMAND_MS),
                    &r, e))
        return false;
    if (value)
        *value = r.value;
    return true;
}

/* What arrives while a ROM pauses in a script must fit its FIFO, and leave room for what it lags
 * behind anyway. */
static bool overruns(const struct loader *l, const struct reg_script *s)
{
    uint64_t pause_us = 0;
    for (size_t i = 0; i < s->count; i++)
        pause_us += s->rows[i].delay_us;
    return pause_us * l->link.port->baud / BITS_PER_BYTE / 1000000 > ROM_FIFO_BYTES / 2;
}

static bool one_by_one(const struct loader *l, const struct reg_ask *asks, size_t count)
{
    bool needed = !loader_keeps_up(l);
    for (size_t i = 0; i < count; i++)
        needed = needed || overruns(l, asks[i].script);
    return needed;
}

/* ---- Scripts ---- */

static void put(struct reg_script *s, struct reg_write row)
{
    if (s->count < REGS_WRITES_MAX)
        s->rows[s->count] = row;
    s->count++;
}

void regs_put(struct reg_script *s, uint32_t addr, uint32_t value)
{
    put(s, (struct reg_write){ addr, value, ALL_BITS, 0 });
}

/* A mask of 0 puts nothing in: the register gets back what it holds. */
void regs_put_pause(struct reg_script *s, uint32_t addr, uint32_t delay_us)
{
    put(s, (struct reg_write){ addr, 0, 0, delay_us });
}

static bool add_script(struct batch *b, const struct reg_script *s)
{
    uint8_t data[REGS_WRITES_MAX * WRITE_BYTES];
    for (size_t i = 0; i < s->count; i++) {
        store_u32(data + WRITE_BYTES * i, s->rows[i].addr);
        store_u32(data + WRITE_BYTES * i + 4, s->rows[i].value);
        store_u32(data + WRITE_BYTES * i + 8, s->rows[i].mask);
        store_u32(data + WRITE_BYTES * i + 12, s->rows[i].delay_us);
    }
    bool ok = add(b, sizeof b->bytes, CMD_WRITE_REG, data, WRITE_BYTES * s->count);
    explicit_bzero(data, sizeof data); /* it may be a key for the fuses */
    return ok;
}

static bool add_ask(struct batch *b, const struct reg_ask *ask)
{
    if (ask->script->count > 0 && !add_script(b, ask->script))
        return false;
    size_t room_end = b->have + ROM_FIFO_BYTES;
    for (size_t i = 0; i < ask->count; i++) {
        if (!add_read(b, room_end - b->have, ask->addrs[i]))
            return false;
    }
    return true;
}

static bool await_ask(struct loader *l, const struct reg_ask *ask, size_t sent_bytes, struct err *e)
{
    if (ask->script->count > 0 && !await(l, CMD_WRITE_REG, sent_bytes, NULL, e))
        return false;
    for (size_t i = 0; i < ask->count; i++) {
        if (!await(l, CMD_READ_REG, sent_bytes, &ask->values[i], e))
            return false;
    }
    return true;
}

/* What follows a script waits in the FIFO while its pauses last. */
static bool send_together(struct loader *l, const struct reg_ask *asks, size_t count,
                          size_t *sent_bytes, struct err *e)
{
    struct batch b = { .have = 0 };
    for (size_t i = 0; i < count; i++) {
        if (!add_ask(&b, &asks[i]))
            return err_set(e, ERR_STATION, "The register accesses do not fit one exchange");
    }
    *sent_bytes = b.have;
    return send(l, asks[0].script->count > 0 ? CMD_WRITE_REG : CMD_READ_REG, &b, e);
}

static bool run_together(struct loader *l, const struct reg_ask *asks, size_t count, struct err *e)
{
    size_t sent_bytes;
    if (!loader_mem_settle(l, e) || !send_together(l, asks, count, &sent_bytes, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!await_ask(l, &asks[i], sent_bytes, e))
            return false;
    }
    return true;
}

static bool read_one_by_one(struct loader *l, const uint32_t *addrs, uint32_t *values, size_t count,
                            struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!loader_read_reg(l, addrs[i], &values[i], e))
            return false;
    }
    return true;
}

static bool run_one_by_one(struct loader *l, const struct reg_ask *ask, struct err *e)
{
    struct batch b = { .have = 0 };
    if (ask->script->count > 0 && (!add_script(&b, ask->script) || !send(l, CMD_WRITE_REG, &b, e) ||
                                   !await(l, CMD_WRITE_REG, b.have, NULL, e)))
        return false;
    return read_one_by_one(l, ask->addrs, ask->values, ask->count, e);
}

static bool check_asks(const struct reg_ask *asks, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (count > ASKS_MAX || asks[i].script->count > REGS_WRITES_MAX ||
            asks[i].count > READS_MAX)
            return err_set(e, ERR_STATION, "Too many register accesses for one exchange");
    }
    return true;
}

bool regs_run(struct loader *l, const struct reg_ask *asks, size_t count, struct err *e)
{
    if (!check_asks(asks, count, e))
        return false;
    if (!one_by_one(l, asks, count))
        return run_together(l, asks, count, e);
    for (size_t i = 0; i < count; i++) {
        if (!run_one_by_one(l, &asks[i], e))
            return false;
    }
    return true;
}

bool regs_run_ahead(struct loader *l, const struct reg_ask *asks, size_t count, bool *sent,
                    struct err *e)
{
    size_t bytes;
    *sent = !l->kind->is_stub && !one_by_one(l, asks, count);
    if (!*sent)
        return true;
    l->ahead = (struct loader_ahead){ .asked = true };
    if (!check_asks(asks, count, e) || !send_together(l, asks, count, &bytes, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (asks[i].script->count > 0)
            loader_mem_expect(l, CMD_WRITE_REG, bytes / count);
        for (size_t k = 0; k < asks[i].count; k++)
            loader_mem_expect(l, CMD_READ_REG, 0);
    }
    return true;
}

/* ---- Registers that stay as they are ---- */

static struct loader_fixed *find(struct loader *l, uint32_t addr)
{
    for (size_t i = 0; i < l->fixed_count; i++) {
        if (l->fixed[i].addr == addr)
            return &l->fixed[i];
    }
    return NULL;
}

static struct loader_fixed *note(struct loader *l, uint32_t addr)
{
    struct loader_fixed *row = find(l, addr);
    if (row || l->fixed_count == LOADER_FIXED_MAX)
        return row;
    row = &l->fixed[l->fixed_count++];
    *row = (struct loader_fixed){ .addr = addr };
    return row;
}

bool regs_read_fixed(struct loader *l, uint32_t addr, uint32_t *value, struct err *e)
{
    struct loader_fixed *row = note(l, addr);
    *value = 0;
    if (l->noting)
        return true;
    if (row && row->known) {
        *value = row->value;
        return true;
    }
    if (!loader_read_reg(l, addr, value, e))
        return false;
    if (row)
        *row = (struct loader_fixed){ .addr = addr, .value = *value, .known = true };
    return true;
}

/* The crystals there are lie so far apart that the nearest is meant, however coarse the divider. */
bool regs_crystal_mhz(struct loader *l, uint32_t *mhz, struct err *e)
{
    const struct chip_crystal *c = &l->chip->crystal;
    uint32_t divider;
    *mhz = c->fixed_mhz;
    if (c->fixed_mhz != 0 || c->divider_addr == 0)
        return true;
    if (!regs_read_fixed(l, c->divider_addr, &divider, e))
        return false;
    uint64_t hz = (uint64_t)l->link.port->baud * (divider & CHIP_DIVIDER_MASK) / c->divider_unit;
    if (hz >= 15000000 && hz <= 80000000)
        *mhz = hz > 45000000 ? 48 : hz > 33000000 ? 40 : 26;
    return true;
}

void regs_forget_divider(struct loader *l)
{
    struct loader_fixed *row = find(l, l->chip->crystal.divider_addr);
    if (row)
        row->known = false;
}

void regs_note(struct loader *l)
{
    l->noting = true;
}

/* Reads many registers with as many requests under way as the FIFO takes: the answers come as one
 * stream, which a bridge passes on without holding it back. */
static bool read_stream(struct loader *l, const uint32_t *addrs, uint32_t *values, size_t count,
                        struct err *e)
{
    size_t asked = 0;
    if (!loader_mem_settle(l, e))
        return false;
    for (size_t answered = 0; answered < count; answered++) {
        struct batch b = { .have = 0 };
        for (; asked < count && asked < answered + READS_MAX; asked++) {
            if (!add_read(&b, sizeof b.bytes - b.have, addrs[asked]))
                return err_set(e, ERR_STATION, "A register read does not fit its frame");
        }
        if ((b.have > 0 && !send(l, CMD_READ_REG, &b, e)) ||
            !await(l, CMD_READ_REG, ROM_FIFO_BYTES, &values[answered], e))
            return false;
    }
    return true;
}

/* No answer of a loader carries a check of its own, and what is read here goes into the record and
 * decides what is done to the board: so each register is asked twice. */
bool regs_fetch(struct loader *l, struct err *e)
{
    uint32_t addrs[2 * LOADER_FIXED_MAX], values[2 * LOADER_FIXED_MAX] = { 0 };
    size_t n = l->fixed_count;
    l->noting = false;
    for (size_t i = 0; i < n; i++)
        addrs[i] = addrs[n + i] = l->fixed[i].addr;
    if (!(loader_keeps_up(l) ? read_stream : read_one_by_one)(l, addrs, values, 2 * n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (values[i] != values[n + i]) {
            link_note_turned(&l->link);
            return err_set(e, ERR_FRAME, "register %08x reads %08x, and then %08x", addrs[i],
                           values[i], values[n + i]);
        }
        l->fixed[i].value = values[i];
        l->fixed[i].known = true;
    }
    return true;
}

void regs_forget(struct loader *l)
{
    l->fixed_count = 0;
    l->noting = false;
}
