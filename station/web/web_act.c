/* What people do on a page: one act, as JSON, judged by the floor. */
#include "station/web/web_priv.h"

#include "core/base/json_tree.h"
#include "core/base/plain.h"
#include "station/floor/act_word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A slot that is spelt wrong would be an act for all of them. */
static bool knows_members(const struct json_node *said, struct err *e)
{
    static const char *const members[] = { "act", "slot", "name", "text", "reason" };
    for (const struct json_node *node = said->first; node; node = node->next) {
        size_t i = 0;
        while (i < sizeof members / sizeof members[0] && strcmp(members[i], node->key) != 0)
            i++;
        if (i < sizeof members / sizeof members[0])
            continue;
        err_set(e, ERR_USAGE, "An act has no member \"%.40s\"", node->key);
        return err_hint(e, "Members are act, slot, name, text and reason.");
    }
    return true;
}

static bool read_slot(const struct json_node *said, struct act *act, struct err *e)
{
    const char *text = json_get_text(said, "slot");
    char *end = NULL;
    if (!text)
        return true;
    const long slot = strtol(text, &end, 10);
    if (end == text || *end || slot < 0 || slot > WEB_TILES_MAX)
        return err_set(e, ERR_USAGE, "There is no slot '%.20s'", text);
    act->slot = (int)slot;
    return true;
}

static bool is_fit(const char *name, const char *text, struct err *e)
{
    if (!text || (strlen(text) <= 512 && plain_is(text)))
        return true;
    return err_set(e, ERR_USAGE, "\"%s\" is too long, or holds control characters", name);
}

/* Without people a name is taken as it is typed, as an engineer's: whoever sits here has the
 * command line as well. */
static bool read_actor(struct web *w, const struct web_request *r, const struct json_node *said,
                       struct act *act, struct err *e)
{
    const char *name = json_get_text(said, "name");
    if (w->people)
        return web_who(w, r->cookie, &act->actor) || err_set(e, ERR_USAGE, "Nobody is logged in");
    act->actor.role = ROLE_ENGINEER;
    if (!is_fit("name", name, e))
        return false;
    if (name && strlen(name) >= sizeof act->actor.name)
        return err_set(e, ERR_USAGE, "The name is longer than %zu bytes",
                       sizeof act->actor.name - 1);
    if (name)
        snprintf(act->actor.name, sizeof act->actor.name, "%s", name);
    return true;
}

static bool read_act(struct web *w, const struct web_request *r, const struct json_node *said,
                     struct act *act, struct err *e)
{
    act->text = json_get_text(said, "text");
    act->reason = json_get_text(said, "reason");
    return knows_members(said, e) && act_by_word(json_get_text(said, "act"), &act->kind, e) &&
           read_slot(said, act, e) && is_fit("text", act->text, e) &&
           is_fit("reason", act->reason, e) && read_actor(w, r, said, act, e);
}

static unsigned status_of(const struct err *e)
{
    if (e->code == ERR_DATABASE)
        return 503;
    return e->code == ERR_STATION ? 500 : 409;
}

void web_post_act(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    struct json_problem problem = { 0 };
    struct err e = { 0 };
    struct act act = { 0 };
    struct json_node *said = json_tree_parse(r->body, r->body_bytes, &problem);
    if (!said) {
        web_refuse_as(reply, 400, ERR_USAGE, "What is sent is no JSON object");
    } else if (!read_act(w, r, said, &act, &e)) {
        web_refuse(reply, 400, &e);
    } else if (!floor_act(w->floor, &act, &e)) {
        web_refuse(reply, status_of(&e), &e);
    } else {
        web_text_say(&reply->text, "{\"done\":true}");
        reply->status = 200;
    }
    json_tree_free(said);
}
