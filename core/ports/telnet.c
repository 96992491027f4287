#include "core/ports/telnet.h"

#include <string.h>

/* Bits of telnet.agreed */
enum agreement {
    IS_ON = 1 << 0,
    SAID_YES = 1 << 1, /* we asked for it or allowed it */
    SAID_NO = 1 << 2,  /* we refused it, or the peer did: final */
};

void telnet_init(struct telnet *t)
{
    memset(t, 0, sizeof *t);
}

/* ---- the stream ---- */

static void decode_data(const uint8_t *in, size_t n, uint8_t *out, size_t *out_bytes)
{
    if (n > 0 && out + *out_bytes != in)
        memmove(out + *out_bytes, in, n);
    *out_bytes += n;
}

/* The byte behind IAC. A doubled IAC is data; NOP, AYT and the like ask nothing of us. */
static void decode_command(struct telnet *t, uint8_t byte, uint8_t *out, size_t *out_bytes)
{
    t->state = TELNET_DATA;
    if (byte == TELNET_IAC) {
        out[(*out_bytes)++] = byte;
    } else if (byte == TELNET_SB) {
        t->state = TELNET_SUB_OPTION;
    } else if (byte >= TELNET_WILL) {
        t->verb = byte;
        t->state = TELNET_OPTION;
    }
}

static void decode_sub_data(struct telnet *t, uint8_t byte)
{
    if (t->sub_bytes < sizeof t->sub)
        t->sub[t->sub_bytes++] = byte;
}

/* One byte that is not plain data. */
static void decode_byte(struct telnet *t, uint8_t byte, uint8_t *out, size_t *out_bytes,
                        struct telnet_event *ev)
{
    switch (t->state) {
    case TELNET_DATA: /* an IAC */
        t->state = TELNET_COMMAND;
        break;
    case TELNET_COMMAND:
        decode_command(t, byte, out, out_bytes);
        break;
    case TELNET_OPTION:
        *ev = (struct telnet_event){ TELNET_VERB, t->verb, byte };
        t->state = TELNET_DATA;
        break;
    case TELNET_SUB_OPTION:
        t->sub_option = byte;
        t->sub_bytes = 0;
        t->state = TELNET_SUB_DATA;
        break;
    case TELNET_SUB_DATA:
        if (byte == TELNET_IAC)
            t->state = TELNET_SUB_COMMAND;
        else
            decode_sub_data(t, byte);
        break;
    case TELNET_SUB_COMMAND:
        t->state = TELNET_SUB_DATA;
        if (byte == TELNET_IAC) {
            decode_sub_data(t, byte);
        } else if (byte == TELNET_SE) {
            *ev = (struct telnet_event){ TELNET_SUB, 0, t->sub_option };
            t->state = TELNET_DATA;
        } else {
            /* The end was lost. The command is real, the subnegotiation is not. */
            decode_command(t, byte, out, out_bytes);
        }
        break;
    }
}

size_t telnet_decode(struct telnet *t, const uint8_t *in, size_t n, uint8_t *out, size_t *out_bytes,
                     struct telnet_event *ev)
{
    size_t at = 0;
    *out_bytes = 0;
    ev->kind = TELNET_NOTHING;
    while (at < n && ev->kind == TELNET_NOTHING) {
        if (t->state == TELNET_DATA) {
            const uint8_t *iac = memchr(in + at, TELNET_IAC, n - at);
            size_t run = iac ? (size_t)(iac - (in + at)) : n - at;
            decode_data(in + at, run, out, out_bytes);
            at += run;
            if (!iac)
                break;
        }
        decode_byte(t, in[at++], out, out_bytes, ev);
    }
    return at;
}

size_t telnet_escape(const uint8_t *in, size_t n, uint8_t *out, size_t cap, size_t *out_bytes)
{
    size_t at = 0;
    size_t used = 0;
    while (at < n && used < cap) {
        size_t room = cap - used < n - at ? cap - used : n - at;
        const uint8_t *iac = memchr(in + at, TELNET_IAC, room);
        size_t run = iac ? (size_t)(iac - (in + at)) : room;
        memcpy(out + used, in + at, run);
        at += run;
        used += run;
        if (!iac)
            continue;
        if (cap - used < 2)
            break;
        out[used++] = TELNET_IAC;
        out[used++] = TELNET_IAC;
        at++;
    }
    *out_bytes = used;
    return at;
}

/* ---- options ---- */

static bool is_known(uint8_t option)
{
    return option == TELNET_BINARY || option == TELNET_SGA || option == TELNET_COM_PORT;
}

static void say(enum telnet_side side, bool yes, uint8_t option, uint8_t out[3])
{
    out[0] = TELNET_IAC;
    if (side == TELNET_US)
        out[1] = yes ? TELNET_WILL : TELNET_WONT;
    else
        out[1] = yes ? TELNET_DO : TELNET_DONT;
    out[2] = option;
}

void telnet_offer(struct telnet *t, enum telnet_side side, uint8_t option, uint8_t request[3])
{
    t->agreed[side][option] |= SAID_YES;
    say(side, true, option, request);
}

/* The peer wants it, or allows what we asked for. */
static bool answer_yes(struct telnet *t, enum telnet_side side, uint8_t option, uint8_t reply[3])
{
    uint8_t *bits = &t->agreed[side][option];
    if (*bits & SAID_NO)
        return false;
    bool accept = is_known(option);
    bool is_reply = *bits & SAID_YES;
    *bits |= accept ? IS_ON | SAID_YES : SAID_NO;
    say(side, accept, option, reply);
    return !is_reply;
}

/* The peer ends it, or refuses what we asked for. Only an end wants to be confirmed. */
static bool answer_no(struct telnet *t, enum telnet_side side, uint8_t option, uint8_t reply[3])
{
    uint8_t *bits = &t->agreed[side][option];
    bool was_on = *bits & IS_ON;
    *bits = SAID_NO;
    say(side, false, option, reply);
    return was_on;
}

bool telnet_answer(struct telnet *t, const struct telnet_event *ev, uint8_t reply[3])
{
    enum telnet_side side =
        ev->verb == TELNET_DO || ev->verb == TELNET_DONT ? TELNET_US : TELNET_PEER;
    if (ev->verb == TELNET_DO || ev->verb == TELNET_WILL)
        return answer_yes(t, side, ev->option, reply);
    return answer_no(t, side, ev->option, reply);
}

bool telnet_is_on(const struct telnet *t, enum telnet_side side, uint8_t option)
{
    return t->agreed[side][option] & IS_ON;
}

bool telnet_is_refused(const struct telnet *t, enum telnet_side side, uint8_t option)
{
    return t->agreed[side][option] & SAID_NO;
}
