#include "station/plc/plc_hand.h"

#include "station/plc/plc_cause.h"
#include "station/plc/plc_map.h"

#include <stdio.h>

static void finish(struct plc_hand *h, uint16_t result, uint16_t cause)
{
    h->phase = PLC_FINISHED;
    h->result = result;
    h->cause = cause;
}

static void clear_result(struct plc_hand *h)
{
    h->result = h->cause = h->tenths = 0;
    h->run_id = 0;
    h->mac[0] = '\0';
}

/* ---- What the PLC wants ---- */

static enum plc_order take_ack(struct plc_hand *h)
{
    if (h->phase == PLC_CLEARED && (h->command & (PLC_START | PLC_ACK)) == 0)
        h->phase = PLC_IDLE;
    if (h->phase != PLC_FINISHED || !(h->command & PLC_ACK))
        return PLC_NOTHING;
    h->phase = PLC_CLEARED;
    clear_result(h);
    return PLC_SEEN;
}

static enum plc_order take_start(struct plc_hand *h, uint16_t cycle, bool may_start)
{
    if (!(h->command & PLC_START)) {
        h->armed = true;
        return PLC_NOTHING;
    }
    /* One that comes when it cannot be taken is spent, too: it must not begin something later. */
    const bool is_edge = h->armed;
    h->armed = false;
    if (!is_edge || h->phase != PLC_IDLE || !may_start || (h->command & (PLC_ACK | PLC_ABORT)))
        return PLC_NOTHING;
    h->cycle = cycle;
    clear_result(h);
    return PLC_BEGIN;
}

enum plc_order plc_hand_command(struct plc_hand *h, uint16_t command, uint16_t cycle,
                                bool may_start)
{
    const bool aborts = (command & ~h->command & PLC_ABORT) != 0;
    h->command = command;
    h->written = true;
    if (aborts && (h->phase == PLC_STARTED || h->phase == PLC_RUNNING))
        return PLC_STOP;
    const enum plc_order order = take_ack(h);
    const enum plc_order begin = take_start(h, cycle, may_start);
    return begin != PLC_NOTHING ? begin : order;
}

void plc_hand_begun(struct plc_hand *h, enum err_code refusal, int64_t before_id, uint64_t now_us)
{
    h->ordered = true;
    h->before_id = before_id;
    h->since_us = now_us;
    if (refusal == ERR_NONE)
        h->phase = PLC_STARTED;
    else
        finish(h, PLC_ERROR, plc_cause(refusal));
}

void plc_hand_disarm(struct plc_hand *h)
{
    h->armed = false;
}

void plc_hand_settled(struct plc_hand *h)
{
    h->armed = h->armed || !h->written;
}

/* ---- What happens in the slot ---- */

static void take_run(struct plc_hand *h, const struct event *event)
{
    const bool is_old = event->run_id != 0 && event->run_id == h->before_id;
    /* A result that nobody has acknowledged stays, whatever a person does at the slot. */
    if (is_old || h->phase == PLC_RUNNING || (h->phase == PLC_FINISHED && h->ordered))
        return;
    if (h->phase != PLC_STARTED) {
        h->ordered = false;
        h->cycle = 0;
        clear_result(h);
    }
    h->phase = PLC_RUNNING;
    h->run_id = event->run_id;
}

/* What says nothing of the board is neither PASS nor FAIL. */
static uint16_t result_of(const struct event *event)
{
    if (event->verdict == VERDICT_PASS)
        return PLC_PASS;
    if (event->verdict != VERDICT_FAIL || event->err.code == ERR_DATABASE ||
        event->err.code == ERR_STATION)
        return PLC_ERROR;
    return PLC_FAIL;
}

static void take_verdict(struct plc_hand *h, const struct event *event)
{
    const bool is_old = event->run_id != 0 && event->run_id == h->before_id;
    const bool is_other = h->run_id != 0 && event->run_id != h->run_id;
    const double tenths = event->seconds * 10;
    if ((h->phase != PLC_STARTED && h->phase != PLC_RUNNING) || is_old || is_other)
        return;
    h->run_id = event->run_id;
    h->tenths = tenths < 0 ? 0 : tenths > UINT16_MAX ? UINT16_MAX : (uint16_t)tenths;
    snprintf(h->mac, sizeof h->mac, "%s", event->mac);
    finish(h, result_of(event), plc_cause(event->err.code));
}

void plc_hand_event(struct plc_hand *h, const struct event *event)
{
    if (event->kind == EVENT_RUN)
        take_run(h, event);
    else if (event->kind == EVENT_VERDICT)
        take_verdict(h, event);
}

void plc_hand_passed_before(struct plc_hand *h, int64_t run_id, const char *mac)
{
    if (h->phase != PLC_STARTED && h->phase != PLC_RUNNING)
        return;
    h->run_id = run_id;
    snprintf(h->mac, sizeof h->mac, "%s", mac);
    finish(h, PLC_ERROR, plc_cause(ERR_DUPLICATE));
}

void plc_hand_waits(struct plc_hand *h, uint64_t now_us)
{
    if (h->phase == PLC_STARTED)
        h->since_us = now_us;
}

void plc_hand_tick(struct plc_hand *h, uint64_t now_us)
{
    if (h->phase == PLC_STARTED && now_us - h->since_us >= (uint64_t)PLC_BEGIN_MS * 1000)
        finish(h, PLC_ERROR, PLC_CAUSE_NO_RUN);
}

/* ---- What the PLC sees ---- */

uint16_t plc_hand_status(const struct plc_hand *h, bool may_start)
{
    switch (h->phase) {
    case PLC_IDLE:
        return may_start && h->armed ? PLC_READY : 0;
    case PLC_STARTED:
    case PLC_RUNNING:
        return PLC_BUSY;
    case PLC_FINISHED:
        return (uint16_t)(PLC_DONE | h->result);
    case PLC_CLEARED:
        break;
    }
    return 0;
}
