/*
 * Codes, made by libzint as the printer will make them.
 *
 * Sizes and quiet zones: ISO/IEC 15417 (Code 128: ten modules left and right), 18004 (QR: four all
 * around), 16022 (DataMatrix: one).
 */
#include "recipes/label/label_code.h"

#include <string.h>
#include <zint.h>

#define SYMBOL_COLUMNS 11 /* of one symbol character of Code 128 */

static int level_number(char level)
{
    static const char levels[] = "LMQH";
    const char *const at = strchr(levels, level);
    return at ? (int)(at - levels) + 1 : 2;
}

/* The columns of the data as `symbology`; 0 with an error. */
static unsigned encode(const struct label_field *field, int symbology, const char *data,
                       struct label_code *code, struct err *e)
{
    struct zint_symbol *const s = ZBarcode_Create();
    unsigned columns = 0;
    if (!s) {
        err_set(e, ERR_STATION, "Out of memory for a code");
        return 0;
    }
    s->symbology = symbology;
    s->option_1 = field->kind == LABEL_QR ? level_number(field->level) : -1;
    if (field->kind == LABEL_DATAMATRIX)
        s->option_3 = DM_SQUARE;
    const int rc = ZBarcode_Encode(s, (const unsigned char *)data, (int)strlen(data));
    if (rc >= ZINT_ERROR || s->width <= 0 || s->width > LABEL_CODE_BYTES * 8 || s->rows <= 0 ||
        s->rows > LABEL_CODE_ROWS) {
        err_set(e, ERR_RECIPE, "the data does not go into the code: %.80s", s->errtxt);
    } else {
        columns = (unsigned)s->width;
        code->columns = columns;
        code->rows = (unsigned)s->rows;
        memcpy(code->bits, s->encoded_data, sizeof code->bits);
    }
    ZBarcode_Delete(s);
    return columns;
}

/* How well mode A picks subsets is the firmware's business: at worst one change more than needed,
 * and never worse than staying in subset B. */
static bool make_code128(const struct label_field *field, const char *data, struct label_code *code,
                         struct err *e)
{
    const unsigned plain = encode(field, BARCODE_CODE128B, data, code, e);
    code->widest = plain;
    if (plain == 0 || field->mode == 'N')
        return plain > 0;
    const unsigned best = encode(field, BARCODE_CODE128, data, code, e);
    code->widest = best + SYMBOL_COLUMNS < plain ? best + SYMBOL_COLUMNS : plain;
    return best > 0;
}

bool label_code_make(const struct label_field *field, const char *data, struct label_code *code,
                     struct err *e)
{
    if (field->kind == LABEL_CODE128)
        return make_code128(field, data, code, e);
    code->widest =
        encode(field, field->kind == LABEL_QR ? BARCODE_QRCODE : BARCODE_DATAMATRIX, data, code, e);
    return code->widest > 0;
}

bool label_code_is_dark(const struct label_code *code, unsigned row, unsigned column)
{
    return (code->bits[row][column / 8] >> column % 8 & 1) != 0;
}

unsigned label_code_quiet_x(enum label_kind kind)
{
    return kind == LABEL_CODE128 ? 10 : kind == LABEL_QR ? 4 : kind == LABEL_DATAMATRIX ? 1 : 0;
}

unsigned label_code_quiet_y(enum label_kind kind)
{
    return kind == LABEL_CODE128 ? 0 : label_code_quiet_x(kind);
}
