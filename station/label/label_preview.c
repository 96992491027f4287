#include "station/label/label_preview.h"

#include "recipes/label/label_code.h"
#include "station/base/outfile.h"

#include <cairo.h>
#include <stdlib.h>
#include <string.h>

#define FONT       "DejaVu Sans Condensed"
#define CAPITAL    0.74 /* of ^A0's height, as renderers of ZPL draw font 0 */
#define TEXT_SHARE 0.95 /* of the room that is reckoned for a text */

/* ---- Fields ---- */

/* Stretched to the room that is reckoned for it, whatever font there is. */
static bool draw_text(cairo_t *c, const struct label_field *f, const char *data, struct err *e)
{
    struct label_extent room;
    cairo_text_extents_t text, capital;
    if (!label_extent(f, data, &room, e))
        return false;
    cairo_save(c);
    cairo_select_font_face(c, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(c, f->height);
    cairo_text_extents(c, data, &text);
    cairo_text_extents(c, "H", &capital);
    if (text.x_advance > 0 && capital.height > 0) {
        cairo_translate(c, f->x, f->y + CAPITAL * f->height);
        cairo_scale(c, (room.right - room.left) * TEXT_SHARE / text.x_advance,
                    CAPITAL * f->height / capital.height);
        cairo_move_to(c, 0, 0);
        cairo_show_text(c, data);
    }
    cairo_restore(c);
    return true;
}

static void draw_text_below(cairo_t *c, const struct label_field *f, const char *data, double width)
{
    cairo_text_extents_t text;
    cairo_save(c);
    cairo_select_font_face(c, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, 11 * f->module);
    cairo_text_extents(c, data, &text);
    cairo_move_to(c, f->x + (width - text.x_advance) / 2, f->y + f->height + 10 * f->module);
    cairo_show_text(c, data);
    cairo_restore(c);
}

static bool draw_code(cairo_t *c, const struct label_field *f, const char *data, struct err *e)
{
    struct label_code *const code = malloc(sizeof *code);
    if (!code)
        return err_set(e, ERR_STATION, "Out of memory for a code");
    const bool ok = label_code_make(f, data, code, e);
    const unsigned row_height = f->kind == LABEL_CODE128 ? f->height : f->module;
    for (unsigned y = 0; ok && y < code->rows; y++) {
        for (unsigned x = 0; x < code->columns; x++) {
            if (label_code_is_dark(code, y, x))
                cairo_rectangle(c, f->x + x * f->module, f->y + f->drop + y * row_height, f->module,
                                row_height);
        }
    }
    cairo_fill(c);
    if (ok && f->shows_text)
        draw_text_below(c, f, data, code->columns * f->module);
    free(code);
    return ok;
}

static void draw_box(cairo_t *c, const struct label_field *f)
{
    const double line = f->thickness;
    cairo_set_fill_rule(c, CAIRO_FILL_RULE_EVEN_ODD);
    cairo_rectangle(c, f->x, f->y, f->width, f->height);
    if (f->width > 2 * f->thickness && f->height > 2 * f->thickness)
        cairo_rectangle(c, f->x + line, f->y + line, f->width - 2 * line, f->height - 2 * line);
    cairo_fill(c);
}

static bool draw(cairo_t *c, const struct label_template *t, const struct label_values *values,
                 struct err *e)
{
    char data[LABEL_DATA_MAX_BYTES];
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    cairo_set_source_rgb(c, 0, 0, 0);
    for (size_t i = 0; i < label_template_fields(t); i++) {
        const struct label_field *const f = label_template_field(t, i);
        if (!label_data(t, i, values, data, e))
            return false;
        cairo_set_antialias(c,
                            f->kind == LABEL_TEXT ? CAIRO_ANTIALIAS_DEFAULT : CAIRO_ANTIALIAS_NONE);
        if (f->kind == LABEL_BOX)
            draw_box(c, f);
        else if (!(f->kind == LABEL_TEXT ? draw_text(c, f, data, e) : draw_code(c, f, data, e)))
            return false;
    }
    return true;
}

/* ---- The file ---- */

struct to_file {
    struct outfile *file;
    struct err *e;
};

static cairo_status_t put(void *to, const unsigned char *bytes, unsigned n)
{
    const struct to_file *const t = to;
    return outfile_write(t->file, bytes, n, t->e) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static bool write_png(cairo_surface_t *surface, const char *path, struct err *e)
{
    struct outfile file = OUTFILE_CLOSED;
    struct err failure = { 0 };
    struct to_file to = { &file, &failure };
    if (!outfile_open(&file, path, e))
        return false;
    const cairo_status_t status = cairo_surface_write_to_png_stream(surface, put, &to);
    if (status == CAIRO_STATUS_SUCCESS)
        return outfile_keep(&file, e);
    outfile_drop(&file);
    if (failure.code == ERR_NONE)
        err_set(&failure, ERR_STATION, "The picture cannot be made: %s",
                cairo_status_to_string(status));
    *e = failure;
    return false;
}

bool label_preview(const struct label_template *t, const struct label_values *values,
                   const char *path, struct err *e)
{
    cairo_surface_t *const surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)label_template_width(t), (int)label_template_height(t));
    cairo_t *const c = cairo_create(surface);
    bool ok = draw(c, t, values, e);
    if (ok && cairo_status(c) != CAIRO_STATUS_SUCCESS)
        ok = err_set(e, ERR_STATION, "The picture cannot be made: %s",
                     cairo_status_to_string(cairo_status(c)));
    cairo_destroy(c);
    ok = ok && write_png(surface, path, e);
    cairo_surface_destroy(surface);
    return ok;
}
