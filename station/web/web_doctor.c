/* Is this machine ready? What `espstation doctor` says, for a page. The worker's thread. */
#include "station/web/web_priv.h"

#include "station/doctor/doctor.h"

static void on_line(void *ctx, const struct doctor_line *line)
{
    struct json_object *o = ctx;
    json_open(o, NULL, '{');
    json_text(o, "check", line->check);
    json_text(o, "grade", doctor_grade_word(line->grade));
    json_text(o, "sentence", line->sentence);
    json_text(o, "cure", line->cure[0] ? line->cure : NULL);
    json_close(o, '}');
}

void web_get_doctor(struct web *w, const struct web_request *r, struct web_reply *reply)
{
    static struct doctor_world world; /* the worker's alone */
    struct json_object o = web_text_json(&reply->text);
    const struct doctor_sink sink = { &o, on_line };
    (void)r;
    doctor_look(&world, w->db_path[0] ? w->db_path : "espstation.db");
    json_open(&o, NULL, '{');
    json_open(&o, "lines", '[');
    const enum doctor_grade worst = doctor_examine(&world, &sink);
    json_close(&o, ']');
    json_text(&o, "worst", doctor_grade_word(worst));
    json_close(&o, '}');
    reply->status = 200;
}
