/* The word that was meant: for "did you mean ...?". Pure. */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

/* Offer candidates; `best` is the answer that belongs to the nearest of them, NULL if none is near.
 * All texts are borrowed. */
struct nearest {
    const char *text; /* what was written */
    const char *best;
    unsigned distance;
};

void nearest_init(struct nearest *near, const char *text);

/* `answer` is what to tell people when `word` is what they meant. */
void nearest_offer(struct nearest *near, const char *word, const char *answer);
void nearest_offer_words(struct nearest *near, const char *const *words); /* NULL is fine */

#endif
