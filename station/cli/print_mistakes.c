#include "station/cli/print_mistakes.h"

#include "recipes/doc/doc.h"

#include <stdio.h>

void print_mistakes(const char *path, const struct doc_report *report)
{
    char text[1024];
    for (size_t i = 0; i < report->kept; i++)
        fprintf(stderr, "%s\n", doc_mistake_text(path, &report->mistakes[i], text, sizeof text));
    if (report->total > report->kept)
        fprintf(stderr, "... and %zu more mistakes\n", report->total - report->kept);
}
