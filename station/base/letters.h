/* Which letters the terminal takes: the locale, as far as this program cares. */
#ifndef STATION_LETTERS_H
#define STATION_LETTERS_H

/* Takes the locale's letters from the environment. Many machines name a locale there that nobody
 * has generated; where it is one of UTF-8, its letters are UTF-8 all the same. Once, at start. */
void letters_open(void);

#endif
