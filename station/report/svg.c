#include "station/report/svg.h"

#include <inttypes.h>

int svg_length(int64_t value, int64_t most, int span)
{
    if (value <= 0 || most <= 0)
        return 0;
    if (value >= most)
        return span;
    return (int)((double)value / (double)most * span + 0.5);
}

int64_t svg_scale_end(int64_t most)
{
    int64_t power = 1;
    while (power <= INT64_MAX / 100 && power * 10 <= most)
        power *= 10;
    if (most <= power)
        return power;
    return most <= 2 * power ? 2 * power : most <= 5 * power ? 5 * power : 10 * power;
}

int64_t svg_scale_step(int64_t end)
{
    const int64_t step = end % 5 == 0 ? end / 5 : end / 4;
    return end < 5 || step < 1 ? 1 : step;
}

/* ---- Shapes ---- */

/* One length as a number of SVG: tenths, always with a point. */
static void put(struct html *h, const char *name, int tenths)
{
    const int size = tenths < 0 ? -tenths : tenths;
    html_putf(h, " %s=\"%s%d.%d\"", name, tenths < 0 ? "-" : "", size / 10, size % 10);
}

void svg_begin(struct html *h, const char *name, int height)
{
    html_putf(h,
              "<svg role=\"img\" viewBox=\"0 0 %d %d\" aria-labelledby=\"%s-title %s-desc\">"
              "<title id=\"%s-title\">",
              SVG_WIDTH, height, name, name, name);
}

void svg_described(struct html *h, const char *name)
{
    html_putf(h, "</title><desc id=\"%s-desc\">", name);
}

void svg_begun(struct html *h)
{
    html_put(h, "</desc>\n");
}

void svg_end(struct html *h)
{
    html_put(h, "</svg>\n");
}

void svg_bar(struct html *h, const char *class, int x, int y, int width, int height)
{
    if (width <= 0 || height <= 0)
        return;
    html_putf(h, "<rect class=\"%s\"", class);
    put(h, "x", x);
    put(h, "y", y);
    put(h, "width", width);
    put(h, "height", height);
    html_put(h, "/>\n");
}

void svg_line(struct html *h, const char *class, int x1, int y1, int x2, int y2)
{
    html_putf(h, "<line class=\"%s\"", class);
    put(h, "x1", x1);
    put(h, "y1", y1);
    put(h, "x2", x2);
    put(h, "y2", y2);
    html_put(h, "/>\n");
}

void svg_label(struct html *h, const char *class, int x, int y)
{
    html_putf(h, "<text class=\"%s\"", class);
    put(h, "x", x);
    put(h, "y", y);
    html_put(h, ">");
}

void svg_label_end(struct html *h)
{
    html_put(h, "</text>\n");
}
