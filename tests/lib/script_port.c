#include "tests/lib/script_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script_port *script_of(struct port *p)
{
    return (struct script_port *)p;
}

static void hex_text(const uint8_t *bytes, size_t n, char *text, size_t cap)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n && used + 8 < cap; i++)
        used += (size_t)snprintf(text + used, cap - used, "%02x ", bytes[i]);
}

static void trouble(struct script_port *s, const char *what, const void *bytes, size_t n)
{
    char text[160];
    if (s->trouble[0])
        return;
    hex_text(bytes, n, text, sizeof text);
    snprintf(s->trouble, sizeof s->trouble, "item %zu of %zu, %zu bytes: %s: %s", s->at, s->count,
             n, what, text);
}

static bool is_host_item(const struct script_item *item)
{
    return item->kind <= SCRIPT_LINES;
}

/* When item i is due, counted from the one before it. */
static void set_time(struct script_port *s, size_t i)
{
    struct script_item *item = &s->items[i];
    uint64_t from_us = i > 0 ? s->items[i - 1].at_us : s->clock->us;
    if (item->timed || is_host_item(item))
        return;
    item->at_us = from_us + item->number;
    item->timed = true;
}

static bool is_played(const struct script_port *s, size_t i)
{
    const struct script_item *item = &s->items[i];
    if (is_host_item(item))
        return item->timed;
    bool endless = s->repeat_last && i + 1 == s->count;
    return item->kind == SCRIPT_GIVE && item->used == item->size_bytes && !endless;
}

/* The item that is played next, with its time worked out; NULL at the end of the script. */
static struct script_item *next_item(struct script_port *s)
{
    while (s->at < s->count && is_played(s, s->at))
        s->at++;
    if (s->at == s->count)
        return NULL;
    set_time(s, s->at);
    return &s->items[s->at];
}

static void fulfil(const struct script_port *s, struct script_item *item)
{
    item->at_us = s->clock->us;
    item->timed = true;
}

/* What the host does may overtake what it has not read yet. */
static struct script_item *host_item(struct script_port *s)
{
    next_item(s);
    for (size_t i = s->at; i < s->count; i++) {
        if (is_host_item(&s->items[i]) && !s->items[i].timed)
            return &s->items[i];
        if (s->items[i].kind == SCRIPT_GIVE)
            set_time(s, i);
    }
    return NULL;
}

static bool pulled(struct script_port *s)
{
    const struct script_item *item = next_item(s);
    return item && item->kind == SCRIPT_GONE && item->at_us <= s->clock->us;
}

static bool gone(const struct port *p, struct err *e)
{
    return err_set(e, ERR_PORT_GONE, "%s: unplugged", p->where);
}

static size_t time_out(struct script_port *s, struct deadline d, struct err *e)
{
    fake_clock_to(s->clock, d.at_us);
    err_set(e, ERR_TIMEOUT, "%s: no data came in time", s->port.where);
    return 0;
}

static size_t give(struct script_port *s, struct script_item *item, uint8_t *buf, size_t cap)
{
    if (s->repeat_last && item->used == item->size_bytes)
        item->used = 0;
    size_t n = item->size_bytes - item->used;
    n = n < cap ? n : cap;
    n = s->read_at_most && n > s->read_at_most ? s->read_at_most : n;
    memcpy(buf, item->bytes + item->used, n);
    item->used += n;
    fake_clock_pass_us(s->clock, s->byte_us * n);
    return n;
}

static size_t script_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    struct script_port *s = script_of(p);
    struct script_item *item = next_item(s);
    s->reads++;
    if (!item || is_host_item(item) || (item->at_us > d.at_us && item->at_us > s->clock->us))
        return time_out(s, d, e);
    fake_clock_to(s->clock, item->at_us);
    if (item->kind == SCRIPT_GIVE)
        return give(s, item, buf, cap);
    if (item->kind == SCRIPT_GONE)
        gone(p, e);
    else
        err_set(e, ERR_STOPPED, "%s: stopped on request", p->where);
    return 0;
}

static bool script_write(struct port *p, const void *buf, size_t n, struct deadline d,
                         struct err *e)
{
    struct script_port *s = script_of(p);
    const uint8_t *bytes = buf;
    (void)d;
    if (pulled(s))
        return gone(p, e);
    while (n > 0 && !s->free_writes) {
        struct script_item *item = host_item(s);
        size_t left = item && item->kind == SCRIPT_EXPECT ? item->size_bytes - item->used : 0;
        size_t part = n < left ? n : left;
        if (part == 0 || memcmp(item->bytes + item->used, bytes, part) != 0) {
            trouble(s, "the station wrote something else", buf, n);
            return err_set(e, ERR_STATION, "not in the script");
        }
        item->used += part;
        bytes += part;
        n -= part;
        if (item->used == item->size_bytes)
            fulfil(s, item);
    }
    return true;
}

static bool script_drain(struct port *p, struct deadline d, struct err *e)
{
    (void)d;
    return !pulled(script_of(p)) || gone(p, e);
}

/* Drops what has come in by now. */
static bool script_discard(struct port *p, struct err *e)
{
    struct script_port *s = script_of(p);
    if (pulled(s))
        return gone(p, e);
    for (struct script_item *item = next_item(s);
         item && item->kind == SCRIPT_GIVE && item->at_us <= s->clock->us && !s->repeat_last;
         item = next_item(s))
        item->used = item->size_bytes;
    return true;
}

static bool take_number(struct script_port *s, enum script_kind kind, uint64_t number,
                        struct err *e)
{
    struct script_item *item = host_item(s);
    if (pulled(s))
        return gone(&s->port, e);
    if (!item || item->kind != kind || item->number != number) {
        trouble(s, kind == SCRIPT_BAUD ? "another rate was set" : "other lines were set", &number,
                sizeof number);
        return err_set(e, ERR_STATION, "not in the script");
    }
    fulfil(s, item);
    return true;
}

static bool script_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    if (script_of(p)->free_writes)
        return !pulled(script_of(p)) || gone(p, e);
    return take_number(script_of(p), SCRIPT_BAUD, baud, e);
}

static bool script_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    struct script_port *s = script_of(p);
    if (s->free_lines)
        return !pulled(s) || gone(p, e);
    return take_number(s, SCRIPT_LINES, (uint64_t)mask << 8 | on, e);
}

static bool script_open(struct port *p, struct deadline d, struct err *e)
{
    (void)p;
    (void)d;
    return err_set(e, ERR_STATION, "A script port is made by script_port_init");
}

static void script_close(struct port *p)
{
    (void)p;
}

static const struct port_ops ops = {
    .name = "script",
    .prefix = "script://",
    .struct_bytes = sizeof(struct script_port),
    .open = script_open,
    .read = script_read,
    .write = script_write,
    .drain = script_drain,
    .discard = script_discard,
    .set_baud = script_set_baud,
    .set_lines = script_set_lines,
    .close = script_close,
};

void script_port_init(struct script_port *s, struct fake_clock *clock)
{
    memset(s, 0, sizeof *s);
    s->clock = clock;
    s->port.ops = &ops;
    s->port.clock = &clock->clock;
    s->port.stop_fd = -1;
    s->port.caps = PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER;
    s->port.baud = 115200;
    snprintf(s->port.where, sizeof s->port.where, "script");
}

void script_port_done(struct script_port *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i].bytes);
    s->count = s->at = 0;
}

static void add(struct script_port *s, enum script_kind kind, uint64_t number, const void *bytes,
                size_t n)
{
    uint8_t *copy = malloc(n + 1);
    if (!copy || s->count == SCRIPT_ITEMS_MAX) {
        fprintf(stderr, "The script does not fit\n");
        abort();
    }
    if (n > 0)
        memcpy(copy, bytes, n);
    s->items[s->count++] =
        (struct script_item){ .kind = kind, .number = number, .bytes = copy, .size_bytes = n };
}

void script_expect(struct script_port *s, const void *bytes, size_t n)
{
    add(s, SCRIPT_EXPECT, 0, bytes, n);
}

void script_expect_baud(struct script_port *s, uint32_t baud)
{
    add(s, SCRIPT_BAUD, baud, NULL, 0);
}

void script_expect_lines(struct script_port *s, unsigned mask, unsigned on)
{
    add(s, SCRIPT_LINES, (uint64_t)mask << 8 | on, NULL, 0);
}

void script_give(struct script_port *s, uint64_t after_us, const void *bytes, size_t n)
{
    add(s, SCRIPT_GIVE, after_us, bytes, n);
}

void script_gone(struct script_port *s, uint64_t after_us)
{
    add(s, SCRIPT_GONE, after_us, NULL, 0);
}

void script_stop(struct script_port *s, uint64_t after_us)
{
    add(s, SCRIPT_STOP, after_us, NULL, 0);
}

bool script_played(struct script_port *s)
{
    for (size_t i = s->at; i < s->count && !s->trouble[0]; i++) {
        const struct script_item *item = &s->items[i];
        bool done = is_host_item(item) ? item->timed : item->kind != SCRIPT_GIVE || item->used > 0;
        s->at = done ? s->at : i;
        if (!done)
            trouble(s, is_host_item(item) ? "the station never did this" : "never read",
                    item->bytes, item->size_bytes);
    }
    return s->trouble[0] == '\0';
}
