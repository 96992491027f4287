#include "core/images/intel_hex.h"

#include "core/facts/chip.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_BYTES_MAX  260u       /* count, address, type, 255 bytes, checksum */
#define RECORD_BYTES_MIN  5u         /* without data */
#define PIECES_MAX        (1u << 20) /* a file for a flash has a few */
#define ADDRESS_END       ((uint64_t)1 << 32)
#define SEGMENT_END_BYTES 0x10000u
#define LOOK_BYTES        512u /* of a file, to see that it is text */
#define BOM_BYTES         3u

enum record_type {
    RECORD_DATA = 0,
    RECORD_END = 1,
    RECORD_SEGMENT = 2,
    RECORD_START_SEGMENT = 3,
    RECORD_LINEAR = 4,
    RECORD_START_LINEAR = 5
};

struct record {
    uint8_t bytes[RECORD_BYTES_MAX];
    uint8_t count;
    uint16_t addr;
    uint8_t type;
    const uint8_t *data;
};

/* Data that came without a gap. */
struct piece {
    uint64_t addr;
    size_t at; /* in reader.bytes */
    size_t size_bytes;
};

struct reader {
    const uint8_t *text;
    size_t n, at;
    unsigned line;
    uint64_t base_addr;
    bool linear; /* the base came with type 04, under which addresses count on */
    bool ended;
    uint8_t *bytes; /* what all data records hold, in the order of the file */
    size_t have;
    struct piece *pieces;
    size_t piece_count, piece_cap;
};

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for an Intel HEX file");
}

/* ---- Records ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(uint8_t c)
{
    return c == '\r' || c == ' ' || c == '\t';
}

/* Editors of some systems put a mark in front of a text that says it is UTF-8. */
static size_t mark_bytes(const uint8_t *text, size_t n)
{
    return n >= BOM_BYTES && memcmp(text, "\xEF\xBB\xBF", BOM_BYTES) == 0 ? BOM_BYTES : 0;
}

/* The next line without its end and what is blank around it; false behind the last one. Blank lines
 * are passed over. */
static bool next_line(struct reader *r, const uint8_t **line, size_t *n)
{
    while (r->at < r->n) {
        const uint8_t *from = r->text + r->at;
        const uint8_t *end = memchr(from, '\n', r->n - r->at);
        size_t length = end ? (size_t)(end - from) : r->n - r->at;
        r->at += length + (end ? 1 : 0);
        r->line++;
        while (length > 0 && is_blank(from[length - 1]))
            length--;
        for (; length > 0 && is_blank(from[0]); length--)
            from++;
        *line = from;
        *n = length;
        if (length > 0)
            return true;
    }
    return false;
}

static bool read_digits(const struct reader *r, const uint8_t *line, size_t n, struct record *out,
                        struct err *e)
{
    if (line[0] != ':')
        return err_set(e, ERR_IMAGE, "line %u does not begin with ':'", r->line);
    size_t bytes = (n - 1) / 2;
    if ((n - 1) % 2 != 0 || bytes < RECORD_BYTES_MIN || bytes > RECORD_BYTES_MAX)
        return err_set(e, ERR_IMAGE, "line %u has %zu characters, which is no whole record",
                       r->line, n);
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_digit(line[1 + 2 * i]), low = hex_digit(line[2 + 2 * i]);
        if (high < 0 || low < 0)
            return err_set(e, ERR_IMAGE, "line %u holds something else than hexadecimal digits",
                           r->line);
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (bytes != RECORD_BYTES_MIN + out->bytes[0])
        return err_set(e, ERR_IMAGE, "line %u announces %u bytes of data and holds %zu", r->line,
                       out->bytes[0], bytes - RECORD_BYTES_MIN);
    return true;
}

static bool read_record(const struct reader *r, const uint8_t *line, size_t n, struct record *out,
                        struct err *e)
{
    uint8_t sum = 0;
    if (!read_digits(r, line, n, out, e))
        return false;
    out->count = out->bytes[0];
    out->addr = (uint16_t)(out->bytes[1] << 8 | out->bytes[2]);
    out->type = out->bytes[3];
    out->data = out->bytes + 4;
    for (size_t i = 0; i < 4u + out->count; i++)
        sum = (uint8_t)(sum + out->bytes[i]);
    uint8_t wanted = (uint8_t)-sum, found = out->data[out->count];
    return wanted == found ||
           err_set(e, ERR_IMAGE, "line %u has checksum %02X, and its bytes give %02X", r->line,
                   found, wanted);
}

/* ---- Data ---- */

static struct piece *add_piece(struct reader *r, struct err *e)
{
    if (r->piece_count == PIECES_MAX) {
        err_set(e, ERR_IMAGE, "line %u: the data lie scattered in more than %u pieces", r->line,
                PIECES_MAX);
        return NULL;
    }
    if (r->piece_count == r->piece_cap) {
        size_t cap = r->piece_cap ? 2 * r->piece_cap : 16;
        struct piece *more = realloc(r->pieces, cap * sizeof *more);
        if (!more) {
            no_memory(e);
            return NULL;
        }
        r->pieces = more;
        r->piece_cap = cap;
    }
    return &r->pieces[r->piece_count++];
}

/* Behind the end of 64 KiB addresses count on under type 04. Under type 02 they begin anew, and
 * programs disagree about that, as they do where neither came: so data may not go there. */
static bool take_data(struct reader *r, const struct record *rec, struct err *e)
{
    uint64_t addr = r->base_addr + rec->addr;
    struct piece *last = r->piece_count > 0 ? &r->pieces[r->piece_count - 1] : NULL;
    bool crosses = (uint32_t)rec->addr + rec->count > SEGMENT_END_BYTES;
    if (crosses && !r->linear)
        return err_set(e, ERR_IMAGE,
                       "line %u runs over the end of its 64 KiB, without an address of type 04",
                       r->line);
    if (addr + rec->count > ADDRESS_END)
        return err_set(e, ERR_IMAGE, "line %u runs over the last address", r->line);
    if (rec->count == 0)
        return true;
    if (!last || last->addr + last->size_bytes != addr) {
        last = add_piece(r, e);
        if (!last)
            return false;
        *last = (struct piece){ addr, r->have, 0 };
    }
    memcpy(r->bytes + r->have, rec->data, rec->count);
    r->have += rec->count;
    last->size_bytes += rec->count;
    return true;
}

static bool take_base(struct reader *r, const struct record *rec, unsigned shift, struct err *e)
{
    if (rec->count != 2)
        return err_set(e, ERR_IMAGE, "line %u: an extended address has 2 bytes, this one has %u",
                       r->line, rec->count);
    r->base_addr = (uint64_t)(rec->data[0] << 8 | rec->data[1]) << shift;
    r->linear = rec->type == RECORD_LINEAR;
    return true;
}

static bool take_start(const struct reader *r, const struct record *rec, struct err *e)
{
    return rec->count == 4 ||
           err_set(e, ERR_IMAGE, "line %u: a start address has 4 bytes, this one has %u", r->line,
                   rec->count);
}

static bool take_record(struct reader *r, const struct record *rec, struct err *e)
{
    switch (rec->type) {
    case RECORD_DATA:
        return take_data(r, rec, e);
    case RECORD_END:
        r->ended = rec->count == 0;
        return r->ended || err_set(e, ERR_IMAGE, "line %u: the end record holds data", r->line);
    case RECORD_SEGMENT:
        return take_base(r, rec, 4, e);
    case RECORD_LINEAR:
        return take_base(r, rec, 16, e);
    case RECORD_START_SEGMENT:
    case RECORD_START_LINEAR:
        return take_start(r, rec, e);
    default:
        return err_set(e, ERR_IMAGE, "line %u is of type %02X, which there is not", r->line,
                       rec->type);
    }
}

static bool read_all(struct reader *r, struct err *e)
{
    struct record rec;
    const uint8_t *line;
    size_t n;
    while (next_line(r, &line, &n)) {
        if (r->ended)
            return err_set(e, ERR_IMAGE, "line %u stands behind the end record", r->line);
        if (!read_record(r, line, n, &rec, e) || !take_record(r, &rec, e))
            return false;
    }
    if (!r->ended)
        return err_set(e, ERR_IMAGE, "it stops after line %u, without an end record", r->line);
    return r->piece_count > 0 || err_set(e, ERR_IMAGE, "it holds no data");
}

/* ---- Regions ---- */

static int by_address(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    return (left->addr > right->addr) - (left->addr < right->addr);
}

static bool check_overlap(const struct reader *r, struct err *e)
{
    for (size_t i = 1; i < r->piece_count; i++) {
        const struct piece *before = &r->pieces[i - 1];
        if (r->pieces[i].addr < before->addr + before->size_bytes)
            return err_set(e, ERR_IMAGE, "it gives address 0x%llx twice",
                           (unsigned long long)r->pieces[i].addr);
    }
    return true;
}

static bool share_unit(const struct piece *a, const struct piece *b, uint32_t unit_bytes)
{
    return (a->addr + a->size_bytes - 1) / unit_bytes == b->addr / unit_bytes ||
           a->addr + a->size_bytes == b->addr;
}

/* Regions and bytes that the sorted pieces make. */
static void measure(const struct reader *r, uint32_t unit_bytes, size_t *regions, size_t *bytes)
{
    *regions = *bytes = 0;
    for (size_t i = 0; i < r->piece_count; i++) {
        const struct piece *p = &r->pieces[i];
        bool joins = i > 0 && share_unit(p - 1, p, unit_bytes);
        *bytes += p->size_bytes;
        if (joins)
            *bytes += (size_t)(p->addr - (p - 1)->addr) - (p - 1)->size_bytes;
        else
            (*regions)++;
    }
}

static void put_pieces(const struct reader *r, uint32_t unit_bytes, struct intel_hex *out)
{
    uint8_t *to = out->bytes;
    for (size_t i = 0; i < r->piece_count; i++) {
        const struct piece *p = &r->pieces[i];
        if (i == 0 || !share_unit(p - 1, p, unit_bytes)) {
            out->regions[out->count++] = (struct intel_hex_region){ (uint32_t)p->addr, 0, to };
        } else {
            size_t gap = (size_t)(p->addr - (p - 1)->addr) - (p - 1)->size_bytes;
            memset(to, 0xFF, gap);
            to += gap;
        }
        memcpy(to, r->bytes + p->at, p->size_bytes);
        to += p->size_bytes;
        struct intel_hex_region *region = &out->regions[out->count - 1];
        region->size_bytes = (uint32_t)(to - region->bytes);
    }
}

static bool make_regions(struct reader *r, uint32_t unit_bytes, struct intel_hex *out,
                         struct err *e)
{
    size_t regions, bytes;
    qsort(r->pieces, r->piece_count, sizeof *r->pieces, by_address);
    if (!check_overlap(r, e))
        return false;
    measure(r, unit_bytes, &regions, &bytes);
    if (bytes > CHIP_FLASH_4_BYTES_MAX) /* a few bytes in each sector, filled up, are a lot */
        return err_set(e, ERR_IMAGE, "its data span %zu MB, more than any flash has", bytes >> 20);
    out->regions = calloc(regions, sizeof *out->regions);
    out->bytes = malloc(bytes);
    if (!out->regions || !out->bytes)
        return no_memory(e);
    put_pieces(r, unit_bytes, out);
    return true;
}

/* Whatever its encoding: a comment may hold anything that is no control character. */
static bool is_text(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((bytes[i] < ' ' && !is_blank(bytes[i]) && bytes[i] != '\n') || bytes[i] == 0x7F)
            return false;
    }
    return true;
}

/* ':' and the four bytes that every record has in front of its data. */
static bool begins_record(const uint8_t *line, size_t n)
{
    size_t digits = 0;
    while (1 + digits < n && hex_digit(line[1 + digits]) >= 0)
        digits++;
    return n > 0 && line[0] == ':' && digits >= 8;
}

bool intel_hex_is(const uint8_t *text, size_t n)
{
    struct reader r = { .text = text, .at = mark_bytes(text, n) };
    const uint8_t *line;
    size_t length;
    r.n = n < LOOK_BYTES ? n : LOOK_BYTES;
    if (!is_text(text + r.at, r.n - r.at) || !next_line(&r, &line, &length))
        return false;
    if (line[0] == ':')
        return true;
    while (next_line(&r, &line, &length)) {
        if (begins_record(line, length))
            return true;
    }
    return false;
}

bool intel_hex_read(const uint8_t *text, size_t n, uint32_t unit_bytes, struct intel_hex *out,
                    struct err *e)
{
    struct reader r = { .text = text, .n = n, .at = mark_bytes(text, n) };
    *out = (struct intel_hex){ 0 };
    r.bytes = malloc(n / 2 + 1); /* two digits a byte: more cannot come */
    bool ok = r.bytes ? read_all(&r, e) && make_regions(&r, unit_bytes, out, e) : no_memory(e);
    free(r.pieces);
    free(r.bytes);
    if (!ok)
        intel_hex_done(out);
    return ok;
}

void intel_hex_done(struct intel_hex *hex)
{
    free(hex->regions);
    free(hex->bytes);
    *hex = (struct intel_hex){ 0 };
}
