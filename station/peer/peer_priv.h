/* Inside station/peer/ only. */
#ifndef STATION_PEER_PRIV_H
#define STATION_PEER_PRIV_H

#include "station/peer/peer.h"

#include <stdio.h>
#include <sys/un.h>

struct json_node;

/* ---- peer_path.c ---- */

/* Where the line makes its socket, whose folder is there then, and who may use it. False: there is
 * no such place. */
bool peer_own_path(const char *station, struct sockaddr_un *address, unsigned *mode);

/* Connects to the first place where one listens. -1: nowhere. */
int peer_dial(const char *station);

/* ---- peer_json.c: each a line, with its end ---- */

void peer_put_hello(FILE *out, const char *station, bool asks_people);
void peer_put_summary(FILE *out, const struct floor_summary *sum);
void peer_put_tile(FILE *out, size_t place, const struct tile *tile);
void peer_put_alive(FILE *out);
/* ERR_NONE: done; `person`: who is logged in now. */
void peer_put_answer(FILE *out, const char *id, const char *person, const struct err *e);
void peer_put_act(FILE *out, unsigned id, const struct act *act);
void peer_put_log_in(FILE *out, unsigned id, const char *name, const char *secret); /* NULL: out */

/* Takes over what a line says; members that are missing are as in an empty value. */
void peer_take_summary(const struct json_node *said, struct floor_summary *sum);
bool peer_take_tile(const struct json_node *said, size_t *place, struct tile *tile);
void peer_take_err(const struct json_node *said, struct err *e);
/* Whether it is a log-in, whose texts are those of `said`; *secret NULL: a log-out. */
bool peer_take_log_in(const struct json_node *said, const char **name, const char **secret);
/* Its texts are those of `said`. ERR_USAGE: it is none. */
bool peer_take_act(const struct json_node *said, struct act *act, struct err *e);

#endif
