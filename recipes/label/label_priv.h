/* What the files of labels share. Nobody outside of recipes/label includes this. */
#ifndef RECIPES_LABEL_PRIV_H
#define RECIPES_LABEL_PRIV_H

#include "recipes/label/label.h"

/* A piece of a field's data: a text as it stands, or the value of that name. */
struct label_piece {
    char *text;
    bool is_value;
    struct doc_pos at;
};

#define LABEL_SETTINGS_CAP 256

struct label_template {
    char *name;
    unsigned width, height;
    struct label_field fields[LABEL_FIELDS_MAX];
    struct label_piece pieces[LABEL_FIELDS_MAX][LABEL_PIECES_MAX];
    size_t piece_count[LABEL_FIELDS_MAX];
    size_t field_count;
    char settings[LABEL_SETTINGS_CAP]; /* commands that only tell the printer how to work */
};

#endif
