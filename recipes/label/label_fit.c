/*
 * Whether all of a label lands on the label.
 */
#include "core/base/plain.h"
#include "recipes/label/label_code.h"
#include "recipes/label/label_priv.h"

#include <stdlib.h>
#include <string.h>

/* Widths of the characters 20 to 7E of a bold condensed font in thousandths of ^A0's width, as a
 * renderer of ZPL draws font 0; the printers' own is of the same kind. */
static const uint16_t char_widths[] = {
    250, 333, 333, 500, 500, 833, 667, 250, 333, 333, 500, 500, 333, 800, 333, 278, 500, 500, 500,
    500, 500, 500, 500, 500, 500, 500, 278, 278, 500, 500, 500, 500, 833, 556, 556, 556, 611, 500,
    500, 611, 611, 278, 444, 556, 500, 778, 611, 611, 556, 611, 611, 556, 500, 611, 556, 833, 556,
    556, 500, 333, 250, 333, 500, 500, 333, 500, 500, 444, 500, 500, 278, 500, 500, 278, 278, 444,
    278, 778, 500, 500, 500, 500, 333, 444, 278, 500, 444, 667, 444, 444, 389, 274, 250, 274, 500,
};
#define MARGIN_PERCENT 105 /* for fonts that are a little wider */
#define TEXT_BELOW     12  /* modules below the bars for a text, as printers have it */

static unsigned text_width(const struct label_field *field, const char *data)
{
    uint64_t sum = 0;
    const size_t n = strlen(data);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        const size_t step = plain_decode(data + i, n - i, &c);
        sum += c >= 0x20 && c <= 0x7E && step == 1 ? char_widths[c - 0x20] : 1000;
        i += step ? step : 1;
    }
    return (unsigned)(sum * field->width * MARGIN_PERCENT / 100000 + 1);
}

static bool code_extent(const struct label_field *field, const char *data,
                        struct label_extent *extent, struct err *e)
{
    struct label_code *const code = malloc(sizeof *code);
    if (!code)
        return err_set(e, ERR_STATION, "Out of memory for a code");
    const bool ok = label_code_make(field, data, code, e);
    if (ok) {
        const unsigned below = field->shows_text ? TEXT_BELOW * field->module : 0;
        extent->right += code->widest * field->module;
        extent->bottom +=
            (field->kind == LABEL_CODE128 ? field->height : code->rows * field->module) + below;
    }
    free(code);
    return ok;
}

/* Without its quiet zone. */
static bool inner_extent(const struct label_field *field, const char *data,
                         struct label_extent *extent, struct err *e)
{
    const unsigned top = field->y + field->drop;
    *extent = (struct label_extent){ field->x, top, field->x, top };
    switch (field->kind) {
    case LABEL_TEXT:
        extent->right += text_width(field, data);
        extent->bottom += field->height;
        return true;
    case LABEL_BOX:
        extent->right += field->width;
        extent->bottom += field->height;
        return true;
    case LABEL_CODE128:
    case LABEL_QR:
    case LABEL_DATAMATRIX:
        break;
    }
    return code_extent(field, data, extent, e);
}

/* The quiet zone on the left and above may end at the label's edge, and is then counted as
 * missing. */
struct area {
    long left, top, right, bottom;
};

static struct area area_of(const struct label_field *field, const struct label_extent *x,
                           bool quiet)
{
    const long dx = quiet ? (long)(label_code_quiet_x(field->kind) * field->module) : 0;
    const long dy = quiet ? (long)(label_code_quiet_y(field->kind) * field->module) : 0;
    return (struct area){ (long)x->left - dx, (long)x->top - dy, (long)x->right + dx,
                          (long)x->bottom + dy };
}

bool label_extent(const struct label_field *field, const char *data, struct label_extent *extent,
                  struct err *e)
{
    if (!inner_extent(field, data, extent, e))
        return false;
    const struct area a = area_of(field, extent, true);
    extent->left = a.left < 0 ? 0 : (unsigned)a.left;
    extent->top = a.top < 0 ? 0 : (unsigned)a.top;
    extent->right = (unsigned)a.right;
    extent->bottom = (unsigned)a.bottom;
    return true;
}

static const char *noun(const struct label_field *field)
{
    switch (field->kind) {
    case LABEL_TEXT:
        return "text";
    case LABEL_CODE128:
        return "Code 128 with its quiet zone";
    case LABEL_QR:
        return "QR code with its quiet zone";
    case LABEL_DATAMATRIX:
        return "DataMatrix with its quiet zone";
    case LABEL_BOX:
        break;
    }
    return "box";
}

static bool refuse_edge(const struct label_template *t, size_t i, long dots, const char *edge,
                        struct err *e)
{
    err_set(e, ERR_RECIPE,
            "%.80s:%u:%u: the %s ends %ld dots beyond the label's %s edge (the label has %u x %u)",
            t->name, t->fields[i].at.line, t->fields[i].at.column, noun(&t->fields[i]), dots, edge,
            t->width, t->height);
    return err_hint(e, "A printer would cut it off without a word: move the field, make it "
                       "smaller, or take less data. To look at it: espstation label preview "
                       "RECIPE -o label.png");
}

static bool is_inside(const struct label_template *t, size_t i, const struct area *a, struct err *e)
{
    if (a->left < 0)
        return refuse_edge(t, i, -a->left, "left", e);
    if (a->top < 0)
        return refuse_edge(t, i, -a->top, "upper", e);
    if (a->right > (long)t->width)
        return refuse_edge(t, i, a->right - (long)t->width, "right", e);
    if (a->bottom > (long)t->height)
        return refuse_edge(t, i, a->bottom - (long)t->height, "lower", e);
    return true;
}

static bool touches(const struct area *a, const struct area *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* A frame around a code is no harm, as long as its lines stay out of it. */
static bool is_framed(const struct area *code, const struct label_field *box)
{
    const long line = (long)box->thickness;
    return code->left >= (long)box->x + line && code->top >= (long)box->y + line &&
           code->right <= (long)box->x + (long)box->width - line &&
           code->bottom <= (long)box->y + (long)box->height - line;
}

/* A code that something is printed over may still be read now and then. */
static bool is_clear(const struct label_template *t, const struct label_extent *extents, size_t i,
                     struct err *e)
{
    const struct label_field *const code = &t->fields[i];
    const struct area mine = area_of(code, &extents[i], true);
    for (size_t k = 0; code->kind != LABEL_TEXT && code->kind != LABEL_BOX && k < t->field_count;
         k++) {
        const struct label_field *const other = &t->fields[k];
        const struct area theirs = area_of(other, &extents[k], false);
        if (k == i || !touches(&mine, &theirs) ||
            (other->kind == LABEL_BOX && is_framed(&mine, other)))
            continue;
        err_set(e, ERR_RECIPE, "%.80s:%u:%u: the %s is not free: the field of %u:%u lies in it",
                t->name, code->at.line, code->at.column, noun(code), other->at.line,
                other->at.column);
        return err_hint(e, "Move one of the two apart. To look at the label: espstation label "
                           "preview RECIPE -o label.png");
    }
    return true;
}

bool label_fits(const struct label_template *t, const struct label_values *values, struct err *e)
{
    struct label_extent extents[LABEL_FIELDS_MAX];
    char data[LABEL_DATA_MAX_BYTES];
    for (size_t i = 0; i < t->field_count; i++) {
        if (!label_data(t, i, values, data, e))
            return false;
        if (!inner_extent(&t->fields[i], data, &extents[i], e))
            return err_wrap(e, "%.80s:%u:%u", t->name, t->fields[i].at.line,
                            t->fields[i].at.column);
        const struct area area = area_of(&t->fields[i], &extents[i], true);
        if (!is_inside(t, i, &area, e))
            return false;
    }
    for (size_t i = 0; i < t->field_count; i++) {
        if (!is_clear(t, extents, i, e))
            return false;
    }
    return true;
}
