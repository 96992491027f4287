/* A PDF of a page, printed by the browser that is installed. */
#ifndef STATION_REPORT_PDF_H
#define STATION_REPORT_PDF_H

#include "core/base/err.h"

#include <stdbool.h>

/* Prints the HTML file at `html_path` to `pdf_path`, which is there whole or not at all. Takes
 * seconds; ends early, with ERR_STOPPED, when SIGINT, SIGTERM or SIGHUP is pending. */
bool report_pdf(const char *html_path, const char *pdf_path, struct err *e);

/* Whether there is a browser for it; if not, says how to come by one. */
bool report_pdf_possible(struct err *e);

#endif
