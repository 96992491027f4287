#include "station/line/rate.h"

#define BITS_PER_BYTE 10.0
#define FADING        0.9  /* what an attempt counts after the next one */
#define DOUBT         0.02 /* how likely a rate fails of which nothing is known */
#define LOST_PART     0.5  /* of an attempt, when it fails */
#define RESTART_S     1.0  /* a pause, a reset, an identity */

void rates_init(struct rates *r, const struct recipe_port *port, uint64_t wire_bytes,
                double least_seconds)
{
    *r = (struct rates){ .count = 1 + port->fallback_count };
    for (size_t i = 0; i < r->count; i++) {
        r->rows[i].baud = i == 0 ? port->baud : port->fallback_baud[i - 1];
        double wire_s = (double)wire_bytes * BITS_PER_BYTE / r->rows[i].baud;
        r->rows[i].seconds = wire_s > least_seconds ? wire_s : least_seconds;
    }
}

void rates_note(struct rates *r, size_t index, bool failed)
{
    for (size_t i = 0; i < r->count; i++) {
        r->rows[i].tries *= FADING;
        r->rows[i].failures *= FADING;
    }
    r->rows[index].tries += 1;
    r->rows[index].failures += failed;
}

void rates_recall(struct rates *r, uint32_t baud, bool failed)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->rows[i].baud == baud)
            rates_note(r, i, failed);
    }
}

static double failure_rate(const struct rates *r, size_t i)
{
    return (r->rows[i].failures + DOUBT) / (r->rows[i].tries + 1);
}

/* A failure costs part of the attempt, and then the next lower rate has its turn. From the last row
 * up, as each needs what the one below it costs. A rate that has not failed is not given up, also
 * where the flash takes so long that a lower one would lose nothing. */
size_t rates_choose(const struct rates *r)
{
    double below_s = 0;
    double best_s = 0;
    size_t best = 0;
    for (size_t i = r->count; i-- > 0;) {
        double t = r->rows[i].seconds, p = failure_rate(r, i);
        double after_s = i + 1 < r->count ? below_s : t;
        double expected_s = t + p * (t * LOST_PART + RESTART_S + after_s);
        if (i + 1 == r->count || r->rows[i].failures <= 0 || expected_s <= best_s) {
            best_s = expected_s;
            best = i;
        }
        below_s = expected_s;
    }
    return best;
}
