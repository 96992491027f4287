/* What a request is, and whether it may be answered at all. Pure: knows no connection. */
#include "station/web/web_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char *web_arg(const struct web_request *r, const char *name)
{
    for (size_t i = 0; i < r->arg_count; i++) {
        if (strcmp(r->args[i].name, name) == 0)
            return r->args[i].value;
    }
    return NULL;
}

bool web_cookie(const char *header, const char *name, char *value, size_t cap)
{
    const size_t n = strlen(name);
    for (const char *at = header; at && *at;) {
        at += strspn(at, " ;");
        const size_t length = strcspn(at, ";");
        if (length > n && strncmp(at, name, n) == 0 && at[n] == '=' && length - n - 1 < cap) {
            memcpy(value, at + n + 1, length - n - 1);
            value[length - n - 1] = '\0';
            return true;
        }
        at += length;
    }
    return false;
}

/* ---- Refusing ---- */

void web_reply_done(struct web_reply *reply)
{
    web_text_done(&reply->text);
}

void web_refuse(struct web_reply *reply, unsigned status, const struct err *e)
{
    web_text_done(&reply->text);
    struct json_object o = web_text_json(&reply->text);
    web_put_err(&o, e);
    reply->status = status;
    reply->type = NULL;
    reply->lent = NULL;
}

void web_refuse_as(struct web_reply *reply, unsigned status, enum err_code code, const char *what)
{
    struct err e = { 0 };
    err_set(&e, code, "%s", what);
    err_hint(&e, "The interface is described at /api/v1/openapi.json");
    web_refuse(reply, status, &e);
}

/* ---- Host and Origin ---- */

/* "NAME:PORT"; the port of the scheme itself may be missing. */
static bool is_at(const struct web *w, const char *text, const char *name)
{
    const size_t n = strlen(name);
    char port[8];
    if (n == 0 || strncasecmp(text, name, n) != 0)
        return false;
    snprintf(port, sizeof port, ":%u", w->port);
    if (text[n] == '\0')
        return w->port == (w->tls ? 443 : 80);
    return strcmp(text + n, port) == 0;
}

static void address_text(const struct web *w, char *text, size_t cap)
{
    char digits[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *four = (const struct sockaddr_in *)&w->address;
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&w->address;
    if (w->address.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, digits, sizeof digits);
    else
        inet_ntop(AF_INET, &four->sin_addr, digits, sizeof digits);
    snprintf(text, cap, w->address.ss_family == AF_INET6 ? "[%s]" : "%s", digits);
}

/* A name that is not ours is a page of somebody else whose name leads here: it would read the
 * station with the eyes of whoever looks at that page (DNS rebinding). */
static bool is_ours(const struct web *w, const char *host)
{
    char address[INET6_ADDRSTRLEN + 2];
    address_text(w, address, sizeof address);
    return is_at(w, host, address) || is_at(w, host, "localhost") || is_at(w, host, "127.0.0.1") ||
           is_at(w, host, "[::1]") || is_at(w, host, w->host);
}

static bool is_our_origin(const struct web *w, const char *origin)
{
    const char *scheme = w->tls ? "https://" : "http://";
    const size_t n = strlen(scheme);
    return strncmp(origin, scheme, n) == 0 && is_ours(w, origin + n);
}

static bool is_foreign(const struct web *w, const struct web_request *r)
{
    if (r->origin && !is_our_origin(w, r->origin))
        return true;
    return r->fetch_site && strcmp(r->fetch_site, "same-origin") != 0 &&
           strcmp(r->fetch_site, "none") != 0;
}

static bool is_json(const char *type)
{
    const size_t n = strlen("application/json");
    return type && strncasecmp(type, "application/json", n) == 0 && (!type[n] || type[n] == ';');
}

bool web_gate(const struct web *w, const struct web_request *r, struct web_reply *reply)
{
    if (r->hosts != 1 || !r->host || !is_ours(w, r->host)) {
        web_refuse_as(reply, 421, ERR_USAGE,
                      "The request names another host than this station; if this is its name, say "
                      "so in the station file: screen.host");
        return false;
    }
    const bool post = strcmp(r->method, "POST") == 0;
    if ((post || strncmp(r->path, "/api/", 5) == 0) && is_foreign(w, r)) {
        web_refuse_as(reply, 403, ERR_USAGE, "The request comes from a page of somebody else");
        return false;
    }
    if (post && !is_json(r->content_type)) {
        web_refuse_as(reply, 415, ERR_USAGE, "What is sent must be application/json");
        return false;
    }
    return true;
}
