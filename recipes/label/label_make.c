/*
 * A template with the values of a board, as ZPL.
 *
 * What stands behind each choice: Zebra's ZPL II programming guide, and how a renderer and readers
 * that we did not write took it (tests/integration/label.sh).
 *   - ^ and ~ in data begin commands, and behind ^FH a _ begins a hex code: everything but letters,
 *     digits, space and . - : / is sent as a hex code.
 *   - In mode N of Code 128 a > begins an invocation code, and what stands for > itself (>0) is not
 *     read alike everywhere: data with a > is sent in mode A, which takes all of ASCII as it is.
 *   - A QR code's data begins with level and mode: without them three characters are swallowed.
 *   - DataMatrix has an escape character, another one in each firmware: one is given that
 *     the data does not hold.
 *   - What a printer remembers of the job before (size, origin, encoding, bar width) is set.
 */
#include "core/base/plain.h"
#include "recipes/label/label_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZPL_DATA_MAX_CHARS 3072

const char *label_value_of(const struct label_values *values, const char *name)
{
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->rows[i].name, name) == 0)
            return values->rows[i].text;
    }
    return NULL;
}

/* ---- Data ---- */

static bool refuse(const struct label_template *t, size_t i, struct err *e, const char *what,
                   const char *name)
{
    return err_set(e, ERR_RECIPE, "%.100s:%u:%u: %s%s%s", t->name, t->fields[i].at.line,
                   t->fields[i].at.column, what, name ? " " : "", name ? name : "");
}

static bool is_code(enum label_kind kind)
{
    return kind == LABEL_CODE128 || kind == LABEL_QR || kind == LABEL_DATAMATRIX;
}

/* Readers guess the encoding of what is not ASCII, and guess wrong. */
static bool is_fit(const struct label_template *t, size_t i, const char *data, struct err *e)
{
    const bool code = is_code(t->fields[i].kind);
    const size_t n = strlen(data);
    for (size_t k = 0; k < n;) {
        uint32_t c;
        const size_t step = plain_decode(data + k, n - k, &c);
        if (step == 0 || plain_is_steering(c))
            return refuse(t, i, e, "the data holds a control character, or is no UTF-8", NULL);
        if (code && c > 0x7E)
            return refuse(t, i, e, "a code takes printable ASCII only", NULL);
        k += step;
    }
    return n > 0 || !code || refuse(t, i, e, "a code would be empty", NULL);
}

bool label_data(const struct label_template *t, size_t i, const struct label_values *values,
                char data[static LABEL_DATA_MAX_BYTES], struct err *e)
{
    size_t n = 0;
    data[0] = '\0';
    for (size_t k = 0; k < t->piece_count[i]; k++) {
        const struct label_piece *const piece = &t->pieces[i][k];
        const char *const text =
            piece->is_value ? label_value_of(values, piece->text) : piece->text;
        if (!text)
            return refuse(t, i, e, "there is no value", piece->text);
        const size_t more = strlen(text);
        if (n + more >= LABEL_DATA_MAX_BYTES)
            return refuse(t, i, e, "there is too much data in the field", NULL);
        memcpy(data + n, text, more + 1);
        n += more;
    }
    return t->fields[i].kind == LABEL_BOX || is_fit(t, i, data, e);
}

/* ---- ZPL ---- */

/* An escape character that the data does not hold; with all of them in it, the first, doubled. */
static char escape_for(const char *data)
{
    static const char choices[] = "_\\#$%&@!;=+*?|<>()[]{}";
    for (const char *c = choices; *c; c++) {
        if (!strchr(data, *c))
            return *c;
    }
    return choices[0];
}

/* What is written so far; what does not fit is noticed at the end. */
struct out {
    char *text;
    size_t bytes;
    bool is_full;
};

static void put(struct out *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct out *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(out->text + out->bytes, LABEL_ZPL_MAX_BYTES - out->bytes, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= LABEL_ZPL_MAX_BYTES - out->bytes)
        out->is_full = true;
    else
        out->bytes += (size_t)n;
}

static void put_head(struct out *out, const struct label_field *f, const char *data)
{
    put(out, "^FO%u,%u", f->x, f->y);
    switch (f->kind) {
    case LABEL_TEXT:
        put(out, "^A0N,%u,%u", f->height, f->width);
        break;
    case LABEL_CODE128:
        put(out, "^BY%u,3,10^BCN,%u,%c,N,N,%c", f->module, f->height, f->shows_text ? 'Y' : 'N',
            strchr(data, '>') ? 'A' : f->mode);
        break;
    case LABEL_QR:
        put(out, "^BY2,3,%u^BQN,2,%u", f->drop, f->module);
        break;
    case LABEL_DATAMATRIX:
        put(out, "^BXN,%u,200,,,,%c", f->module, escape_for(data));
        break;
    case LABEL_BOX:
        put(out, "^GB%u,%u,%u", f->width, f->height, f->thickness);
        break;
    }
}

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" .-:/", c));
}

static void put_byte(struct out *out, char c)
{
    if (is_safe(c))
        put(out, "%c", c);
    else
        put(out, "_%02X", (unsigned)(unsigned char)c);
}

static void put_data(struct out *out, const struct label_field *f, const char *data)
{
    const char escape = f->kind == LABEL_DATAMATRIX ? escape_for(data) : '\0';
    put(out, "^FH^FD");
    if (f->kind == LABEL_QR)
        put(out, "%cA,", f->level);
    for (const char *c = data; *c; c++) {
        put_byte(out, *c);
        if (escape && *c == escape)
            put_byte(out, escape);
    }
}

static bool put_field(struct out *out, const struct label_template *t, size_t i,
                      const struct label_values *values, struct err *e)
{
    char data[LABEL_DATA_MAX_BYTES];
    if (!label_data(t, i, values, data, e))
        return false;
    put_head(out, &t->fields[i], data);
    const size_t before = out->bytes;
    if (t->fields[i].kind != LABEL_BOX)
        put_data(out, &t->fields[i], data);
    put(out, "^FS\n");
    return (!out->is_full && out->bytes - before <= ZPL_DATA_MAX_CHARS) ||
           refuse(t, i, e, "there is too much data in the field", NULL);
}

char *label_make(const struct label_template *t, const struct label_values *values, struct err *e)
{
    if (!label_fits(t, values, e))
        return NULL;
    struct out out = { .text = malloc(LABEL_ZPL_MAX_BYTES) };
    bool ok = out.text != NULL || err_set(e, ERR_STATION, "Out of memory for a label");
    if (ok)
        put(&out, "^XA^CI28^LH0,0^PW%u^LL%u%s\n", t->width, t->height, t->settings);
    for (size_t i = 0; ok && i < t->field_count; i++)
        ok = put_field(&out, t, i, values, e);
    if (ok)
        put(&out, "^PQ1" LABEL_END);
    if (ok && !out.is_full)
        return out.text;
    free(out.text);
    if (ok)
        err_set(e, ERR_RECIPE, "%.100s: the label is too long", t->name);
    return NULL;
}
