/* What the files of a people file share. Nobody outside of recipes/people includes this. */
#ifndef RECIPES_PEOPLE_FILE_PRIV_H
#define RECIPES_PEOPLE_FILE_PRIV_H

#include "recipes/doc/doc_priv.h"
#include "recipes/people/people_file.h"

extern const struct doc_kind people_kind; /* people_keys.c: the table */
extern const char *const person_role_words[];

#endif
