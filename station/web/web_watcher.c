/* The screen in a browser, as the station file wants it, and whoever may log in there. */
#include "station/web/web.h"

#include "core/base/clock.h"
#include "station/people/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct screen {
    struct web_people who;
    struct web *web;
};

static bool log_in(void *ctx, const char *name, const char *secret, struct actor *actor,
                   struct err *e)
{
    return name[0] != '\0' ? people_log_in(ctx, name, secret, actor, e)
                           : people_log_in_badge(ctx, secret, actor, e);
}

static bool find(void *ctx, const char *name, struct actor *actor)
{
    return people_find(ctx, name, actor);
}

static void end(void *state)
{
    struct screen *const s = state;
    web_free(s->web);
    free(s);
}

/* Nobody has asked for the place that is taken, by another station for instance: the boards matter
 * more. */
static bool is_bearable(const struct station *station, struct err *e)
{
    if (station->at[STATION_KEY_SCREEN_LISTEN].line > 0 || e->code != ERR_STATION)
        return false;
    fprintf(stderr, "espstation: there is no screen in the browser: %s%s %s\n", e->what,
            err_stop(e->what), e->hint);
    *e = (struct err){ 0 };
    return true;
}

static struct web_setup setup_of(const struct station *station, const struct web_people *people)
{
    static const char *const languages[] = {
        [SCREEN_ANY] = NULL, [SCREEN_EN] = "en", [SCREEN_ZH] = "zh-Hans",
        [SCREEN_ES] = "es",  [SCREEN_VI] = "vi", [SCREEN_DE] = "de",
    };
    const struct station_screen *const screen = &station->screen;
    return (struct web_setup){ .listen = screen->listen,
                               .host = screen->host,
                               .language = languages[screen->language],
                               .blue_for_green = screen->palette == SCREEN_BLUE,
                               .silent = screen->sound == SCREEN_SILENCE,
                               .certificate = screen->certificate_path,
                               .key = screen->key_path,
                               .people = people->ctx ? people : NULL };
}

static struct web *open_web(struct screen *s, struct floor *f, const struct station *station,
                            struct err *e)
{
    struct web_setup setup = setup_of(station, &s->who);
    setup.floor = f;
    return web_new(&setup, e);
}

static bool is_wanted(const struct station *station)
{
    return strcmp(station->screen.listen, "none") != 0;
}

bool web_judge(const struct station *station, struct people *people, struct err *e)
{
    const struct web_people who = { .ctx = people, .log_in = log_in, .find = find };
    const struct web_setup setup = setup_of(station, &who);
    return !is_wanted(station) || (web_may_listen(&setup, e) && web_has_pem(&setup, e));
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!is_wanted(station))
        return true;
    struct screen *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_STATION, "Out of memory for the screen");
    s->who = (struct web_people){ .ctx = floor_people(f), .log_in = log_in, .find = find };
    s->web = open_web(s, f, station, e);
    if (s->web) {
        fprintf(stderr, "espstation: the line is shown at %s\n", web_url(s->web));
        *state = s;
        return true;
    }
    end(s);
    return is_bearable(station, e);
}

const struct watcher web_watcher = { "screen", start, end };
