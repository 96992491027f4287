/*
 * Writing JSON (RFC 8259), value by value, through a callback: to a stream, into a buffer, to
 * whatever takes bytes. What is no UTF-8 would make the whole unreadable: U+FFFD stands for it.
 * What could steer a terminal, where somebody looks at it, is written as an escape.
 */
#ifndef CORE_JSON_WRITE_H
#define CORE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is under construction: members are separated by themselves. */
struct json_object {
    void (*put)(void *ctx, const char *bytes, size_t n);
    void *ctx;
    bool comma; /* the next value needs one in front */
};

#define JSON_ALL SIZE_MAX

/* `name` NULL: in an array, or the outermost value. Names are escaped like texts. */
void json_text(struct json_object *o, const char *name, const char *value); /* NULL: null */
void json_integer(struct json_object *o, const char *name, int64_t value);
void json_seconds(struct json_object *o, const char *name, double value);
void json_share(struct json_object *o, const char *name, double value); /* below 0: null */
void json_bool(struct json_object *o, const char *name, bool value);
void json_null(struct json_object *o, const char *name);
void json_number(struct json_object *o, const char *name, const char *digits); /* as they stand */

/* n bytes of a text, of which at most `units` UTF-16 units are taken: some systems count so, and
 * refuse longer texts. No character is halved. */
void json_text_part(struct json_object *o, const char *name, const void *text, size_t n,
                    size_t units);

/* An object '{' or an array '[' as a member, until it is closed with its other bracket. */
void json_open(struct json_object *o, const char *name, char bracket);
void json_close(struct json_object *o, char bracket);

#endif
