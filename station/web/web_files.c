/* The page's own files, built in, and the words it shows. */
#include "station/web/web_priv.h"

#include "core/base/embedded.h"
#include "station/words/words.h"

#include <stdio.h>
#include <string.h>

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".json", "application/json" },
        { ".svg", "image/svg+xml" },
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].ending, dot) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* The description of the interface has its place beside what it describes. */
static const char *name_of(const char *path)
{
    if (strcmp(path, "/") == 0)
        return "index.html";
    if (strcmp(path, "/api/v1/openapi.json") == 0)
        return "openapi.json";
    return strcmp(path, "/openapi.json") == 0 ? "" : path + 1;
}

bool web_get_file(const struct web_request *r, struct web_reply *reply)
{
    if (r->path[0] != '/')
        return false;
    const char *name = name_of(r->path);
    for (size_t i = 0; i < web_files_count; i++) {
        const struct embedded_file *file = &web_files[i];
        if (strcmp(file->name, name) != 0)
            continue;
        reply->status = 200;
        reply->type = type_of(name);
        reply->lent = (const char *)file->bytes;
        reply->lent_bytes = file->size_bytes;
        reply->tagged = true;
        return true;
    }
    return false;
}

void web_get_words(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    const char *code = r->path + strlen("/api/v1/words/");
    enum language language;
    (void)w;
    if (!language_of(code, &language)) {
        web_refuse_as(reply, 404, ERR_USAGE, "There are no words in this language");
        return;
    }
    struct json_object o = web_text_json(&reply->text);
    json_open(&o, NULL, '{');
    json_text(&o, "code", language_code(language));
    json_open(&o, "words", '{');
    for (size_t i = 0; i < WORD_COUNT; i++)
        json_text(&o, word_key((enum word)i), word_in(language, (enum word)i));
    json_close(&o, '}');
    json_close(&o, '}');
    reply->status = 200;
    reply->tagged = true;
}

static const char *word_of_role(enum role role)
{
    static const char *const words[] = { "nobody", "operator", "engineer", "auditor" };
    return (size_t)role < sizeof words / sizeof words[0] ? words[role] : words[0];
}

static void put_languages(struct json_object *o)
{
    json_open(o, "languages", '[');
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        json_open(o, NULL, '{');
        json_text(o, "code", language_code((enum language)i));
        json_text(o, "name", language_name((enum language)i));
        json_close(o, '}');
    }
    json_close(o, ']');
}

void web_get_page(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    struct actor actor = { 0 };
    const bool known = web_who(w, r->cookie, &actor);
    struct json_object o = web_text_json(&reply->text);
    json_open(&o, NULL, '{');
    json_text(&o, "build", w->build);
    json_text(&o, "version", ESPSTATION_VERSION);
    json_text(&o, "language", w->language[0] ? w->language : NULL);
    put_languages(&o);
    json_text(&o, "palette", w->blue_for_green ? "blue" : "green");
    json_bool(&o, "sound", !w->silent);
    json_bool(&o, "people", w->people != NULL);
    json_bool(&o, "must_log_in", w->people && !known && !r->from_here);
    json_text(&o, "name", known ? actor.name : NULL);
    json_text(&o, "role", known ? word_of_role(actor.role) : NULL);
    json_close(&o, '}');
    reply->status = 200;
}
