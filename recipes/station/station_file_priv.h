/* What the files of a station file share. Nobody outside of recipes/station includes this. */
#ifndef RECIPES_STATION_PRIV_H
#define RECIPES_STATION_PRIV_H

#include "recipes/doc/doc_priv.h"
#include "recipes/station/station_file.h"

extern const struct doc_kind station_kind; /* station_keys.c: the table */

/* ---- station_values.c ---- */

bool store_path(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_name(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_usb(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_scanner(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_printer(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_screen_listen(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_screen_pem(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_port(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_broker(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_hook(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_server(struct values *v, unsigned id, const struct scalar *s, void *target);
bool store_listen(struct values *v, unsigned id, const struct scalar *s, void *target);

/* ---- station_check.c ---- */

/* What values say to each other, once all were read; gives each slot its place on the screen. */
void station_check(struct values *v);

#endif
