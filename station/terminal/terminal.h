/*
 * The screen in a terminal, drawn by ncurses on a thread of its own: a terminal that takes nothing,
 * be it stopped with Ctrl-S or a dead line, delays nobody else.
 *
 * Keys: arrows choose a slot; s starts, x stops, r retries, a acknowledges in it; F2, F8 and F9
 * start, acknowledge and stop everywhere; Enter shows all there is to say of it; l takes the next
 * language, o logs in and out, q leaves. What comes faster than fingers type, and ends with Enter,
 * is a scanner's code. Ctrl-C stays what it is.
 *
 * While it is open, what is printed on standard error waits until it is closed.
 */
#ifndef STATION_TERMINAL_H
#define STATION_TERMINAL_H

#include "station/terminal/scene.h"
#include "station/words/words.h"

struct terminal;

/* Whether standard input and output are a terminal that can be drawn on, and whose foreground is
 * ours: who reads from the background is stopped by the system. */
bool terminal_is_fit(void);

/* The language that the environment asks for, and the terminal can show. */
enum language terminal_language(void);

/* `source` is asked from the terminal's own thread until terminal_close. `can_leave`: by q, the
 * station goes on. NULL: ERR_STATION. */
struct terminal *terminal_open(const struct scene_source *source, bool can_leave, struct err *e);

/* Gives the terminal back as it was. Waits for a terminal that takes nothing, but not for ever. */
void terminal_close(struct terminal *t);

/* Readable once the person has left by q. */
int terminal_left_fd(const struct terminal *t);

#endif
