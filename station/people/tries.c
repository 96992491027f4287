#include "station/people/tries.h"

#include <stdio.h>
#include <string.h>

static const uint64_t pause_us = (uint64_t)PEOPLE_PAUSE_MS * 1000;

static const struct tries_of *find(const struct tries *t, const char *name)
{
    for (size_t i = 0; i < TRIES_NAMES; i++) {
        if (t->of[i].wrong > 0 && strcasecmp(t->of[i].name, name) == 0)
            return &t->of[i];
    }
    return NULL;
}

static uint64_t left_us(uint64_t since_us, uint64_t now_us)
{
    return now_us - since_us >= pause_us ? 0 : pause_us - (now_us - since_us);
}

uint64_t tries_wait_ms(const struct tries *t, const char *name, uint64_t now_us)
{
    const struct tries_of *const of = find(t, name);
    const uint64_t oldest_us = t->all_us[t->next];
    uint64_t wait_us = oldest_us == 0 ? 0 : left_us(oldest_us, now_us);
    /* A badge is no name that somebody could be kept out by. */
    if (name[0] != '\0' && of && of->wrong >= PEOPLE_TRIES && left_us(of->at_us, now_us) > wait_us)
        wait_us = left_us(of->at_us, now_us);
    return (wait_us + 999) / 1000;
}

/* The row of this name, or that of the one whose last try is the longest ago. */
static struct tries_of *row_for(struct tries *t, const char *name)
{
    struct tries_of *row = &t->of[0];
    for (size_t i = 0; i < TRIES_NAMES; i++) {
        if (t->of[i].wrong > 0 && strcasecmp(t->of[i].name, name) == 0)
            return &t->of[i];
        if (t->of[i].wrong == 0 || (row->wrong > 0 && t->of[i].at_us < row->at_us))
            row = &t->of[i];
    }
    *row = (struct tries_of){ .wrong = 0 };
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

void tries_note(struct tries *t, const char *name, bool right, uint64_t now_us)
{
    struct tries_of *const row = row_for(t, name);
    if (right) {
        row->wrong = 0;
        return;
    }
    /* Behind the pause a person has all tries again. */
    row->wrong = left_us(row->at_us, now_us) == 0 ? 1 : row->wrong + 1;
    row->at_us = now_us;
    t->all_us[t->next] = now_us == 0 ? 1 : now_us;
    t->next = (t->next + 1) % PEOPLE_TRIES_ALL;
}
