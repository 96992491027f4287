/*
 * Drawing in SVG inside a page: scales, and the few shapes that the charts need.
 *
 * Lengths are whole tenths of a unit of the drawing, so that nothing depends on how a machine
 * rounds and a locale writes its comma. Each drawing has a title and a description for those who
 * cannot see it; what it shows also stands in a table.
 */
#ifndef STATION_SVG_H
#define STATION_SVG_H

#include "station/report/html.h"

enum { SVG_WIDTH = 480 }; /* of every drawing; the page scales it */

/* The part `value` of `most` of `span` tenths, 0 to span. */
int svg_length(int64_t value, int64_t most, int span);

/* The end of a scale for values up to `most`: 1, 2 or 5 times a power of ten, at least 1. */
int64_t svg_scale_end(int64_t most);

/* The distance of the marks on a scale that ends there: whole, and at most five of them. */
int64_t svg_scale_step(int64_t end);

/* Begins a drawing; `name` is a word of ours that no other drawing of the page has. Write the text
 * of the title, then svg_described, the text of the description, svg_begun, and the shapes. */
void svg_begin(struct html *h, const char *name, int height);
void svg_described(struct html *h, const char *name);
void svg_begun(struct html *h);
void svg_end(struct html *h);

/* Tenths. `class` is a word of the style sheet. Nothing is drawn of no width or height. */
void svg_bar(struct html *h, const char *class, int x, int y, int width, int height);
void svg_line(struct html *h, const char *class, int x1, int y1, int x2, int y2);

/* Write the text after it, then svg_label_end. `class` says where it is anchored. */
void svg_label(struct html *h, const char *class, int x, int y);
void svg_label_end(struct html *h);

#endif
