#include "core/flash/differ.h"

#include <string.h>

/* So many halves may turn out changed beyond those that did not, before the questions end: enough
 * for an application whose first and last piece differ, as after each build. */
#define LOSSES_MAX 3

/* Each piece begins a stream of its own and ends with a wait for the flash: a region that has to be
 * written for the most part is written as one. */
#define PIECES_PAY(bytes, of) ((bytes) < (of) - (of) / 4)

struct search {
    struct loader *l;
    const struct plan_region *r;
    bool *changed;
    int losses; /* halves that differed, less those that were equal */
};

struct span {
    uint32_t first, count; /* pieces */
};

static uint32_t span_bytes(const struct plan_region *r, struct span s)
{
    const struct plan_region *last = &r->pieces[s.first + s.count - 1];
    return last->addr + last->size_bytes - r->pieces[s.first].addr;
}

static bool ask(struct search *s, struct span span, bool *equal, struct err *e)
{
    uint32_t at = s->r->pieces[span.first].addr - s->r->addr;
    if (!flash_part_is_right(s->l, s->r, at, span_bytes(s->r, span), equal, e))
        return false;
    s->losses += *equal ? -1 : 1;
    return true;
}

static void mark(struct search *s, struct span span, bool changed)
{
    for (uint32_t i = 0; i < span.count; i++)
        s->changed[span.first + i] = changed;
}

/* `span` differs somewhere. Both halves are asked for before either is looked into: a change at the
 * start alone is then known to be alone. The depth is that of PLAN_PIECES_MAX halved. */
static bool search(struct search *s, struct span span, struct err *e)
{
    if (span.count <= 1 || s->losses > LOSSES_MAX)
        return true;
    struct span first = { span.first, span.count / 2 };
    struct span second = { span.first + first.count, span.count - first.count };
    bool first_equal = false, second_equal = false;
    if (!ask(s, first, &first_equal, e))
        return false;
    mark(s, first, !first_equal);
    if (first_equal) /* then it is the other one */
        return search(s, second, e);
    if (s->losses > LOSSES_MAX)
        return true; /* the second half stays marked */
    if (!ask(s, second, &second_equal, e))
        return false;
    mark(s, second, !second_equal);
    return search(s, first, e) && (second_equal || search(s, second, e));
}

static uint32_t changed_bytes(const struct plan_region *r, const bool *changed)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < r->piece_count; i++)
        sum += changed[i] ? r->pieces[i].size_bytes : 0;
    return sum;
}

bool differ_find(struct loader *l, const struct plan_region *r, bool *changed,
                 struct differ_result *result, struct err *e)
{
    struct search s = { .l = l, .r = r, .changed = changed };
    const struct span all = { 0, r->piece_count };
    *result = (struct differ_result){ .skipped_bytes = 0 };
    if (!flash_md5(l, r, result->found, e))
        return false;
    bool equal = memcmp(result->found, r->md5, DIGEST_MD5_BYTES) == 0;
    mark(&s, all, !equal);
    if (equal)
        result->skipped_bytes = r->size_bytes;
    return equal || search(&s, all, e);
}

bool differ_write(struct loader *l, const struct plan_region *r, const bool *changed,
                  struct differ_result *result, const struct flash_progress *progress,
                  struct err *e)
{
    uint32_t bytes = changed_bytes(r, changed);
    if (!PIECES_PAY(bytes, r->size_bytes)) {
        result->skipped_bytes = 0;
        return flash_write(l, r, progress, e);
    }
    result->skipped_bytes = r->size_bytes - bytes;
    return flash_write_pieces(l, r, changed, progress, e);
}
