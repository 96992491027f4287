#include "core/flash/flash.h"

#include "core/base/bytes.h"
#include "core/flash/fast_write.h"
#include "core/flash/readflash.h"
#include "core/images/forecast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_TRIES 3
#define WRITE_MS    10000u
#define MD5_ANSWERS 3 /* of which two must agree where none is the right one */

uint32_t flash_told_bytes(uint32_t flash_bytes)
{
    return flash_bytes ? flash_bytes : FLASH_ASSUMED_BYTES;
}

void flash_foresee_size(struct loader *l, uint32_t flash_bytes)
{
    loader_first_set_params(l, flash_told_bytes(flash_bytes));
}

bool flash_set_size(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_told_bytes(flash_bytes);
    if (!l->kind->has_set_params || loader_spi_set_params(l, bytes, e))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Setting the flash size");
}

bool flash_erase_all(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_told_bytes(flash_bytes);
    uint32_t timeout_ms = loader_timeout_ms(bytes, LOADER_ERASE_MS_PER_MB);
    if (l->kind->erase_all(l, bytes, timeout_ms, e))
        return true;
    err_as_phase(e, ERR_ERASE);
    return err_wrap(e, "Erasing the whole flash");
}

/* A stub gives the failure of its last write as the answer to the next command, whatever that is.
 * Where nothing was sent, or an answer has come since, the failure is that of the command. */
static bool told_late(const struct loader *l, const struct err *e)
{
    return e->code == ERR_REFUSED && l->kind->answers_early && l->unsettled_bytes > 0 &&
           e->chip_status[0] == l->kind->late_failure;
}

/* How long the stub may take for what it has acknowledged. */
static uint32_t unsettled_ms(const struct loader *l)
{
    return loader_timeout_ms(l->unsettled_bytes, LOADER_WRITE_MS_PER_MB);
}

/* Every answer says that the work of before is done. */
static bool mark_settled(struct loader *l)
{
    l->unsettled_bytes = 0;
    return true;
}

/* A ROM acknowledges a block when it is written; a stub as soon as it has written what it
 * acknowledged before. */
static uint32_t block_timeout_ms(const struct loader *l, const struct plan_frames *f, uint32_t i)
{
    return l->kind->answers_early ? unsettled_ms(l)
                                  : loader_timeout_ms(f->flash_bytes[i], LOADER_WRITE_MS_PER_MB);
}

/* One region on its way into the flash. */
struct writer {
    struct loader *l;
    const struct plan_region *r;
    const struct plan_frames *f;
    uint32_t sent; /* blocks */
};

static bool send_block(struct writer *w, struct err *e)
{
    const struct plan_frames *f = w->f;
    struct link *link = &w->l->link;
    uint32_t i = w->sent++;
    size_t n = f->at[i + 1] - f->at[i];
    return link_write(link, f->command, f->bytes + f->at[i], n, link_deadline(link, n, WRITE_MS),
                      e);
}

static struct loader_begin announce(const struct writer *w)
{
    const struct plan_region *r = w->r;
    const struct loader *l = w->l;
    return (struct loader_begin){
        .compressed = w->f->command == CMD_FLASH_DEFL_DATA,
        .bytes = l->kind->begin_bytes(r->addr, r->size_bytes),
        .blocks = w->f->count,
        .block_bytes = w->f->block_bytes,
        .addr = r->addr,
        .timeout_ms = l->kind->answers_early
                          ? unsettled_ms(l)
                          : loader_timeout_ms(r->size_bytes, LOADER_ERASE_MS_PER_MB),
    };
}

/* The first block goes with it where it may: then neither can be asked for again. */
static bool send_begin(struct writer *w, const struct loader_begin *b, struct err *e)
{
    struct loader *l = w->l;
    if (!loader_takes_two(l))
        return loader_flash_begin(l, b, e);
    return loader_flash_begin_ask(l, b, e) && send_block(w, e) &&
           loader_flash_begin_answer(l, b, e);
}

static bool begin(struct writer *w, struct err *e)
{
    struct loader *l = w->l;
    const struct loader_begin b = announce(w);
    if (send_begin(w, &b, e)) {
        /* A stub answers, and then erases ahead. */
        l->unsettled_bytes = l->kind->erase_ahead_bytes;
        return true;
    }
    if (told_late(l, e)) {
        err_as_phase(e, ERR_WRITE);
        return err_wrap(e, "The last block before it was not written");
    }
    return err_as_phase(e, ERR_ERASE);
}

static bool await_block(struct writer *w, uint32_t i, struct err *e)
{
    const struct plan_frames *f = w->f;
    struct loader *l = w->l;
    struct reply r;
    struct deadline d = link_deadline(&l->link, f->at[i + 1] - f->at[i], block_timeout_ms(l, f, i));
    if (!link_await(&l->link, f->command, 0, false, d, &r, e))
        return false;
    l->unsettled_bytes =
        l->kind->answers_early ? f->flash_bytes[i] + l->kind->erase_ahead_bytes : 0;
    return true;
}

static bool try_block(struct writer *w, uint32_t i, struct err *e)
{
    bool under_way = w->sent > i;
    return (under_way || send_block(w, e)) && await_block(w, i, e);
}

/* Only one status of some loaders says that the block was refused and nothing of it taken. After
 * anything else the block may be in the flash or an earlier one may be missing, so the image starts
 * again. */
static bool may_repeat(const struct loader *l, const struct err *e)
{
    return e->code == ERR_REFUSED && l->kind->block_refused != 0 &&
           e->chip_status[0] == l->kind->block_refused;
}

static bool block_failed(const struct loader *l, const struct plan_frames *f, uint32_t i,
                         struct err *e)
{
    bool late = i > 0 && told_late(l, e);
    err_as_phase(e, ERR_WRITE);
    if (late)
        return err_wrap(e, "Block %u of %u was not written; told with the next one", i, f->count);
    return err_wrap(e, "Block %u of %u", i + 1, f->count);
}

static bool write_block(struct writer *w, uint32_t i, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        struct err failure = { 0 };
        if (try_block(w, i, &failure))
            return true;
        if (attempt < BLOCK_TRIES && may_repeat(w->l, &failure)) {
            w->sent = i;
            continue;
        }
        *e = failure;
        return block_failed(w->l, w->f, i, e);
    }
}

bool flash_settle(struct loader *l, struct err *e)
{
    if (!l->kind->answers_early || (loader_settle(l, unsettled_ms(l), e) && mark_settled(l)))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Waiting for the last block to be in the flash");
}

static const struct plan_frames *frames_for(const struct loader *l, const struct plan_region *r)
{
    const struct plan_frames *small = &r->frames[l->kind->frames_over_otg];
    return l->small_blocks && small->count > 0 ? small : &r->frames[l->kind->frames];
}

static bool write_ahead(struct loader *l, const struct plan_region *r,
                        const struct flash_progress *progress, struct err *e)
{
    l->unsettled_bytes += r->size_bytes + l->kind->erase_ahead_bytes;
    if (fast_write(l, r, progress, e))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
}

static bool write_at_once(struct loader *l, const struct plan_region *r,
                          const struct flash_progress *progress, struct err *e)
{
    if (l->kind->takes_window)
        return write_ahead(l, r, progress, e);
    const struct plan_frames *f = frames_for(l, r);
    struct writer w = { .l = l, .r = r, .f = f };
    uint32_t done = 0;
    if (!begin(&w, e))
        return err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
    for (uint32_t i = 0; i < f->count; i++) {
        if (!write_block(&w, i, e))
            return err_wrap(e, "Writing %s at 0x%x", r->name, r->addr);
        done += f->flash_bytes[i];
        progress->tell(progress->ctx, done < r->size_bytes ? done : r->size_bytes);
    }
    return true;
}

/* Progress of a piece, as progress of its region. */
struct piece_progress {
    const struct flash_progress *whole;
    uint32_t before_bytes;
};

static void tell_piece(void *ctx, uint32_t flash_bytes_done)
{
    struct piece_progress *p = ctx;
    p->whole->tell(p->whole->ctx, p->before_bytes + flash_bytes_done);
}

bool flash_write_pieces(struct loader *l, const struct plan_region *r, const bool *changed,
                        const struct flash_progress *progress, struct err *e)
{
    struct piece_progress at = { .whole = progress };
    const struct flash_progress inner = { tell_piece, &at };
    for (uint32_t i = 0; i < r->piece_count; i++) {
        bool wanted = !changed || changed[i];
        if (wanted && !write_at_once(l, &r->pieces[i], &inner, e))
            return false;
        at.before_bytes += r->pieces[i].size_bytes;
        if (!wanted)
            progress->tell(progress->ctx, at.before_bytes);
    }
    return true;
}

/* Only of stubs that were seen to gain by it, see flight.h. */
static bool goes_in_pieces(const struct loader *l, const struct plan_region *r)
{
    const struct plan_frames *f = frames_for(l, r);
    return l->kind->in_flight > 1 && f == &r->frames[FRAMES_STUB] && r->piece_count > 1 &&
           forecast_pieces_pay(r, f, l->link.port->baud);
}

bool flash_write(struct loader *l, const struct plan_region *r,
                 const struct flash_progress *progress, struct err *e)
{
    return goes_in_pieces(l, r) ? flash_write_pieces(l, r, NULL, progress, e)
                                : write_at_once(l, r, progress, e);
}

/* ---- Verify ---- */

static uint32_t md5_ms(const struct loader *l, uint32_t bytes)
{
    return loader_timeout_ms(bytes, LOADER_MD5_MS_PER_MB) + unsettled_ms(l);
}

static bool ask_md5(struct loader *l, uint32_t addr, uint32_t bytes,
                    uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return loader_md5(l, addr, bytes, md5_ms(l, bytes), found, e) && mark_settled(l);
}

bool flash_part_is_right(struct loader *l, const struct plan_region *r, uint32_t at, uint32_t bytes,
                         bool *right, struct err *e)
{
    uint8_t found[DIGEST_MD5_BYTES], wanted[DIGEST_MD5_BYTES];
    if (!digest_md5(r->bytes + at, bytes, wanted))
        return err_set(e, ERR_STATION, "Out of memory");
    if (!ask_md5(l, r->addr + at, bytes, found, e))
        return false;
    *right = memcmp(found, wanted, sizeof found) == 0;
    return true;
}

/* Halves the region with the chip's own MD5 until one word is left: about twenty questions. */
static bool find_difference(struct loader *l, const struct plan_region *r, uint32_t *at,
                            struct err *e)
{
    uint32_t first = 0, bytes = r->size_bytes;
    while (bytes > 4) {
        uint32_t half = round_up_u32(bytes / 2, 4);
        bool right = false;
        if (!flash_part_is_right(l, r, first, half, &right, e))
            return false;
        if (right)
            first += half;
        bytes = right ? bytes - half : half;
    }
    *at = first;
    return true;
}

static bool is_blank(const struct plan_region *r, const uint8_t found[static DIGEST_MD5_BYTES])
{
    uint8_t blank_md5[DIGEST_MD5_BYTES];
    uint8_t *blank = malloc(r->size_bytes);
    if (!blank)
        return false;
    memset(blank, 0xFF, r->size_bytes);
    bool ok = digest_md5(blank, r->size_bytes, blank_md5);
    free(blank);
    return ok && memcmp(blank_md5, found, sizeof blank_md5) == 0;
}

/* A word of the flash, and where it goes. */
struct word {
    uint8_t bytes[4];
};

static bool take_word(void *ctx, const uint8_t *bytes, size_t n, struct err *e)
{
    (void)e;
    memcpy(((struct word *)ctx)->bytes, bytes, n);
    return true;
}

/* Which byte of the word it is, and what it holds. False: it cannot be read, or is right now. */
static bool find_byte(struct loader *l, const struct plan_region *r, uint32_t *at, uint8_t *is)
{
    struct word word;
    const struct readflash_sink sink = { take_word, &word };
    struct err ignored = { 0 };
    if (!readflash(l, r->addr + *at, sizeof word.bytes, &sink, &ignored))
        return false;
    for (uint32_t i = 0; i < sizeof word.bytes; i++) {
        if (word.bytes[i] == r->bytes[*at + i])
            continue;
        *at += i;
        *is = word.bytes[i];
        return true;
    }
    return false;
}

static bool explain_difference(struct loader *l, const struct plan_region *r,
                               const uint8_t found[static DIGEST_MD5_BYTES],
                               struct flash_difference *differs, struct err *e)
{
    char wanted_text[2 * DIGEST_MD5_BYTES + 1], found_text[2 * DIGEST_MD5_BYTES + 1];
    uint32_t at = 0;
    uint8_t is;
    struct err ignored = { 0 };
    digest_hex(r->md5, DIGEST_MD5_BYTES, wanted_text);
    digest_hex(found, DIGEST_MD5_BYTES, found_text);
    *differs = (struct flash_difference){ .known = is_blank(r, found), .addr = r->addr };
    if (differs->known) {
        err_set(e, ERR_VERIFY, "%s at 0x%x: the flash is still blank (all FF)", r->name, r->addr);
        return err_hint(e, "The flash may be write-protected: check its WP pin and status bits.");
    }
    if (!find_difference(l, r, &at, &ignored))
        return err_set(e, ERR_VERIFY, "%s at 0x%x: MD5 is %s, not %s", r->name, r->addr, found_text,
                       wanted_text);
    bool exact = find_byte(l, r, &at, &is);
    *differs = (struct flash_difference){ .known = true, .addr = r->addr + at };
    if (exact)
        return err_set(e, ERR_VERIFY,
                       "%s at 0x%x: the flash differs from byte 0x%x on, which is %02X, not %02X",
                       r->name, r->addr, differs->addr, is, r->bytes[at]);
    return err_set(e, ERR_VERIFY,
                   "%s at 0x%x: MD5 is %s, not %s; the flash differs from byte 0x%x on", r->name,
                   r->addr, found_text, wanted_text, differs->addr);
}

bool flash_md5_ask(struct loader *l, const struct plan_region *r, struct err *e)
{
    return loader_md5_ask(l, r->addr, r->size_bytes, e);
}

static bool no_md5(const struct loader *l, const struct plan_region *r, struct err *e)
{
    bool late = told_late(l, e), refused = e->code == ERR_REFUSED;
    bool lost = e->code == ERR_TIMEOUT || e->code == ERR_FRAME;
    err_as_phase(e, late ? ERR_WRITE : ERR_VERIFY);
    if (lost)
        err_hint(e, "What the flash holds is not known: check the cable, then try again.");
    else if (refused && !late)
        err_hint(e, "What the flash holds is not known: reset the board, then try again.");
    return err_wrap(e, "%s at 0x%x: %s", r->name, r->addr,
                    late ? "its last block was not written" : "asking for its MD5");
}

bool flash_md5_answer(struct loader *l, const struct plan_region *r,
                      uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    if (loader_md5_answer(l, md5_ms(l, r->size_bytes), found, e))
        return mark_settled(l);
    return no_md5(l, r, e);
}

bool flash_md5(struct loader *l, const struct plan_region *r,
               uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return ask_md5(l, r->addr, r->size_bytes, found, e) || no_md5(l, r, e);
}

static bool is_same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, DIGEST_MD5_BYTES) == 0;
}

/* The flash has not changed in between, so the answers have, on the wire; cured like what it loses.
 */
static bool answers_differ(const struct plan_region *r, struct err *e)
{
    err_set(e, ERR_FRAME, "%s at 0x%x: asked for its MD5, the board says another one each time",
            r->name, r->addr);
    err_as_phase(e, ERR_VERIFY);
    return err_hint(e, "What the flash holds is not known: check the cable, and try again at a "
                       "lower rate.");
}

/* One digest alone may have been turned on the wire: it is told, and nothing is concluded. */
static bool says_no_more(const struct plan_region *r, const uint8_t found[static DIGEST_MD5_BYTES],
                         const struct err *silence, struct err *e)
{
    char wanted_text[2 * DIGEST_MD5_BYTES + 1], found_text[2 * DIGEST_MD5_BYTES + 1];
    digest_hex(r->md5, DIGEST_MD5_BYTES, wanted_text);
    digest_hex(found, DIGEST_MD5_BYTES, found_text);
    *e = *silence;
    e->code = ERR_VERIFY;
    snprintf(e->what, sizeof e->what, "%.60s at 0x%x: MD5 is %s, not %s, and was not said twice",
             r->name, r->addr, found_text, wanted_text);
    return false;
}

/* No answer carries a check of its own: a digest that came twice is the chip's. *found is that, or
 * the right one. */
static bool confirm(struct loader *l, const struct plan_region *r,
                    uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    uint8_t said[MD5_ANSWERS][DIGEST_MD5_BYTES];
    memcpy(said[0], found, sizeof said[0]);
    for (int n = 1; n < MD5_ANSWERS; n++) {
        struct err silence = { 0 };
        if (!flash_md5(l, r, said[n], &silence))
            return says_no_more(r, found, &silence, e);
        memcpy(found, said[n], sizeof said[n]);
        if (is_same(found, r->md5))
            return true;
        for (int before = 0; before < n; before++) {
            if (is_same(found, said[before]))
                return true;
        }
    }
    return answers_differ(r, e);
}

bool flash_judge(struct loader *l, const struct plan_region *r,
                 uint8_t found[static DIGEST_MD5_BYTES], struct flash_difference *differs,
                 struct err *e)
{
    *differs = (struct flash_difference){ .known = false };
    if (is_same(found, r->md5))
        return true;
    if (!confirm(l, r, found, e))
        return false;
    return is_same(found, r->md5) || explain_difference(l, r, found, differs, e);
}
