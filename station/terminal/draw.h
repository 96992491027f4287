/* Draws a scene with ncurses; one thread for all of ncurses (it is not safe for more). */
#ifndef STATION_DRAW_H
#define STATION_DRAW_H

#include "station/terminal/layout.h"
#include "station/terminal/scene.h"
#include "station/words/words.h"

#define SIGHT_TYPED_BYTES 128

/* What is asked for at the foot. */
enum question { QUESTION_NONE, QUESTION_NAME, QUESTION_SECRET };

/* What the person at the terminal has made of it. */
struct sight {
    enum language language;
    size_t selected;    /* place of a tile */
    bool details;       /* the selected tile alone, with all there is to say of it */
    unsigned scrolled;  /* lines of that */
    unsigned first_row; /* of tiles that is seen */
    bool can_act, can_leave;
    enum question question;
    char typed[SIGHT_TYPED_BYTES]; /* the answer so far */
    char name[SIGHT_TYPED_BYTES];  /* answered before the secret is asked for */
    char message[520];             /* "": none; an answer, instead of the keys */
    struct layout layout;          /* as it was drawn last */
};

/* Once the terminal is open. */
void draw_begin(void);

/* Puts everything on the screen of ncurses, and lets it out. */
void draw_scene(const struct scene *scene, struct sight *sight);

#endif
