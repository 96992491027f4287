/* The squares or bars of a code, for measuring and drawing it. */
#ifndef RECIPES_LABEL_CODE_H
#define RECIPES_LABEL_CODE_H

#include "recipes/label/label.h"

#define LABEL_CODE_ROWS  200 /* as large as the library makes them */
#define LABEL_CODE_BYTES 144

/* Row 0 is the top one; a Code 128 has one row, whose bars are as high as the field says. */
struct label_code {
    unsigned rows, columns;
    unsigned widest; /* columns that a printer may need which picks subsets less cleverly */
    uint8_t bits[LABEL_CODE_ROWS][LABEL_CODE_BYTES]; /* the lowest bit of each byte is leftmost */
};

/* Of a field that is a code. ERR_RECIPE: the data is too much for it; ERR_STATION. */
bool label_code_make(const struct label_field *field, const char *data, struct label_code *code,
                     struct err *e);

bool label_code_is_dark(const struct label_code *code, unsigned row, unsigned column);

/* Empty squares that a reader needs around it: left and right, above and below. */
unsigned label_code_quiet_x(enum label_kind kind);
unsigned label_code_quiet_y(enum label_kind kind);

#endif
