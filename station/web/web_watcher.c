/* The screen in a browser, as the station file wants it. */
#include "station/web/web.h"

#include <stdio.h>
#include <string.h>

/* Nobody has asked for the place that is taken, by another station for instance: the boards matter
 * more. */
static bool is_bearable(const struct station *station, struct err *e)
{
    if (station->at[STATION_KEY_SCREEN_LISTEN].line > 0 || e->code != ERR_STATION)
        return false;
    fprintf(stderr, "espstation: there is no screen in the browser: %s. %s\n", e->what, e->hint);
    *e = (struct err){ 0 };
    return true;
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    static const char *const languages[] = {
        [SCREEN_ANY] = NULL, [SCREEN_EN] = "en", [SCREEN_ZH] = "zh-Hans",
        [SCREEN_ES] = "es",  [SCREEN_VI] = "vi", [SCREEN_DE] = "de",
    };
    const struct station_screen *screen = &station->screen;
    const struct web_setup setup = { .floor = f,
                                     .listen = screen->listen,
                                     .host = screen->host,
                                     .language = languages[screen->language],
                                     .blue_for_green = screen->palette == SCREEN_BLUE,
                                     .silent = screen->sound == SCREEN_SILENCE,
                                     .certificate = screen->certificate_path,
                                     .key = screen->key_path };
    *state = NULL;
    if (strcmp(screen->listen, "none") == 0)
        return true;
    struct web *web = web_new(&setup, e);
    *state = web;
    if (web)
        fprintf(stderr, "espstation: the line is shown at %s\n", web_url(web));
    return web || is_bearable(station, e);
}

static void end(void *state)
{
    web_free(state);
}

const struct watcher web_watcher = { "screen", start, end };
