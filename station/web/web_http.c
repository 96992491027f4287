/* The library's side: from a connection to a request, and from a reply back to it. */
#include "station/web/web_stream.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_BYTES        32768      /* of the library, for the head of a request */
#define BODY_HOPELESS_BYTES (1u << 20) /* whoever sends more is cut off */

/* One request and its reply. */
struct exchange {
    struct web *w;
    struct MHD_Connection *connection;
    struct web_request request;
    struct web_reply reply;
    struct web_task task;
    bool waits; /* the worker has it */
    size_t sent_bytes;
    size_t body_bytes;
    char *body; /* NULL: none yet */
};

/* ---- The request ---- */

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct web_request *r = ctx;
    const struct {
        const char *name, **to;
    } wanted[] = {
        { "Host", &r->host },
        { "Origin", &r->origin },
        { "Sec-Fetch-Site", &r->fetch_site },
        { "Cookie", &r->cookie },
        { "Content-Type", &r->content_type },
        { "Last-Event-ID", &r->last_event_id },
        { "If-None-Match", &r->if_none_match },
    };
    (void)kind;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strcasecmp(name, wanted[i].name) == 0)
            *wanted[i].to = value ? value : "";
    }
    r->hosts += strcasecmp(name, "Host") == 0;
    return MHD_YES;
}

static enum MHD_Result take_arg(void *ctx, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct web_request *r = ctx;
    (void)kind;
    if (r->arg_count == WEB_ARGS_MAX)
        return MHD_NO;
    r->args[r->arg_count].name = name;
    r->args[r->arg_count++].value = value ? value : "";
    return MHD_YES;
}

static bool is_from_here(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return false;
    if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)info->client_addr;
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)info->client_addr;
    return ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static struct exchange *exchange_new(struct web *w, struct MHD_Connection *connection,
                                     const char *path, const char *method)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->w = w;
    x->connection = connection;
    x->request.method = method;
    x->request.path = path;
    x->request.from_here = is_from_here(connection);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &x->request);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_arg, &x->request);
    return x;
}

/* What is too long is read on for a while, so that the sender hears why it is refused. */
static enum MHD_Result take_body(struct exchange *x, const char *bytes, size_t *n)
{
    const size_t size = *n;
    *n = 0;
    x->sent_bytes += size;
    if (x->sent_bytes > BODY_HOPELESS_BYTES)
        return MHD_NO;
    if (x->sent_bytes > WEB_BODY_MAX_BYTES)
        return MHD_YES;
    if (!x->body)
        x->body = malloc(WEB_BODY_MAX_BYTES + 1);
    if (!x->body)
        return MHD_NO;
    memcpy(x->body + x->body_bytes, bytes, size);
    x->body_bytes += size;
    x->body[x->body_bytes] = '\0';
    return MHD_YES;
}

/* ---- The reply ---- */

static void add_headers(struct MHD_Response *response, const struct web *w,
                        const struct web_reply *reply)
{
    static const char *const always[][2] = {
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                                     "img-src 'self'; "
                                     "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                                     "frame-ancestors 'none'; "
                                     "require-trusted-types-for 'script'" },
    };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Type",
                            reply->type ? reply->type : "application/json");
    MHD_add_response_header(response, "Cache-Control", reply->tagged ? "no-cache" : "no-store");
    if (reply->tagged)
        MHD_add_response_header(response, "ETag", w->build);
    if (reply->cookie[0])
        MHD_add_response_header(response, "Set-Cookie", reply->cookie);
    if (reply->allow)
        MHD_add_response_header(response, "Allow", reply->allow);
}

static struct MHD_Response *make_response(struct exchange *x)
{
    struct web_reply *reply = &x->reply;
    if (reply->stream)
        return web_stream_response(x->w, x->connection, &x->request);
    if (reply->lent)
        return MHD_create_response_from_buffer(reply->lent_bytes, (char *)(uintptr_t)reply->lent,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(reply->text.n, reply->text.bytes, MHD_RESPMEM_MUST_FREE);
    if (response)
        reply->text = (struct web_text){ 0 };
    return response;
}

/* What a browser has already needs not be sent. */
static void shorten(struct exchange *x)
{
    struct web_reply *reply = &x->reply;
    const char *has = x->request.if_none_match;
    if (reply->status != 200 || !reply->tagged || !has || strcmp(has, x->w->build) != 0)
        return;
    reply->status = 304;
    reply->lent = NULL;
    web_text_done(&reply->text);
}

static enum MHD_Result send_reply(struct exchange *x)
{
    if (x->reply.text.failed) {
        web_text_done(&x->reply.text);
        x->reply.status = 500;
    }
    shorten(x);
    struct MHD_Response *response = make_response(x);
    if (!response)
        return MHD_NO;
    add_headers(response, x->w, &x->reply);
    const enum MHD_Result result = MHD_queue_response(x->connection, x->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- Answering ---- */

static void wake(void *ctx)
{
    const struct exchange *x = ctx;
    MHD_resume_connection(x->connection);
}

/* The connection sleeps until the worker is done; then the library calls anew. */
static enum MHD_Result hand_over(struct exchange *x, const struct web_route *route)
{
    x->task = (struct web_task){
        .route = route, .request = &x->request, .reply = &x->reply, .ready = wake, .ctx = x
    };
    MHD_suspend_connection(x->connection);
    x->waits = web_worker_put(x->w, &x->task);
    if (x->waits)
        return MHD_YES;
    web_refuse_as(&x->reply, 503, ERR_STATION, "The station has too many questions to answer");
    x->task.done = x->waits = true;
    MHD_resume_connection(x->connection);
    return MHD_YES;
}

static enum MHD_Result answer(struct exchange *x)
{
    if (x->sent_bytes > WEB_BODY_MAX_BYTES) {
        web_refuse_as(&x->reply, 413, ERR_USAGE, "What is sent is too long");
        return send_reply(x);
    }
    x->request.body = x->body ? x->body : "";
    x->request.body_bytes = x->body_bytes;
    const struct web_route *route = web_find_route(x->w, &x->request, &x->reply);
    if (!route)
        return send_reply(x);
    if (route->slow)
        return hand_over(x, route);
    route->answer(x->w, &x->request, &x->reply);
    return send_reply(x);
}

/* First with the head alone, then with each piece of the body, then with nothing; and once more
 * after it was woken. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **own)
{
    struct exchange *x = *own;
    (void)version;
    if (!x) {
        *own = exchange_new(ctx, connection, path, method);
        return *own ? MHD_YES : MHD_NO;
    }
    if (*n > 0)
        return take_body(x, bytes, n);
    if (!x->waits)
        return answer(x);
    return web_worker_is_done(x->w, &x->task) ? send_reply(x) : MHD_YES;
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **own,
                   enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *own;
    (void)ctx;
    (void)connection;
    (void)why;
    *own = NULL;
    if (!x)
        return;
    web_reply_done(&x->reply);
    free(x->body);
    free(x);
}

/* The library would print a line for each reader that leaves. */
__attribute__((format(printf, 2, 0))) static void on_log(void *ctx, const char *fmt, va_list args)
{
    (void)ctx;
    (void)fmt;
    (void)args;
}

bool web_http_start(struct web *w, int fd, struct err *e)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_ERROR_LOG | (w->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem options[] = {
        { MHD_OPTION_LISTEN_SOCKET, fd, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, WEB_TIMEOUT_S, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS_MAX, NULL },
        { MHD_OPTION_PER_IP_CONNECTION_LIMIT, WEB_PER_ADDRESS_MAX, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL },
        { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_end, NULL },
        { w->tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, w->certificate },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, w->key },
        { MHD_OPTION_END, 0, NULL },
    };
    w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER,
                                 on_log, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (w->daemon)
        return true;
    close(fd);
    err_set(e, ERR_STATION, "The screen's server does not start%s",
            w->tls ? ": is the certificate one, and does the key belong to it?" : "");
    return w->tls ? err_hint(e, "Look at screen.cert and screen.key in the station file.") : false;
}

void web_http_stop(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    web_streams_wake_locked(w);
    pthread_mutex_unlock(&w->lock);
    if (w->daemon)
        MHD_stop_daemon(w->daemon);
    w->daemon = NULL;
}
