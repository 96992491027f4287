#ifndef STATION_PRINT_MISTAKES_H
#define STATION_PRINT_MISTAKES_H

struct doc_report;

/* Prints the mistakes of a recipe or station file on standard error. */
void print_mistakes(const char *path, const struct doc_report *report);

#endif
