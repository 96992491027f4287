/* JSON to a stream, one object a line. */
#ifndef STATION_JSON_H
#define STATION_JSON_H

#include "core/base/json_write.h"

#include <stdio.h>

/* Begins an object. What the stream refuses shows in ferror. */
void json_begin(struct json_object *o, FILE *out);

/* Closes the object and the line. */
void json_end(struct json_object *o);

#endif
