/*
 * What the firmware makes of the entries it finds: which of equals it reads, which namespaces there
 * are, which blobs are whole.
 *
 * Source: the behaviour of ESP-IDF's nvs_page.cpp, nvs_pagemanager.cpp and nvs_storage.cpp (commit
 * 1021229), run over images with each fault.
 */
#include "core/nvs/nvs_read_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- Order ---- */

static bool is_chunk(const struct nvs_item *it)
{
    return item_type(it) == NVS_BLOB_DATA;
}

/* Chunks of one blob differ in their number; for all else the key alone counts, and not the type.
 */
static int compare_names(const struct nvs_item *x, const struct nvs_item *y)
{
    int keys = strncmp(item_key(x), item_key(y), NVS_NAME_CAP);
    if (item_space(x) != item_space(y))
        return item_space(x) < item_space(y) ? -1 : 1;
    if (keys != 0)
        return keys;
    if (is_chunk(x) != is_chunk(y))
        return is_chunk(x) ? 1 : -1;
    if (!is_chunk(x) || item_chunk(x) == item_chunk(y))
        return 0;
    return item_chunk(x) < item_chunk(y) ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
    const struct nvs_item *x = *(struct nvs_item *const *)a, *y = *(struct nvs_item *const *)b;
    int names = compare_names(x, y);
    return names ? names : (x > y) - (x < y); /* the items lie in the order of the pages */
}

static bool sort_items(struct nvs_reader *r)
{
    r->order = calloc(r->count + 1, sizeof(struct nvs_item *));
    if (!r->order)
        return false;
    for (size_t i = 0; i < r->count; i++)
        r->order[i] = &r->items[i];
    if (r->count > 0)
        qsort(r->order, r->count, sizeof(struct nvs_item *), by_name);
    return true;
}

/* ---- Equals ---- */

/* On an active page the last of equals stays. The last entry of the last page is taken for one that
 * was being changed when the power went: its equals on earlier pages are erased. Else the first is
 * found. */
static struct nvs_item *winner_of(const struct nvs_reader *r, struct nvs_item **equals, size_t n)
{
    struct nvs_item *last = equals[n - 1], *first = equals[0];
    if (last == &r->items[r->count - 1])
        return last;
    for (size_t i = 1; i < n && equals[i]->page == first->page && first->on_active; i++)
        first = equals[i];
    return first;
}

static void judge_equals(struct nvs_reader *r, struct nvs_item **equals, size_t n)
{
    const struct nvs_item *winner = winner_of(r, equals, n);
    bool space = item_space(winner) == 0;
    for (size_t i = 0; i < n; i++) {
        struct nvs_item *it = equals[i];
        if (it == winner)
            continue;
        it->gone = true;
        nvs_add_problem(r, space ? NVS_DOUBLE_SPACE : NVS_DOUBLE_KEY, it->page, it->entry,
                        "%s '%s' is there twice; the firmware takes that of page %u, entry %u%s",
                        space          ? "The namespace"
                        : is_chunk(it) ? "A chunk of"
                                       : "The key",
                        item_key(it), (unsigned)winner->page, winner->entry,
                        space ? ", and keys of the other are lost" : "");
    }
}

static void find_equals(struct nvs_reader *r)
{
    for (size_t from = 0, to; from < r->count; from = to) {
        for (to = from + 1; to < r->count && compare_names(r->order[from], r->order[to]) == 0; to++)
            ;
        if (to - from > 1)
            judge_equals(r, r->order + from, to - from);
    }
}

/* ---- Namespaces ---- */

static void take_space(struct nvs_reader *r, struct nvs_item *it)
{
    unsigned index = it->at[ENTRY_VALUE_AT];
    char *name = r->image->spaces[index];
    if (item_type(it) != NVS_U8 || index == 0 || index > NVS_SPACES_MAX) {
        nvs_add_problem(r, NVS_NO_SPACE, it->page, it->entry,
                        "The namespace '%s' has no number from 1 to %u: its keys are lost",
                        item_key(it), NVS_SPACES_MAX);
    } else if (name[0]) {
        nvs_add_problem(r, NVS_DOUBLE_SPACE, it->page, it->entry,
                        "The namespaces '%s' and '%s' have the same number: keys of one are found "
                        "in the other",
                        name, item_key(it));
    } else {
        memcpy(name, item_key(it), NVS_NAME_CAP);
    }
}

static void take_spaces(struct nvs_reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (item_space(&r->items[i]) == 0 && !r->items[i].gone)
            take_space(r, &r->items[i]);
    }
}

/* ---- Blobs ---- */

/* The chunk of that number that the firmware would find, NULL: none. */
static struct nvs_item *find_chunk(const struct nvs_reader *r, const struct nvs_item *index,
                                   unsigned number)
{
    uint8_t like[NVS_ENTRY_BYTES];
    struct nvs_item wanted = { .at = like };
    size_t low = 0, high = r->count;
    memcpy(like, index->at, sizeof like);
    like[1] = NVS_BLOB_DATA;
    like[3] = (uint8_t)number;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(r->order[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->count && compare_names(r->order[low], &wanted) == 0; low++) {
        if (!r->order[low]->gone)
            return r->order[low];
    }
    return NULL;
}

/* Joins the chunks behind what was joined before. Chunks are asked for by one index alone, the one
 * of their key, so that all of them together are no more than the image. */
static bool join(struct nvs_reader *r, const struct nvs_item *index, size_t *size)
{
    unsigned count = index->at[INDEX_COUNT_AT], first = index->at[INDEX_FIRST_AT];
    size_t all = r->image->page_count * NVS_PAGE_BYTES;
    bool whole = true;
    *size = 0;
    for (unsigned i = 0; i < count; i++) {
        struct nvs_item *chunk =
            first + i < ENTRY_NO_CHUNK ? find_chunk(r, index, first + i) : NULL;
        size_t n = chunk ? load_u16(chunk->at + ENTRY_VALUE_AT) : 0;
        whole = whole && chunk && !chunk->used && n <= all - r->blobs_used - *size;
        if (!whole)
            continue;
        chunk->used = true;
        memcpy(r->image->blobs + r->blobs_used + *size, chunk->at + NVS_ENTRY_BYTES, n);
        *size += n;
    }
    return whole && *size == load_u32(index->at + ENTRY_VALUE_AT);
}

static bool take_blob(struct nvs_reader *r, struct nvs_item *index, struct nvs_value *value)
{
    if (!join(r, index, &value->size_bytes)) {
        nvs_add_problem(r, NVS_BLOB_PARTS, index->page, index->entry,
                        "The blob '%s' of %u bytes in %u chunks is not whole; the firmware erases "
                        "it",
                        item_key(index), (unsigned)load_u32(index->at + ENTRY_VALUE_AT),
                        index->at[INDEX_COUNT_AT]);
        return false;
    }
    value->bytes = r->image->blobs + r->blobs_used;
    r->blobs_used += value->size_bytes;
    return true;
}

static void find_stray_chunks(struct nvs_reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct nvs_item *it = &r->items[i];
        if (is_chunk(it) && !it->gone && !it->used)
            nvs_add_problem(r, NVS_BLOB_STRAY, it->page, it->entry,
                            "A chunk of '%s' belongs to no whole blob; the firmware erases it",
                            item_key(it));
    }
}

/* ---- Values ---- */

static void take_plain(const struct nvs_item *it, struct nvs_value *value)
{
    size_t number_bytes = nvs_number_bytes(item_type(it));
    for (size_t i = 0; i < number_bytes; i++)
        value->bits |= (uint64_t)it->at[ENTRY_VALUE_AT + i] << (8 * i);
    if (number_bytes > 0)
        return;
    size_t n = load_u16(it->at + ENTRY_VALUE_AT);
    value->bytes = it->at + NVS_ENTRY_BYTES;
    value->size_bytes = n;
    if (item_type(it) == NVS_STRING && n > 0 && value->bytes[n - 1] == 0)
        value->size_bytes--;
}

static bool take_content(struct nvs_reader *r, struct nvs_item *it, struct nvs_value *value)
{
    if (item_type(it) == NVS_BLOB)
        return take_blob(r, it, value);
    take_plain(it, value);
    return true;
}

static void take_item(struct nvs_reader *r, struct nvs_item *it)
{
    struct nvs_image *image = r->image;
    struct nvs_value *value = &image->values[image->value_count];
    *value = (struct nvs_value){ .space = image->spaces[item_space(it)],
                                 .type = (enum nvs_type)item_type(it),
                                 .page = it->page,
                                 .entry = it->entry };
    memcpy(value->key, item_key(it), NVS_NAME_CAP);
    if (!take_content(r, it, value))
        return;
    if (value->space[0])
        image->value_count++;
    else
        nvs_add_problem(r, NVS_NO_SPACE, it->page, it->entry,
                        "The key '%s' is in namespace %u, which nothing defines: nobody can read "
                        "it",
                        value->key, item_space(it));
}

static bool has_blobs(const struct nvs_reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (item_type(&r->items[i]) == NVS_BLOB)
            return true;
    }
    return false;
}

bool nvs_resolve(struct nvs_reader *r)
{
    struct nvs_image *image = r->image;
    image->values = calloc(r->count + 1, sizeof *image->values);
    if (!image->values || !sort_items(r))
        return false;
    if (has_blobs(r)) {
        image->blobs = malloc(image->page_count * NVS_PAGE_BYTES);
        if (!image->blobs)
            return false;
    }
    find_equals(r);
    take_spaces(r);
    for (size_t i = 0; i < r->count; i++) {
        struct nvs_item *it = &r->items[i];
        if (item_space(it) != 0 && !it->gone && !is_chunk(it))
            take_item(r, it);
    }
    find_stray_chunks(r);
    return true;
}
