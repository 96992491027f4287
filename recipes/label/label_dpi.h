/* How fine a printer is, as recipes and station files say it. */
#ifndef RECIPES_LABEL_DPI_H
#define RECIPES_LABEL_DPI_H

/* The order of these is that of the words "203", "300", "600". */
enum label_dpi { LABEL_DPI_203, LABEL_DPI_300, LABEL_DPI_600 };

static inline unsigned label_dpi_number(enum label_dpi dpi)
{
    return dpi == LABEL_DPI_203 ? 203 : dpi == LABEL_DPI_300 ? 300 : 600;
}

/* What the printers with that name have to the millimetre. */
static inline unsigned label_dots_per_mm(enum label_dpi dpi)
{
    return dpi == LABEL_DPI_203 ? 8 : dpi == LABEL_DPI_300 ? 12 : 24;
}

#endif
