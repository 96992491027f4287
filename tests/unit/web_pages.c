/* The screen in the browser, without a connection: who is let in, what is told, and that what is
 * written about it (openapi.json, words) is what it does. The floor is made up. */
#include "station/web/web_priv.h"

#include "core/base/embedded.h"
#include "core/base/json_tree.h"
#include "station/floor/tile_json.h"
#include "station/words/words.h"
#include "tests/lib/test.h"
#include "tests/tools/fake_floor.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static struct web web;

static bool log_in(void *ctx, const char *name, const char *secret, struct actor *actor,
                   struct err *e)
{
    (void)ctx;
    if (strcmp(secret, "1234") != 0)
        return err_set(e, ERR_USAGE, "Name or PIN is wrong");
    *actor = (struct actor){ .role = ROLE_OPERATOR };
    snprintf(actor->name, sizeof actor->name, "%s", name);
    return true;
}
static bool eve_is_gone;
static bool find(void *ctx, const char *name, struct actor *actor)
{
    (void)ctx;
    (void)name;
    actor->role = ROLE_ENGINEER;
    return !eve_is_gone;
}
static const struct web_people people = { NULL, log_in, find };

static int set_up(void **state)
{
    const struct fake_floor_setup setup = { 8, 4, NULL };
    struct sockaddr_in *address = (struct sockaddr_in *)&web.address;
    (void)state;
    memset(&web, 0, sizeof web);
    pthread_mutex_init(&web.lock, NULL);
    pthread_mutex_init(&web.sessions.lock, NULL);
    *address = (struct sockaddr_in){ .sin_family = AF_INET };
    inet_pton(AF_INET, "192.0.2.7", &address->sin_addr);
    web.port = 8480;
    web.floor = fake_floor_new(&setup);
    web.scene = web_scene_new();
    snprintf(web.host, sizeof web.host, "line3.factory");
    return web.floor && web.scene ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    web_scene_free(web.scene);
    fake_floor_free(web.floor);
    return 0;
}

static struct web_request request(const char *method, const char *path)
{
    return (struct web_request){ .method = method,
                                 .path = path,
                                 .hosts = 1,
                                 .host = "192.0.2.7:8480",
                                 .content_type = "application/json",
                                 .body = "" };
}

/* The status, and what was said if `text` is not NULL (to free). */
static unsigned ask(const struct web_request *r, char **text)
{
    struct web_reply reply = { 0 };
    const struct web_route *route = web_find_route(&web, r, &reply);
    if (route)
        route->answer(&web, r, &reply);
    assert_false(reply.text.failed);
    if (text)
        *text = strndup(reply.text.bytes ? reply.text.bytes : "", reply.text.n);
    if (reply.status >= 400)
        assert_non_null(reply.text.bytes);
    web_reply_done(&reply);
    return reply.status;
}

/* ---- Who is let in ---- */

static void only_our_own_names_are_answered(void **state)
{
    static const char *const ours[] = {
        "192.0.2.7:8480", "localhost:8480",     "127.0.0.1:8480",
        "[::1]:8480",     "line3.factory:8480", "LINE3.factory:8480"
    };
    static const char *const foreign[] = { "evil.example:8480",
                                           "192.0.2.7",
                                           "192.0.2.7:80",
                                           "192.0.2.7:84800",
                                           "192.0.2.70:8480",
                                           "",
                                           "line3.factory.evil.example:8480",
                                           ":8480" };
    (void)state;
    struct web_request r = request("GET", "/api/v1/tiles");
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        r.host = ours[i];
        assert_int_equal(ask(&r, NULL), 200);
    }
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        r.host = foreign[i];
        assert_int_equal(ask(&r, NULL), 421);
    }
    r.host = ours[0];
    r.hosts = 2;
    assert_int_equal(ask(&r, NULL), 421);
    r.hosts = 0;
    r.host = NULL;
    assert_int_equal(ask(&r, NULL), 421);
}

static void pages_of_others_cannot_act_or_look(void **state)
{
    (void)state;
    struct web_request r = request("POST", "/api/v1/acts");
    r.body = "{\"act\":\"stop\"}";
    r.body_bytes = strlen(r.body);
    r.origin = "http://192.0.2.7:8480";
    assert_int_equal(ask(&r, NULL), 200);
    static const char *const foreign[] = { "http://evil.example", "null", "https://192.0.2.7:8480",
                                           "http://192.0.2.7:8481", "" };
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        r.origin = foreign[i];
        assert_int_equal(ask(&r, NULL), 403);
    }
    r.origin = NULL;
    r.fetch_site = "cross-site";
    assert_int_equal(ask(&r, NULL), 403);
    r.fetch_site = "same-origin";
    r.content_type = "text/plain";
    assert_int_equal(ask(&r, NULL), 415);
    r.content_type = NULL;
    assert_int_equal(ask(&r, NULL), 415);
    char line[200];
    assert_int_equal(fake_floor_acts(web.floor, line, sizeof line), 1);
}

static void other_methods_and_names_are_refused(void **state)
{
    (void)state;
    struct web_request r = request("FOO", "/api/v1/tiles");
    assert_int_equal(ask(&r, NULL), 405);
    r.method = "POST";
    assert_int_equal(ask(&r, NULL), 405);
    r = request("GET", "/api/v1/acts");
    assert_int_equal(ask(&r, NULL), 405);
    r = request("DELETE", "/");
    assert_int_equal(ask(&r, NULL), 405);
    static const char *const none[] = {
        "/api/v1/", "/api/v1/words/", "/api/v1/words/de/x", "/x",         "",
        "x",        "/../etc/passwd", "/openapi.json",      "//style.css"
    };
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        r = request("GET", none[i]);
        assert_int_equal(ask(&r, NULL), 404);
    }
    r = request("HEAD", "/api/v1/tiles");
    assert_int_equal(ask(&r, NULL), 200);
}

static void a_session_is_asked_for_beyond_this_computer(void **state)
{
    (void)state;
    web.people = &people;
    struct web_request r = request("GET", "/api/v1/tiles");
    assert_int_equal(ask(&r, NULL), 401);
    r.from_here = true;
    assert_int_equal(ask(&r, NULL), 200);
    r = request("POST", "/api/v1/acts");
    r.from_here = true;
    assert_int_equal(ask(&r, NULL), 401);
    static const char *const open[] = { "/", "/api/v1/page", "/api/v1/words/de" };
    for (size_t i = 0; i < COUNT_OF(open); i++) {
        r = request("GET", open[i]);
        assert_int_equal(ask(&r, NULL), 200);
    }
}

static void say(struct web_request *r, const char *body)
{
    r->body = body;
    r->body_bytes = strlen(body);
}

static void who_logs_in_acts_under_that_name(void **state)
{
    char line[200], token[100];
    struct web_reply reply = { 0 };
    (void)state;
    web.people = &people;
    struct web_request r = request("POST", "/api/v1/login");
    say(&r, "{\"name\":\"Eve\",\"secret\":\"4321\"}");
    assert_int_equal(ask(&r, NULL), 403);
    say(&r, "{\"name\":\"Eve\"}");
    assert_int_equal(ask(&r, NULL), 400);
    say(&r, "{\"name\":\"Eve\",\"secret\":\"1234\"}");
    web_post_login(&web, &r, &reply);
    assert_int_equal(reply.status, 200);
    assert_has(reply.cookie, "HttpOnly");
    assert_has(reply.cookie, "SameSite=Strict");
    snprintf(token, sizeof token, "a=b; %.*s", (int)strcspn(reply.cookie, ";"), reply.cookie);
    web_reply_done(&reply);

    r = request("POST", "/api/v1/acts");
    r.cookie = token;
    say(&r, "{\"act\":\"stop\",\"name\":\"Ann\"}");
    assert_int_equal(ask(&r, NULL), 200);
    fake_floor_acts(web.floor, line, sizeof line);
    assert_string_equal(line, "stop 0 Eve engineer - -"); /* what she may today */
    eve_is_gone = true;
    assert_int_equal(ask(&r, NULL), 401);
    eve_is_gone = false;
    assert_int_equal(ask(&r, NULL), 200);
    r = request("POST", "/api/v1/logout");
    r.cookie = token;
    assert_int_equal(ask(&r, NULL), 200);
    r = request("GET", "/api/v1/tiles");
    r.cookie = token;
    assert_int_equal(ask(&r, NULL), 401);
}

static void too_many_wrong_log_ins_are_not_tried(void **state)
{
    (void)state;
    web.people = &people;
    struct web_request r = request("POST", "/api/v1/login");
    say(&r, "{\"name\":\"Eve\",\"secret\":\"4321\"}");
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(ask(&r, NULL), 403);
    say(&r, "{\"name\":\"Eve\",\"secret\":\"1234\"}");
    assert_int_equal(ask(&r, NULL), 429);
}

static void nobody_listens_beyond_this_computer_without_tls_and_people(void **state)
{
    struct err e = { 0 };
    struct web_setup setup = { .listen = "0.0.0.0:8480" };
    (void)state;
    assert_code(web_may_listen(&setup, &e), &e, ERR_USAGE);
    assert_has(e.what, "no TLS");
    setup.people = &people;
    assert_false(web_may_listen(&setup, &e));
    setup.people = NULL;
    setup.certificate = "cert.pem";
    assert_false(web_may_listen(&setup, &e));
    assert_has(e.what, "only one of them");
    setup.key = "key.pem";
    assert_false(web_may_listen(&setup, &e));
    assert_has(e.what, "nobody can log in");
    setup.people = &people;
    assert_true(web_may_listen(&setup, &e));
    setup = (struct web_setup){ .listen = NULL };
    assert_true(web_may_listen(&setup, &e));
    static const char *const none[] = {
        "8480",     "localhost:8480", "127.0.0.1:", "127.0.0.1:x",           "127.0.0.1:65536",
        "::1:8480", "[::1:8480",      ":8480",      "127.0.0.1:99999999999", "[127.0.0.1]:80x"
    };
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        setup.listen = none[i];
        assert_code(web_may_listen(&setup, &e), &e, ERR_USAGE);
    }
}

/* ---- Acts ---- */

static void an_act_reaches_the_floor_or_says_why_not(void **state)
{
    char line[200], *text;
    (void)state;
    fake_floor_scene(web.floor, "all");
    struct web_request r = request("POST", "/api/v1/acts");
    say(&r, "{\"act\":\"retry\",\"slot\":2,\"name\":\"Eve\",\"reason\":\"seal broken\"}");
    assert_int_equal(ask(&r, NULL), 200);
    fake_floor_acts(web.floor, line, sizeof line);
    assert_string_equal(line, "retry 2 Eve engineer - seal broken");
    say(&r, "{\"act\":\"retry\",\"slot\":1,\"name\":\"Eve\"}");
    assert_int_equal(ask(&r, &text), 409);
    assert_has(text, "no failed board");
    free(text);
    static const char *const wrong[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"act\":\"jump\"}",
        "{\"act\":[\"stop\"]}",
        "{\"act\":\"stop\",\"slot\":-1}",
        "{\"act\":\"stop\",\"slot\":\"x\"}",
        "{\"act\":\"stop\",\"slot\":99999999999999999999}",
        "{\"act\":\"stop\",\"slot\":1.5}",
        "{\"act\":\"stop\",\"name\":\"\\u001b[2J\"}",
        ("{\"act\":\"stop\",\"name\":\"01234567890123456789012345678901234567890123456789"
         "012345678901234567\"}"),
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        say(&r, wrong[i]);
        assert_int_equal(ask(&r, NULL), 400);
    }
}

/* ---- What is told ---- */

static void a_reader_gets_what_is_newer_than_what_it_has(void **state)
{
    struct web_scene *s = web.scene;
    struct web_text text = { 0 };
    struct tile tile = { .number = 1, .name = "A1", .state = TILE_WORKING, .changes = 1 };
    (void)state;
    web_scene_count(s, 2);
    web_scene_tile(s, 0, &tile, true);
    const uint64_t first = web_scene_version(s);
    web_scene_since(s, first, &text);
    assert_int_equal(text.n, 0);
    web_scene_tile(s, 0, &tile, true);
    assert_int_equal(web_scene_version(s), first);
    tile.bytes_total = 1000;
    tile.bytes_done = 500;
    web_scene_tile(s, 0, &tile, false);
    assert_int_equal(web_scene_version(s), first);
    web_scene_tile(s, 0, &tile, true);
    web_scene_since(s, first, &text);
    web_text_put(&text, "", 1);
    assert_string_equal(text.bytes, "\"progress\":[[1,500,0.000]]");
    web_text_done(&text);
    tile.changes++;
    tile.state = TILE_PASS;
    web_scene_tile(s, 0, &tile, false);
    web_scene_since(s, first, &text);
    web_text_put(&text, "", 1);
    assert_has(text.bytes, "\"tiles\":[{\"slot\":1,");
    assert_null(strstr(text.bytes, "progress"));
    web_text_done(&text);
}

static void the_log_keeps_the_latest_events(void **state)
{
    struct web_text text = { 0 };
    struct event event = { .kind = EVENT_NOTE, .slot = 1 };
    (void)state;
    for (int i = 0; i < WEB_LOG_MAX + 5; i++) {
        event.run_id = i + 1;
        web_scene_event(web.scene, &event);
    }
    web_scene_put_log(web.scene, &text);
    web_text_put(&text, "", 1);
    assert_null(strstr(text.bytes, "\"run\":5,"));
    assert_has(text.bytes, "\"run\":6,");
    assert_has(text.bytes, "\"run\":1005,");
    web_text_done(&text);
    web_scene_since(web.scene, 0, &text); /* a page that begins asks for it */
    web_text_put(&text, "", 1);
    assert_null(strstr(text.bytes, "\"log\""));
    web_text_done(&text);
}

/* ---- What is written about it ---- */

static bool has_word(const char *key)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strcmp(word_key((enum word)i), key) == 0)
            return true;
    }
    return false;
}

static void each_state_and_each_cause_has_its_word(void **state)
{
    char key[64];
    (void)state;
    for (unsigned i = 0; i < TILE_STATE_COUNT; i++)
        assert_true(has_word(tile_state_word((enum tile_state)i)));
    for (unsigned i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++) {
        snprintf(key, sizeof key, "cause-%s", err_word((enum err_code)i));
        if (!has_word(key))
            fail_msg("there is no word '%s'", key);
    }
}

static const struct embedded_file *file(const char *name)
{
    for (size_t i = 0; i < web_files_count; i++) {
        if (strcmp(web_files[i].name, name) == 0)
            return &web_files[i];
    }
    fail_msg("there is no file '%s'", name);
    return NULL;
}

/* "/api/v1/boards/" for "/api/v1/boards/{mac}". */
static bool is_same_path(const char *described, const char *path)
{
    const size_t n = strcspn(described, "{");
    return strlen(path) == n && strncmp(described, path, n) == 0;
}

static void the_description_names_each_path_and_no_other(void **state)
{
    const struct embedded_file *f = file("openapi.json");
    struct json_problem problem = { 0 };
    struct json_node *root = json_tree_parse((const char *)f->bytes, f->size_bytes, &problem);
    size_t described = 0;
    (void)state;
    assert_non_null(root);
    for (const struct json_node *n = json_get(root, "paths")->first; n; n = n->next) {
        bool found = false;
        described++;
        for (size_t i = 0; i < web_route_count && !found; i++)
            found = is_same_path(n->key, web_routes[i].path) &&
                    json_get(n, strcmp(web_routes[i].method, "GET") == 0 ? "get" : "post");
        if (!found)
            fail_msg("openapi.json describes %s, and nobody answers it", n->key);
    }
    assert_int_equal(described, web_route_count);
    json_tree_free(root);
}

/* A page may not ask for a word that is not there. */
static void each_word_that_a_page_says_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_count; i++) {
        const char *text = (const char *)web_files[i].bytes;
        for (const char *at = text; (at = strstr(at, "say(\"")); at++) {
            char key[64];
            snprintf(key, sizeof key, "%.*s", (int)strcspn(at + 5, "\""), at + 5);
            if (!has_word(key))
                fail_msg("%s says '%s', which is no word", web_files[i].name, key);
        }
    }
}

static void nothing_in_a_page_comes_from_elsewhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < web_files_count; i++) {
        const char *name = web_files[i].name, *text = (const char *)web_files[i].bytes;
        if (strstr(name, ".svg") || strstr(name, ".json"))
            continue;
        const char *at = strstr(text, "://");
        while (at && strncmp(at, "://www.w3.org/", 14) == 0)
            at = strstr(at + 1, "://");
        if (at)
            fail_msg("%s names a place elsewhere: %.60s", name, at);
        assert_null(strstr(text, "innerHTML"));
        assert_null(strstr(text, "style=\""));
    }
}

int main(void)
{
#define WITH_FLOOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FLOOR(only_our_own_names_are_answered),
        WITH_FLOOR(pages_of_others_cannot_act_or_look),
        WITH_FLOOR(other_methods_and_names_are_refused),
        WITH_FLOOR(a_session_is_asked_for_beyond_this_computer),
        WITH_FLOOR(who_logs_in_acts_under_that_name),
        WITH_FLOOR(too_many_wrong_log_ins_are_not_tried),
        WITH_FLOOR(an_act_reaches_the_floor_or_says_why_not),
        WITH_FLOOR(a_reader_gets_what_is_newer_than_what_it_has),
        WITH_FLOOR(the_log_keeps_the_latest_events),
        cmocka_unit_test(nobody_listens_beyond_this_computer_without_tls_and_people),
        cmocka_unit_test(each_state_and_each_cause_has_its_word),
        cmocka_unit_test(the_description_names_each_path_and_no_other),
        cmocka_unit_test(each_word_that_a_page_says_is_there),
        cmocka_unit_test(nothing_in_a_page_comes_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
