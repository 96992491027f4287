/* Writing JSON values, one object a line, to a stream. */
#ifndef STATION_JSON_H
#define STATION_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One object under construction: members are separated by themselves. */
struct json_object {
    FILE *out;
    bool first;
};

void json_begin(struct json_object *o, FILE *out);
void json_text(struct json_object *o, const char *name, const char *value); /* NULL: null */
void json_integer(struct json_object *o, const char *name, int64_t value);
void json_seconds(struct json_object *o, const char *name, double value);
void json_share(struct json_object *o, const char *name, double value); /* below 0: null */
void json_bool(struct json_object *o, const char *name, bool value);

/* An object '{' or an array '[' as a member, until it is closed with its other bracket. Members of
 * an array have no name: NULL. */
void json_open(struct json_object *o, const char *name, char bracket);
void json_close(struct json_object *o, char bracket);

/* Closes the object and the line. */
void json_end(struct json_object *o);

#endif
