/* Who answers which path: one row each. openapi.json tells of them; a test holds it to that. */
#include "station/web/web_priv.h"

#include <string.h>

#define API "/api/v1/"

const struct web_route web_routes[] = {
    { "GET", API "events", false, false, web_get_events },
    { "GET", API "tiles", false, false, web_get_tiles },
    { "GET", API "summary", false, false, web_get_summary },
    { "GET", API "log", false, false, web_get_log },
    { "GET", API "lot", true, false, web_get_lot },
    { "GET", API "boards/", true, false, web_get_board },
    { "GET", API "doctor", true, false, web_get_doctor },
    { "GET", API "page", false, true, web_get_page },
    { "GET", API "words/", false, true, web_get_words },
    { "POST", API "acts", true, false, web_post_act },
    { "POST", API "login", true, true, web_post_login },
    { "POST", API "logout", false, true, web_post_logout },
};
const size_t web_route_count = sizeof web_routes / sizeof web_routes[0];

const char *web_rest(const struct web_route *route, const struct web_request *r)
{
    return r->path + strlen(route->path);
}

static bool is_path(const struct web_route *route, const char *path)
{
    const size_t n = strlen(route->path);
    if (route->path[n - 1] != '/')
        return strcmp(route->path, path) == 0;
    return strncmp(route->path, path, n) == 0 && path[n] && !strchr(path + n, '/');
}

static bool is_method(const struct web_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Looking from the station itself is free: its own screen has no keyboard. */
static bool may(struct web *w, const struct web_route *route, const struct web_request *r)
{
    struct actor actor;
    const bool looks = strcmp(route->method, "GET") == 0;
    return !w->people || route->open || (looks && r->from_here) || web_who(w, r->cookie, &actor);
}

static const struct web_route *found(struct web *w, const struct web_route *route,
                                     const struct web_request *r, struct web_reply *reply)
{
    struct err e = { 0 };
    if (!is_method(route, r->method)) {
        web_refuse_as(reply, 405, ERR_USAGE, "There is no such method here");
        reply->allow = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : "POST";
        return NULL;
    }
    if (may(w, route, r))
        return route;
    err_set(&e, ERR_USAGE, "Nobody is logged in");
    err_hint(&e, "Log in with name and PIN, or with a badge.");
    web_refuse(reply, 401, &e);
    return NULL;
}

const struct web_route *web_find_route(struct web *w, const struct web_request *r,
                                       struct web_reply *reply)
{
    static const struct web_route file = { "GET", "/", false, true, NULL };
    if (!web_gate(w, r, reply))
        return NULL;
    for (size_t i = 0; i < web_route_count; i++) {
        if (is_path(&web_routes[i], r->path))
            return found(w, &web_routes[i], r, reply);
    }
    if (!web_get_file(r, reply)) {
        web_refuse_as(reply, 404, ERR_USAGE, "There is nothing of this name");
        return NULL;
    }
    if (!is_method(&file, r->method))
        found(w, &file, r, reply);
    return NULL;
}
