/* A label as a picture, one pixel a dot, without a printer. */
#ifndef STATION_LABEL_PREVIEW_H
#define STATION_LABEL_PREVIEW_H

#include "recipes/label/label.h"

/* Writes it as PNG to `path`, whole or not at all. What does not fit is drawn as far as it goes: to
 * see that is what pictures are for. The font is one of this computer's and only about as wide as
 * the printer's. ERR_RECIPE: the data does not go into a code; ERR_USAGE, ERR_STATION. */
bool label_preview(const struct label_template *t, const struct label_values *values,
                   const char *path, struct err *e);

#endif
