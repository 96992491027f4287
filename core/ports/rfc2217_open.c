/* From a connection to an RFC 2217 session: who is there, what is agreed, at which rate. */
#include "core/ports/rfc2217_priv.h"

#include <stdio.h>
#include <string.h>

/* Most servers serve one program at a time: the second is turned away at once, or connects and is
 * never spoken to. */
static bool busy(const struct port *p, const char *what, struct err *e)
{
    char server[PORT_NET_SERVER_CAP];
    err_set(e, ERR_PORT_BUSY, "%s: %s", p->where, what);
    return err_hint(e,
                    "Another program may hold it: a serial server serves one at a time. If it "
                    "speaks no RFC 2217, use socket://%.120s",
                    port_net_server(p, server));
}

static bool no_device(const struct port *p, const char *what, struct err *e)
{
    err_set(e, ERR_PORT_MISSING, "%s: %s", p->where, what);
    return err_hint(e, "Plug the adapter into the computer of the server, and compare the device "
                       "in the server's configuration.");
}

/* Whether the server says that it cannot open its device; ser2net: "Device open failure: Value or
 * file not found". One that others hold is "in use" with all of them. */
static bool tells_of_device(const char *word)
{
    static const char *const signs[] = { "open failure", "No such", "not found", "no device" };
    if (strcasestr(word, "in use"))
        return false;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strcasestr(word, signs[i]))
            return true;
    }
    return false;
}

/* A server that turns us away may say why (ser2net: "Port already in use"): its words, as far as
 * they are plain text, are worth showing. */
static bool turned_away(struct rfc2217_port *r, struct err *e)
{
    struct err ignored;
    char word[81], what[160];
    rfc2217_absorb(r, &ignored);
    const uint8_t *said = r->kept + r->kept_start;
    size_t n = 0;
    while (n < r->kept_end - r->kept_start && n < 80 && said[n] >= ' ' && said[n] <= '~')
        n++;
    snprintf(word, sizeof word, "%.*s", (int)n, (const char *)said);
    snprintf(what, sizeof what, "the server ended the connection at once%s%s%s",
             n > 0 ? ", saying '" : "", word, n > 0 ? "'" : "");
    return (tells_of_device(word) ? no_device : busy)(&r->port, what, e);
}

static bool unsuitable(const struct port *p, const char *what, struct err *e)
{
    char server[PORT_NET_SERVER_CAP];
    err_set(e, ERR_PORT_UNSUITABLE, "%s: %s", p->where, what);
    return err_hint(e,
                    "Switch RFC 2217 on in the server, or use socket://%.120s and bring the board "
                    "into its loader by hand.",
                    port_net_server(p, server));
}

static bool queue_offers(struct rfc2217_port *r)
{
    static const struct {
        enum telnet_side side;
        uint8_t option;
    } offers[] = {
        { TELNET_US, TELNET_BINARY }, { TELNET_PEER, TELNET_BINARY }, { TELNET_US, TELNET_SGA },
        { TELNET_PEER, TELNET_SGA },  { TELNET_US, TELNET_COM_PORT },
    };
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        uint8_t request[3];
        telnet_offer(&r->telnet, offers[i].side, offers[i].option, request);
        if (!rfc2217_add(r, request, sizeof request))
            return false;
    }
    return true;
}

/* RFC 2217 has the client say WILL and the server DO; some servers say WILL themselves. BINARY is
 * not insisted on: small servers leave the question open and are transparent all the same. */
static bool negotiate(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    const struct port *p = &r->port;
    if (!rfc2217_send_commands(r, queue_offers(r), d, e))
        return false;
    while (!telnet_is_on(&r->telnet, TELNET_US, TELNET_COM_PORT) &&
           !telnet_is_on(&r->telnet, TELNET_PEER, TELNET_COM_PORT)) {
        if (telnet_is_refused(&r->telnet, TELNET_US, TELNET_COM_PORT))
            return unsuitable(p, "the server refuses to speak RFC 2217", e);
        if (!rfc2217_await_more(r, d, e))
            return false;
    }
    return true;
}

/* What a failed negotiation means for the one who asked for this port. */
static bool judge_open(struct rfc2217_port *r, struct err *e)
{
    const struct port *p = &r->port;
    if (e->code == ERR_PORT_GONE)
        return turned_away(r, e);
    if (e->code == ERR_TIMEOUT && r->heard_bytes == 0)
        return busy(p, "the server took the connection but says nothing", e);
    if (e->code == ERR_TIMEOUT)
        return unsuitable(p, "the server does not speak RFC 2217", e);
    /* An echo looks like consent; only the answer to a command proves the server. */
    if (e->code == ERR_BAUD && !r->baud_answered)
        return unsuitable(p, "the server does not answer RFC 2217 commands", e);
    return false;
}

/* A server that sends nothing at all where it has answered before is not there any more, whatever
 * the connection looks like: a new one is worth a try. */
static bool unconfirmed(const struct rfc2217_port *r, uint64_t heard_bytes, uint32_t baud,
                        struct err *e)
{
    const struct port *p = &r->port;
    if (p->caps == 0 || r->heard_bytes != heard_bytes)
        return err_set(e, ERR_BAUD, "%s: the server does not confirm %u baud", p->where, baud);
    err_set(e, ERR_PORT_GONE, "%s: the server does not answer any more", p->where);
    return port_net_hint_gone(p, e);
}

bool rfc2217_set_rate(struct rfc2217_port *r, uint32_t baud, struct deadline d, struct err *e)
{
    const struct port *p = &r->port;
    uint64_t heard_bytes = r->heard_bytes;
    if (!rfc2217_send_commands(r, rfc2217_add_baud(r, baud), d, e))
        return false;
    while (!r->baud_answered) {
        if (rfc2217_await_more(r, d, e))
            continue;
        if (e->code == ERR_TIMEOUT)
            return unconfirmed(r, heard_bytes, baud, e);
        return false;
    }
    return port_baud_near(p, baud, r->baud_answer, e);
}

/* 8N1, no flow control (RTS is the reset line here); and asks how the lines stand. */
static bool queue_settings(struct rfc2217_port *r)
{
    static const uint8_t eight = 8, one = 1;
    return rfc2217_add_command(r, SET_DATASIZE, &eight, 1) &&
           rfc2217_add_byte(r, SET_PARITY, PARITY_NONE) &&
           rfc2217_add_command(r, SET_STOPSIZE, &one, 1) &&
           rfc2217_add_byte(r, SET_CONTROL, CONTROL_NO_FLOW) &&
           rfc2217_add_byte(r, SET_CONTROL, CONTROL_DTR_ASK) &&
           rfc2217_add_byte(r, SET_CONTROL, CONTROL_RTS_ASK);
}

static struct deadline answer_by(const struct rfc2217_port *r, struct deadline d)
{
    return deadline_first(d, deadline_in_ms(r->port.clock, ANSWER_MS));
}

bool rfc2217_start(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    return (negotiate(r, answer_by(r, d), e) &&
            rfc2217_send_commands(r, queue_settings(r), answer_by(r, d), e) &&
            rfc2217_set_rate(r, r->port.baud, answer_by(r, d), e)) ||
           judge_open(r, e);
}
