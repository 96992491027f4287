/*
 * Requests to the screen in the browser, a line for each part: method, path, Host, Origin, cookie,
 * kind of content; then the body. Whatever comes is answered, with a status and JSON, and what
 * stands in no list acts on nothing.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/json_tree.h"
#include "station/web/web_priv.h"
#include "tests/tools/fake_floor.h"

#include <stdlib.h>
#include <string.h>

static struct web web;

static bool log_in(void *ctx, const char *name, const char *secret, struct actor *actor,
                   struct err *e)
{
    (void)ctx;
    (void)name;
    *actor = (struct actor){ .name = "Eve", .role = ROLE_OPERATOR };
    return strcmp(secret, "1234") == 0 || err_set(e, ERR_USAGE, "Name or PIN is wrong");
}
static const struct web_people people = { .log_in = log_in };

static void begin(void)
{
    const struct fake_floor_setup setup = { 4, 2, NULL };
    if (web.floor)
        return;
    pthread_mutex_init(&web.lock, NULL);
    pthread_mutex_init(&web.sessions.lock, NULL);
    ((struct sockaddr_in *)&web.address)->sin_family = AF_INET;
    web.port = 8480;
    web.floor = fake_floor_new(&setup);
    web.scene = web_scene_new();
    must(web.floor && web.scene, "there is memory");
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static void must_be_json(const struct web_reply *reply)
{
    struct json_problem problem = { 0 };
    if (reply->lent || reply->stream)
        return;
    must(reply->text.n > 0, "there is an answer");
    struct json_node *root = json_tree_parse(reply->text.bytes, reply->text.n, &problem);
    must(root != NULL, "the answer is JSON");
    json_tree_free(root);
}

/* Those that look at this machine or open files have targets of their own. */
static bool may_run(const struct web_route *route)
{
    return route->answer != web_get_doctor;
}

static void try(const struct web_request *r)
{
    struct web_reply reply = { 0 };
    char line[200];
    const unsigned before = fake_floor_acts(web.floor, line, sizeof line);
    const struct web_route *route = web_find_route(&web, r, &reply);
    if (route && may_run(route))
        route->answer(&web, r, &reply);
    if (!route || may_run(route)) {
        must(reply.status >= 200 && reply.status < 600, "there is a status");
        must_be_json(&reply);
    }
    must(fake_floor_acts(web.floor, line, sizeof line) == before ||
             (route && route->answer == web_post_act && strcmp(r->method, "POST") == 0),
         "only acts act");
    web_reply_done(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    begin();
    memset(&web.sessions.rows, 0, sizeof web.sessions.rows);
    web.sessions.failed = 0;
    const uint8_t how = input_byte(&in);
    char *parts[6], *body;
    for (size_t i = 0; i < 6; i++)
        parts[i] = input_line(&in);
    web.people = how & 1 ? &people : NULL;
    web.tls = how & 2;
    struct web_request r = { .method = parts[0],
                             .path = parts[1],
                             .hosts = how & 4 ? 2 : 1,
                             .host = or_null(parts[2]),
                             .origin = or_null(parts[3]),
                             .cookie = or_null(parts[4]),
                             .content_type = or_null(parts[5]),
                             .from_here = how & 8,
                             .body_bytes =
                                 in.left < WEB_BODY_MAX_BYTES ? in.left : WEB_BODY_MAX_BYTES };
    body = must_alloc(r.body_bytes + 1);
    memcpy(body, in.at, r.body_bytes);
    body[r.body_bytes] = '\0';
    r.body = body;
    try(&r);
    free(body);
    for (size_t i = 0; i < 6; i++)
        free(parts[i]);
    return 0;
}
