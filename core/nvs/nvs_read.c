/*
 * Reading NVS. The pages are judged and put in order, then their entries: what stands all checks
 * becomes an item. What becomes of items is in nvs_resolve.c.
 */
#include "core/base/err.h"
#include "core/base/plain.h"
#include "core/nvs/nvs_read_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nvs_add_problem(struct nvs_reader *r, enum nvs_fault fault, size_t page, int entry,
                     const char *fmt, ...)
{
    struct nvs_image *image = r->image;
    va_list ap;
    image->problem_total++;
    if (image->problem_count == NVS_PROBLEMS_MAX)
        return;
    struct nvs_problem *p = &image->problems[image->problem_count++];
    *p = (struct nvs_problem){ .fault = fault, .page = page, .entry = entry };
    va_start(ap, fmt);
    vsnprintf(p->what, sizeof p->what, fmt, ap);
    va_end(ap);
    plain_make(p->what);
}

/* ---- Pages ---- */

static bool all_ff(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0xFF)
            return false;
    }
    return true;
}

static enum nvs_page_state state_of(const uint8_t *page)
{
    switch (load_u32(page)) {
    case PAGE_STATE_ACTIVE:
        return NVS_PAGE_ACTIVE;
    case PAGE_STATE_FULL:
        return NVS_PAGE_FULL;
    case PAGE_STATE_FREEING:
        return NVS_PAGE_FREEING;
    case PAGE_STATE_EMPTY:
        return all_ff(page, NVS_PAGE_BYTES) ? NVS_PAGE_EMPTY : NVS_PAGE_CORRUPT;
    default:
        return NVS_PAGE_CORRUPT;
    }
}

static void count_entries(const uint8_t *bytes, struct nvs_page *page)
{
    for (unsigned i = 0; i < NVS_PAGE_ENTRIES; i++) {
        enum entry_state state = entry_state(bytes, i);
        page->written += state == ENTRY_WRITTEN;
        page->erased += state == ENTRY_ERASED || state == ENTRY_ILLEGAL;
        page->unused += state == ENTRY_UNUSED;
    }
}

static void judge_page(struct nvs_reader *r, size_t i)
{
    const uint8_t *bytes = r->bytes + i * NVS_PAGE_BYTES;
    struct nvs_page *page = &r->image->pages[i];
    page->state = state_of(bytes);
    if (page->state == NVS_PAGE_EMPTY) {
        page->unused = NVS_PAGE_ENTRIES;
        return;
    }
    if (page->state == NVS_PAGE_CORRUPT) {
        nvs_add_problem(r, NVS_PAGE_STATE, i, -1,
                        "It begins with %08X, which is no state of a page; the firmware takes it "
                        "for free, and what was in it is lost",
                        (unsigned)load_u32(bytes));
        return;
    }
    if (load_u32(bytes + PAGE_CRC_AT) != page_crc(bytes)) {
        page->state = NVS_PAGE_CORRUPT;
        nvs_add_problem(r, NVS_PAGE_CRC, i, -1,
                        "The CRC of its header is wrong; the firmware reads nothing of it and "
                        "erases it");
        return;
    }
    page->sequence = load_u32(bytes + PAGE_SEQUENCE_AT);
    page->version = 0x100u - bytes[PAGE_VERSION_AT];
    count_entries(bytes, page);
    if (page->version > 2)
        nvs_add_problem(r, NVS_NEW_VERSION, i, -1,
                        "It is of version %u, and firmware knows 1 and 2: it stops with 0x1110, "
                        "after which most applications erase all of NVS",
                        page->version);
    if (page->state == NVS_PAGE_FREEING)
        nvs_add_problem(r, NVS_PAGE_MOVING, i, -1,
                        "The power went while its values were moved to another page; the firmware "
                        "goes on with that at its next start");
}

static bool is_read(const struct nvs_page *page)
{
    return page->state != NVS_PAGE_EMPTY && page->state != NVS_PAGE_CORRUPT && page->version <= 2;
}

struct ranked {
    uint32_t sequence;
    size_t page;
};

static int by_sequence(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return (x->page > y->page) - (x->page < y->page);
}

/* The pages that are read, in the order of their use. */
static size_t rank_pages(struct nvs_reader *r, struct ranked *ranked)
{
    size_t n = 0;
    for (size_t i = 0; i < r->image->page_count; i++) {
        if (is_read(&r->image->pages[i]))
            ranked[n++] = (struct ranked){ r->image->pages[i].sequence, i };
    }
    if (n > 0)
        qsort(ranked, n, sizeof *ranked, by_sequence);
    for (size_t i = 1; i < n; i++) {
        if (ranked[i].sequence == ranked[i - 1].sequence)
            nvs_add_problem(r, NVS_PAGE_SEQUENCE, ranked[i].page, -1,
                            "It has number %u, as page %zu has: which of them is older is not "
                            "known",
                            (unsigned)ranked[i].sequence, ranked[i - 1].page);
    }
    return n;
}

/* ---- Entries ---- */

/* Broken entries that follow each other are one problem: behind a broken header there are data. */
struct run {
    enum nvs_fault fault;
    unsigned first, count;
    const char *what; /* NULL: no run */
};

static void end_run(struct nvs_reader *r, size_t page, struct run *run)
{
    if (run->what && run->count > 1)
        nvs_add_problem(r, run->fault, page, (int)run->first,
                        "%s; the firmware erases it, and %u entries behind it that make no sense "
                        "either",
                        run->what, run->count - 1);
    else if (run->what)
        nvs_add_problem(r, run->fault, page, (int)run->first, "%s; the firmware erases it",
                        run->what);
    run->what = NULL;
}

static void add_to_run(struct run *run, enum nvs_fault fault, unsigned entry, const char *what)
{
    if (!run->what)
        *run = (struct run){ fault, entry, 0, what };
    run->count++;
}

static bool has_data(unsigned type)
{
    return type == NVS_STRING || type == NVS_BLOB_V1 || type == NVS_BLOB_DATA;
}

/* Whether its span is what its type and size ask for, and all of it is there. */
static bool span_is_right(const uint8_t *page, unsigned i)
{
    const uint8_t *entry = page + entry_at(i);
    unsigned span = entry[2];
    unsigned want = has_data(entry[1]) ? span_of(load_u16(entry + ENTRY_VALUE_AT)) : 1;
    if (span != want || i + span > NVS_PAGE_ENTRIES)
        return false;
    for (unsigned k = i; k < i + span; k++) {
        if (entry_state(page, k) != ENTRY_WRITTEN)
            return false;
    }
    return true;
}

static bool key_is_right(const uint8_t *entry)
{
    return entry[ENTRY_KEY_AT] != 0 && memchr(entry + ENTRY_KEY_AT, 0, NVS_NAME_CAP) != NULL;
}

/* NULL: the header is right. */
static const char *judge_entry(struct nvs_reader *r, const uint8_t *page, unsigned i,
                               enum nvs_fault *fault)
{
    const uint8_t *entry = page + entry_at(i);
    bool sound = load_u32(entry + ENTRY_CRC_AT) == entry_crc(entry);
    r->sound += sound;
    r->broken += !sound;
    *fault = NVS_ENTRY_CRC;
    if (!sound)
        return "Its CRC is wrong";
    *fault = NVS_ENTRY_TYPE;
    if (!nvs_type_word(entry[1]))
        return "Its type is none that firmware knows";
    *fault = NVS_ENTRY_SPAN;
    if (!span_is_right(page, i))
        return "It does not take as many entries as its size needs";
    *fault = NVS_ENTRY_KEY;
    return key_is_right(entry) ? NULL : "Its key is empty or has no end";
}

static void judge_value(struct nvs_reader *r, size_t page, unsigned i, struct nvs_item *item)
{
    const uint8_t *entry = item->at;
    if (!has_data(entry[1]))
        return;
    size_t n = load_u16(entry + ENTRY_VALUE_AT);
    const uint8_t *data = entry + NVS_ENTRY_BYTES;
    if (load_u32(entry + ENTRY_DATA_CRC_AT) != nvs_crc(data, n)) {
        item->gone = true;
        nvs_add_problem(r, NVS_VALUE_CRC, page, (int)i,
                        "The CRC of the value of '%s' is wrong: the firmware does not find it, and "
                        "erases it when it is read",
                        item_key(item));
    } else if (entry[1] == NVS_STRING && (n == 0 || data[n - 1] != 0)) {
        nvs_add_problem(r, NVS_VALUE_NUL, page, (int)i,
                        "The string '%s' has no NUL at its end: whoever prints it reads on",
                        item_key(item));
    }
}

static void judge_unwritten(struct nvs_reader *r, const uint8_t *bytes, size_t page, unsigned i)
{
    enum entry_state state = entry_state(bytes, i);
    if (state == ENTRY_ILLEGAL)
        nvs_add_problem(r, NVS_BITMAP, page, (int)i,
                        "It is neither written nor erased; the firmware takes it for erased");
    else if (state == ENTRY_UNUSED && !all_ff(bytes + entry_at(i), NVS_ENTRY_BYTES))
        nvs_add_problem(r, NVS_PAGE_STRAY, page, (int)i,
                        "It is not written and yet not blank; a value that is put there is "
                        "spoiled");
}

static void walk_page(struct nvs_reader *r, size_t page, uint32_t rank)
{
    const uint8_t *bytes = r->bytes + page * NVS_PAGE_BYTES;
    struct run run = { .what = NULL };
    for (unsigned i = 0; i < NVS_PAGE_ENTRIES;) {
        enum nvs_fault fault;
        if (entry_state(bytes, i) != ENTRY_WRITTEN) {
            end_run(r, page, &run);
            judge_unwritten(r, bytes, page, i++);
            continue;
        }
        const char *what = judge_entry(r, bytes, i, &fault);
        if (what) {
            add_to_run(&run, fault, i++, what);
            continue;
        }
        end_run(r, page, &run);
        struct nvs_item *item = &r->items[r->count++];
        *item = (struct nvs_item){ .at = bytes + entry_at(i),
                                   .rank = rank,
                                   .page = (uint32_t)page,
                                   .entry = (uint8_t)i,
                                   .on_active = r->image->pages[page].state == NVS_PAGE_ACTIVE };
        judge_value(r, page, i, item);
        i += item->at[2];
    }
    end_run(r, page, &run);
}

/* ---- The whole ---- */

/* A page of garbage counts as free for the firmware too, and is told anyway. */
static void judge_room(struct nvs_reader *r, bool read_only)
{
    struct nvs_image *image = r->image;
    size_t empty = 0, unused = 0;
    for (size_t i = 0; i < image->page_count; i++) {
        empty += image->pages[i].state == NVS_PAGE_EMPTY;
        if (image->pages[i].state == NVS_PAGE_ACTIVE)
            unused += image->pages[i].unused;
    }
    image->free_entries = unused + (empty > 1 ? (empty - 1) * NVS_PAGE_ENTRIES : 0);
    if (empty == 0 && !read_only)
        nvs_add_problem(r, NVS_NO_FREE_PAGE, 0, -1,
                        "No page is free: the firmware stops with 0x110D, after which most "
                        "applications erase all of NVS");
}

static bool get_memory(struct nvs_reader *r, struct ranked **ranked)
{
    struct nvs_image *image = r->image;
    image->pages = calloc(image->page_count, sizeof *image->pages);
    image->problems = calloc(NVS_PROBLEMS_MAX, sizeof *image->problems);
    *ranked = calloc(image->page_count, sizeof **ranked);
    return image->pages && image->problems && *ranked;
}

/* An item for each entry that is written on pages that are read; one at least. */
static bool get_items(struct nvs_reader *r)
{
    size_t cap = 1;
    for (size_t i = 0; i < r->image->page_count; i++)
        cap += r->image->pages[i].written;
    r->items = calloc(cap, sizeof *r->items);
    r->cap = cap;
    return r->items != NULL;
}

static bool check_size(size_t n, struct err *e)
{
    if (n > 0 && n % NVS_PAGE_BYTES == 0 && n <= NVS_IMAGE_BYTES)
        return true;
    err_set(e, ERR_IMAGE, "It has %zu bytes; an NVS partition is a multiple of 4096, up to 16 MiB",
            n);
    return err_hint(e, "Read the whole partition; its place and size are in the partition table.");
}

static bool read_pages(struct nvs_reader *r, struct ranked *ranked)
{
    for (size_t i = 0; i < r->image->page_count; i++)
        judge_page(r, i);
    if (!get_items(r))
        return false;
    size_t n = rank_pages(r, ranked);
    for (size_t i = 0; i < n; i++)
        walk_page(r, ranked[i].page, (uint32_t)i);
    r->image->unreadable = r->broken > 0 && r->sound == 0;
    return nvs_resolve(r);
}

bool nvs_read(const uint8_t *bytes, size_t n, bool read_only, struct nvs_image *image,
              struct err *e)
{
    struct nvs_reader r = { .bytes = bytes, .image = image };
    struct ranked *ranked = NULL;
    memset(image, 0, sizeof *image);
    if (!check_size(n, e))
        return false;
    image->page_count = n / NVS_PAGE_BYTES;
    bool ok = get_memory(&r, &ranked) && read_pages(&r, ranked);
    if (ok)
        judge_room(&r, read_only);
    free(ranked);
    free(r.items);
    free(r.order);
    return ok || err_set(e, ERR_STATION, "Out of memory to read NVS");
}

void nvs_image_done(struct nvs_image *image)
{
    free(image->pages);
    free(image->values);
    free(image->problems);
    free(image->blobs);
    memset(image, 0, sizeof *image);
}
