/* What people type who come from other flashers, and what it is called here. */
#ifndef STATION_HABITS_H
#define STATION_HABITS_H

#include <stdbool.h>

/* What a word that is no command was meant to do, as in "To flash boards: espstation run RECIPE";
 * NULL: nobody knows. */
const char *habit_of_command(const char *word);

/* What a word behind a command was meant to do that takes others, likewise. */
const char *habit_of_action(const char *command, const char *word);

/* Where a thing is said that is no option of this command; NULL: nobody knows. */
const char *habit_of_option(const char *command, const char *option);

/* Whether a plain argument is a port, which an option was meant to take. */
bool habit_is_port(const char *argument);

#endif
