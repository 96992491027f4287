/*
 * A queue of CUPS, through libcups: IPP to the scheduler, which starts what it starts; this program
 * starts none. "Completed" is what CUPS says of a job that it has handed to the printer: whether it
 * came out nobody tells, so its labels end as sent.
 */
#include "station/label/printer_priv.h"

#include <cups/cups.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 5000
#define WAIT_S     5.0

struct queue {
    struct printer printer;
    http_t *http;
    int job; /* 0: none */
};

static const char *name_of(const struct queue *q)
{
    return q->printer.config->to + strlen("cups://");
}

static void cups_close(struct printer *p)
{
    struct queue *q = (struct queue *)p;
    httpClose(q->http);
    q->http = NULL;
}

/* The library asks whether to go on waiting. */
static int no_longer(http_t *http, void *ctx)
{
    (void)http;
    (void)ctx;
    return 0;
}

static bool complain(const struct queue *q, struct err *e, const char *what)
{
    err_set(e, ERR_STATION, "Queue %.60s: %s: %.100s", name_of(q), what, cupsLastErrorString());
    return err_hint(e, "To look at it: lpstat -p %.60s -l", name_of(q));
}

static bool connect_to(struct queue *q, struct err *e)
{
    if (q->http)
        return true;
    q->http = httpConnect2(cupsServer(), ippPort(), NULL, AF_UNSPEC, cupsEncryption(), 1,
                           CONNECT_MS, NULL);
    if (q->http) {
        httpSetTimeout(q->http, WAIT_S, no_longer, NULL);
        return true;
    }
    complain(q, e, "CUPS does not answer");
    return err_hint(e, "Does it run? To see: systemctl status cups");
}

static ipp_t *request(struct queue *q, ipp_op_t operation, const char *const *wanted, int count)
{
    char uri[HTTP_MAX_URI];
    ipp_t *const ask = ippNewRequest(operation);
    httpAssembleURIf(HTTP_URI_CODING_ALL, uri, sizeof uri, "ipp", NULL, "localhost", 0,
                     "/printers/%s", name_of(q));
    ippAddString(ask, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
    if (operation == IPP_OP_GET_JOB_ATTRIBUTES)
        ippAddInteger(ask, IPP_TAG_OPERATION, IPP_TAG_INTEGER, "job-id", q->job);
    ippAddString(ask, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL, cupsUser());
    ippAddStrings(ask, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes", count, NULL,
                  wanted);
    return cupsDoRequest(q->http, ask, "/");
}

/* ---- How it is ---- */

static bool judge_reasons(ipp_attribute_t *reasons, const struct queue *q, struct err *e)
{
    for (int i = 0; reasons && i < ippGetCount(reasons); i++) {
        const char *const reason = ippGetString(reasons, i, NULL);
        const size_t n = reason ? strlen(reason) : 0;
        if (n == 0 || strcmp(reason, "none") == 0 || strstr(reason, "-report") ||
            strstr(reason, "-warning") || strncmp(reason, "cups-", 5) == 0)
            continue;
        err_set(e, ERR_STATION, "Queue %.60s: %.100s", name_of(q), reason);
        return err_hint(e, "See to the printer; to look at its queue: lpstat -p %.60s -l",
                        name_of(q));
    }
    return true;
}

static bool judge_queue(ipp_t *said, const struct queue *q, struct err *e)
{
    ipp_attribute_t *const state = ippFindAttribute(said, "printer-state", IPP_TAG_ENUM);
    ipp_attribute_t *const accepts =
        ippFindAttribute(said, "printer-is-accepting-jobs", IPP_TAG_BOOLEAN);
    if (!state)
        return complain(q, e, "there is no such queue");
    if (accepts && !ippGetBoolean(accepts, 0)) {
        err_set(e, ERR_STATION, "Queue %.60s takes no jobs", name_of(q));
        return err_hint(e, "To let it: sudo cupsaccept %.60s", name_of(q));
    }
    if (ippGetInteger(state, 0) == IPP_PSTATE_STOPPED) {
        err_set(e, ERR_STATION, "Queue %.60s is stopped", name_of(q));
        return err_hint(e, "See to the printer, then: sudo cupsenable %.60s", name_of(q));
    }
    return judge_reasons(ippFindAttribute(said, "printer-state-reasons", IPP_TAG_KEYWORD), q, e);
}

static bool look_at_queue(struct queue *q, struct err *e)
{
    static const char *const wanted[] = { "printer-state", "printer-state-reasons",
                                          "printer-is-accepting-jobs" };
    ipp_t *const said = request(q, IPP_OP_GET_PRINTER_ATTRIBUTES, wanted, 3);
    if (!said)
        return complain(q, e, "CUPS does not answer");
    const bool ok = judge_queue(said, q, e);
    ippDelete(said);
    return ok;
}

static bool cups_ready(struct printer *p, struct err *e)
{
    struct queue *q = (struct queue *)p;
    return connect_to(q, e) && look_at_queue(q, e);
}

/* ---- The label ---- */

static bool put_document(struct queue *q, const char *zpl, const char *title)
{
    return cupsStartDocument(q->http, name_of(q), q->job, title, CUPS_FORMAT_RAW, 1) ==
               HTTP_STATUS_CONTINUE &&
           cupsWriteRequestData(q->http, zpl, strlen(zpl)) == HTTP_STATUS_CONTINUE;
}

/* A job whose document is not whole is not printed; one that cannot be taken back may be. */
static enum printer_sent take_back(struct queue *q, struct err *e)
{
    complain(q, e, "the label was not taken");
    httpClose(q->http);
    q->http = NULL;
    struct err ignored = { 0 };
    const bool gone = connect_to(q, &ignored) &&
                      cupsCancelJob2(q->http, name_of(q), q->job, 1) <= IPP_STATUS_OK_CONFLICTING;
    return gone ? PRINTER_NOT_SENT : PRINTER_UNSURE;
}

static enum printer_sent cups_send(struct printer *p, const char *zpl, const char *title,
                                   struct err *e)
{
    struct queue *q = (struct queue *)p;
    q->job = cupsCreateJob(q->http, name_of(q), title, 0, NULL);
    if (q->job <= 0) {
        complain(q, e, "the label was not taken");
        return PRINTER_NOT_SENT;
    }
    if (!put_document(q, zpl, title))
        return take_back(q, e);
    if (cupsFinishDocument(q->http, name_of(q)) <= IPP_STATUS_OK_CONFLICTING)
        return PRINTER_SENT;
    complain(q, e, "the end of the label was not taken");
    return PRINTER_UNSURE;
}

static enum printer_look judge_job(struct queue *q, ipp_jstate_t state, struct err *e)
{
    if (state == IPP_JSTATE_COMPLETED)
        return PRINTER_DONE;
    if (state < IPP_JSTATE_CANCELED)
        return look_at_queue(q, e) ? PRINTER_BUSY : PRINTER_FAULT;
    err_set(e, ERR_STATION, "Queue %.60s has %s job %d", name_of(q),
            state == IPP_JSTATE_CANCELED ? "canceled" : "given up", q->job);
    err_hint(e, "Look whether the label came out; if not: espstation label print RUN --operator "
                "NAME --reason WHY");
    return PRINTER_DROPPED;
}

static enum printer_look cups_look(struct printer *p, struct err *e)
{
    static const char *const wanted[] = { "job-state" };
    struct queue *q = (struct queue *)p;
    if (!connect_to(q, e))
        return PRINTER_LOST;
    ipp_t *const said = request(q, IPP_OP_GET_JOB_ATTRIBUTES, wanted, 1);
    ipp_attribute_t *const state = said ? ippFindAttribute(said, "job-state", IPP_TAG_ENUM) : NULL;
    const int value = state ? ippGetInteger(state, 0) : 0;
    ippDelete(said);
    if (value > 0)
        return judge_job(q, (ipp_jstate_t)value, e);
    complain(q, e, "nothing is known of the label's job");
    cups_close(p);
    return cupsLastError() == IPP_STATUS_ERROR_NOT_FOUND ? PRINTER_DROPPED : PRINTER_LOST;
}

const struct printer_ops printer_cups = {
    "cups://", sizeof(struct queue), false, cups_ready, cups_send, cups_look, cups_close
};
