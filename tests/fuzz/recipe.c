/* A recipe is read, or refused with mistakes that have a place; nothing else may happen. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/facts/chip.h"
#include "core/loader/reset.h"
#include "recipes/recipe.h"

#include <stdlib.h>
#include <string.h>

/* What the rest of the program takes for granted about a recipe that was read. */
static void must_be_whole(const struct recipe *r, const uint8_t *bytes, size_t n)
{
    must(r->text_bytes == n && (n == 0 || memcmp(r->text, bytes, n) == 0) && r->text[n] == '\0',
         "the text is kept as it was");
    must(r->name && r->name[0] && r->version && r->chip, "a recipe has a name and a chip");
    must(r->image_count >= 1 && r->image_count <= RECIPE_IMAGES_MAX, "there are 1 to 64 images");
    for (size_t i = 0; i < r->image_count; i++)
        must(r->images[i].file && r->images[i].file[0] && r->images[i].path &&
                 r->images[i].offset_bytes <= 0x7FFFFFFF,
             "an image has a file and an offset");
    must(r->port.fallback_count <= RECIPE_FALLBACKS_MAX &&
             r->boot.reject_count <= RECIPE_REJECTS_MAX,
         "lists have their limits");
    uint32_t above = r->port.baud;
    for (size_t i = 0; i < r->port.fallback_count; i++) {
        must(r->port.fallback_baud[i] < above && r->port.fallback_baud[i] > 0, "rates fall");
        above = r->port.fallback_baud[i];
    }
    if (r->port.reset == RECIPE_RESET_CUSTOM) {
        struct reset_sequence sequence;
        struct err e = { 0 };
        must(reset_parse(r->port.reset_text, &sequence, &e), "a custom reset can be run");
    }
}

static void must_have_places(const struct doc_report *report)
{
    char line[1024];
    must(report->kept <= DOC_MISTAKES_MAX && report->kept <= report->total, "mistakes are counted");
    for (size_t i = 0; i < report->kept; i++) {
        const struct doc_mistake *m = &report->mistakes[i];
        must(m->at.line >= 1 && m->at.column >= 1 && m->sentence[0], "each mistake has a place");
        must(doc_mistake_text("r.yaml", m, line, sizeof line)[0] != '\0', "...and can be shown");
        for (const char *p = line; *p; p++)
            must((unsigned char)*p >= 0x20 && *p != 0x7F, "no mistake garbles the screen");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct doc_report report;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    bool ok = recipe_parse("r.yaml", (const char *)bytes, n, NULL, &recipe, &report, &e);
    must_tell(ok, &e);
    must(ok == (recipe != NULL) && ok == (report.total == 0), "a recipe has no mistakes");
    must(ok || e.code == ERR_RECIPE, "what is wrong with a recipe is its own");
    if (ok)
        must_be_whole(recipe, bytes, n);
    must_have_places(&report);
    recipe_free(recipe);
    return 0;
}
