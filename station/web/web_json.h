/* What pages are told of tiles, the station, events and errors, as JSON. Pure. */
#ifndef STATION_WEB_JSON_H
#define STATION_WEB_JSON_H

#include "station/floor/floor.h"
#include "station/line/event.h"
#include "station/web/web_text.h"

#define WEB_UTC_BYTES 40 /* "2026-03-04T05:06:07.089Z" */

/* How much of the present board is written, in thousandths. */
unsigned web_permille(const struct tile *tile);

void web_put_tile(struct json_object *o, const char *name, const struct tile *tile);
void web_put_progress(struct json_object *o, const struct tile *tile); /* [slot, permille, s] */
void web_put_summary(struct json_object *o, const char *name, const struct floor_summary *sum);
void web_put_event(struct json_object *o, const struct event *event);
void web_put_err(struct json_object *o, const struct err *e);

void web_put_utc(struct json_object *o, const char *name, int64_t utc_ms);

#endif
