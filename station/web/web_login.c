/* Who is logged in: sessions by cookie. The people judge a log-in; this keeps its result. */
#include "station/web/web_priv.h"

#include "core/base/json_tree.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define COOKIE         "espstation"
#define SESSION_US     (12 * 3600 * UINT64_C(1000000)) /* a shift */
#define FAILED_MAX     10                              /* log-ins that fail within... */
#define FAILED_SPAN_US (60 * UINT64_C(1000000))

static bool make_token(char token[static WEB_TOKEN_BYTES])
{
    uint8_t bytes[(WEB_TOKEN_BYTES - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static struct web_session *find_locked(struct web *w, const char *cookie)
{
    char token[WEB_TOKEN_BYTES];
    if (!cookie || !web_cookie(cookie, COOKIE, token, sizeof token) ||
        strlen(token) != WEB_TOKEN_BYTES - 1)
        return NULL;
    for (size_t i = 0; i < WEB_SESSIONS_MAX; i++) {
        struct web_session *session = &w->sessions.rows[i];
        if (session->token[0] && session->until_us > web_now_us() &&
            CRYPTO_memcmp(session->token, token, WEB_TOKEN_BYTES) == 0)
            return session;
    }
    return NULL;
}

/* Who was taken out of the people's file has no session any more, and a role is that of today. */
static bool is_still_known(const struct web *w, struct actor *actor)
{
    struct actor now = *actor;
    if (!w->people || !w->people->find)
        return true;
    if (!w->people->find(w->people->ctx, actor->name, &now))
        return false;
    actor->role = now.role;
    return true;
}

bool web_who(struct web *w, const char *cookie, struct actor *actor)
{
    pthread_mutex_lock(&w->sessions.lock);
    const struct web_session *session = find_locked(w, cookie);
    if (session)
        *actor = session->actor;
    pthread_mutex_unlock(&w->sessions.lock);
    return session && is_still_known(w, actor);
}

/* A free row, or the one that ends first. */
static struct web_session *row_for_new_locked(struct web *w)
{
    struct web_session *oldest = &w->sessions.rows[0];
    for (size_t i = 0; i < WEB_SESSIONS_MAX; i++) {
        struct web_session *session = &w->sessions.rows[i];
        if (!session->token[0])
            return session;
        if (session->until_us < oldest->until_us)
            oldest = session;
    }
    return oldest;
}

static void set_cookie(const struct web *w, struct web_reply *reply, const char *token,
                       unsigned seconds)
{
    snprintf(reply->cookie, sizeof reply->cookie,
             COOKIE "=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Strict%s", token, seconds,
             w->tls ? "; Secure" : "");
}

static bool begin(struct web *w, const struct actor *actor, struct web_reply *reply)
{
    char token[WEB_TOKEN_BYTES];
    if (!make_token(token))
        return false;
    pthread_mutex_lock(&w->sessions.lock);
    struct web_session *session = row_for_new_locked(w);
    session->actor = *actor;
    session->until_us = web_now_us() + SESSION_US;
    memcpy(session->token, token, sizeof token);
    if (w->sessions.failed > 0) /* this one has not */
        w->sessions.failed--;
    pthread_mutex_unlock(&w->sessions.lock);
    set_cookie(w, reply, token, (unsigned)(SESSION_US / 1000000));
    return true;
}

/* Counts a try, as failed until it succeeds (begin); false: too many have failed before it. */
static bool may_try(struct web *w)
{
    pthread_mutex_lock(&w->sessions.lock);
    if (web_now_us() - w->sessions.failed_since_us > FAILED_SPAN_US) {
        w->sessions.failed_since_us = web_now_us();
        w->sessions.failed = 0;
    }
    const bool may = w->sessions.failed++ < FAILED_MAX;
    pthread_mutex_unlock(&w->sessions.lock);
    return may;
}

static void log_in(struct web *w, const struct json_node *said, struct web_reply *reply)
{
    struct err e = { 0 };
    struct actor actor = { 0 };
    const char *name = json_get_text(said, "name"), *secret = json_get_text(said, "secret");
    if (!secret) {
        web_refuse_as(reply, 400, ERR_USAGE, "A log-in needs \"secret\": a PIN, or a badge");
    } else if (!may_try(w)) {
        web_refuse_as(reply, 429, ERR_USAGE, "Too many log-ins have failed; wait a minute");
    } else if (!w->people->log_in(w->people->ctx, name ? name : "", secret, &actor, &e)) {
        web_refuse(reply, 403, &e);
    } else if (!begin(w, &actor, reply)) {
        web_refuse_as(reply, 500, ERR_STATION, "There are no random numbers for a session");
    } else {
        struct json_object o = web_text_json(&reply->text);
        json_open(&o, NULL, '{');
        json_text(&o, "name", actor.name);
        json_close(&o, '}');
        reply->status = 200;
    }
}

void web_post_login(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    struct json_problem problem = { 0 };
    if (!w->people) {
        web_refuse_as(reply, 404, ERR_USAGE, "This station knows no people");
        return;
    }
    struct json_node *said = json_tree_parse(r->body, r->body_bytes, &problem);
    if (said)
        log_in(w, said, reply);
    else
        web_refuse_as(reply, 400, ERR_USAGE, "What is sent is no JSON object");
    json_tree_free(said);
}

void web_post_logout(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    pthread_mutex_lock(&w->sessions.lock);
    struct web_session *session = find_locked(w, r->cookie);
    if (session)
        memset(session, 0, sizeof *session);
    pthread_mutex_unlock(&w->sessions.lock);
    set_cookie(w, reply, "", 0);
    web_text_say(&reply->text, "{}");
    reply->status = 200;
}
