#include "core/flash/flash.h"

#include "core/base/bytes.h"
#include "core/flash/pace.h"
#include "core/images/cuts.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES      4096u
#define SECTORS_PER_BLOCK 16u
#define BLOCK_TRIES       3
#define WRITE_MS          10000u
#define ERASE_AHEAD_BYTES (128u << 10)

/* 150 ms to erase 64 KiB, 110 ms to write 32, and a quarter more. */
#define LONG_ON_WIRE_US 325000u

bool flash_set_size(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_bytes ? flash_bytes : FLASH_ASSUMED_BYTES;
    if (!l->stub && (l->chip->flags & CHIP_ROM_NO_SPI_SETUP))
        return true;
    if (loader_spi_set_params(l, bytes, e))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Setting the flash size");
}

uint32_t flash_esp8266_erase_bytes(uint32_t addr, uint32_t size_bytes)
{
    uint32_t sectors = round_up_u32(size_bytes, SECTOR_BYTES) / SECTOR_BYTES;
    uint32_t head = SECTORS_PER_BLOCK - addr / SECTOR_BYTES % SECTORS_PER_BLOCK;
    if (head > sectors)
        head = sectors;
    if (sectors < 2 * head)
        return (sectors + 1) / 2 * SECTOR_BYTES;
    return (sectors - head) * SECTOR_BYTES;
}

static uint32_t rom_erase_bytes(const struct loader *l, uint32_t addr, uint32_t size_bytes)
{
    return l->chip->flags & CHIP_ROM_ERASE_DEFECT ? flash_esp8266_erase_bytes(addr, size_bytes)
                                                  : size_bytes;
}

/* A ROM has no such command, but erases what a write announces before it answers. */
bool flash_erase_all(struct loader *l, uint32_t flash_bytes, struct err *e)
{
    uint32_t bytes = flash_bytes ? flash_bytes : FLASH_ASSUMED_BYTES;
    uint32_t timeout_ms = loader_timeout_ms(bytes, LOADER_ERASE_MS_PER_MB);
    bool ok = l->stub ? loader_erase_flash(l, timeout_ms, e)
                      : loader_flash_begin(l, false, rom_erase_bytes(l, 0, bytes),
                                           bytes / LOADER_ROM_BLOCK_BYTES, LOADER_ROM_BLOCK_BYTES,
                                           0, timeout_ms, e);
    if (ok)
        return true;
    err_as_phase(e, ERR_ERASE);
    return err_wrap(e, "Erasing the whole flash");
}

/* A stub gives the failure of its last write as the answer to the next command, whatever that is.
 */
static bool told_late(const struct loader *l, const struct err *e)
{
    return e->code == ERR_REFUSED && l->stub && e->chip_status[0] == STATUS_STUB_FLASH;
}

/* How long the stub may take for what it has acknowledged. */
static uint32_t unsettled_ms(const struct loader *l)
{
    return loader_timeout_ms(l->unsettled_bytes, LOADER_WRITE_MS_PER_MB);
}

/* Every answer says that the work of before is done. */
static bool settled(struct loader *l)
{
    l->unsettled_bytes = 0;
    return true;
}

/* A ROM acknowledges a block when it is written; a stub as soon as it has written what it
 * acknowledged before. */
static uint32_t block_timeout_ms(const struct loader *l, const struct plan_frames *f, uint32_t i)
{
    return l->stub ? unsettled_ms(l) : loader_timeout_ms(f->flash_bytes[i], LOADER_WRITE_MS_PER_MB);
}

/* One region on its way into the flash. */
struct writer {
    struct loader *l;
    const struct plan_region *r;
    const struct plan_frames *f;
    struct pace pace;
    bool begun;               /* BEGIN is answered */
    uint32_t sent;            /* blocks */
    uint64_t out_bytes;       /* what they put into the flash, all together */
    uint64_t erased_at_bytes; /* when so many are, nothing is left to erase */
    uint32_t work_bytes;      /* what of it is written while the next block is under way */
};

static uint64_t now_us(const struct loader *l)
{
    return l->link.port->clock->now_us(l->link.port->clock);
}

/* A stub inflates into a window and writes it when it is full: blocks of the same size are none,
 * one or two of them. */
static void count_work(struct writer *w, uint32_t i)
{
    uint64_t before_bytes = w->out_bytes;
    w->out_bytes += w->f->flash_bytes[i];
    w->work_bytes =
        w->f->command == CMD_FLASH_DEFL_DATA
            ? (uint32_t)(w->out_bytes / CUTS_WINDOW_BYTES - before_bytes / CUTS_WINDOW_BYTES) *
                  CUTS_WINDOW_BYTES
            : w->f->flash_bytes[i];
}

static bool send_block(struct writer *w, struct err *e)
{
    const struct plan_frames *f = w->f;
    struct link *link = &w->l->link;
    uint32_t i = w->sent++;
    size_t n = f->at[i + 1] - f->at[i];
    bool behind = w->pace.sent_count > 0 || !w->begun;
    pace_sent(&w->pace, now_us(w->l), n, link->port->baud, w->work_bytes);
    count_work(w, i);
    return (behind ? link_write_behind : link_write)(link, f->bytes + f->at[i], n,
                                                     link_deadline(link, n, WRITE_MS), e);
}

bool flash_is_idle(const struct loader *l)
{
    return l->stub && !l->careful && l->unsettled_bytes == 0;
}

/* A stub answers, and then erases ahead. */
static bool begun(struct writer *w)
{
    w->begun = true;
    w->l->unsettled_bytes = w->l->stub ? ERASE_AHEAD_BYTES : 0;
    return true;
}

static bool begin(struct writer *w, struct err *e)
{
    const struct plan_region *r = w->r;
    const struct plan_frames *f = w->f;
    struct loader *l = w->l;
    bool compressed = f->command == CMD_FLASH_DEFL_DATA;
    bool behind_another = l->unsettled_bytes > 0;
    uint32_t bytes = l->stub ? r->size_bytes : rom_erase_bytes(l, r->addr, r->size_bytes);
    uint32_t timeout_ms =
        l->stub ? unsettled_ms(l) : loader_timeout_ms(r->size_bytes, LOADER_ERASE_MS_PER_MB);
    if (loader_flash_begin_ask(l, compressed, bytes, f->count, f->block_bytes, r->addr, e) &&
        (!flash_is_idle(l) || send_block(w, e)) &&
        loader_flash_begin_answer(l, compressed, timeout_ms, e))
        return begun(w);
    if (behind_another && told_late(l, e)) {
        err_as_phase(e, ERR_WRITE);
        return err_wrap(e, "The last block of the image before was not written");
    }
    return err_as_phase(e, ERR_ERASE);
}

/* With each window that it writes a stub starts a step of erasing, until none is left. For what is
 * not compressed it erases when it comes to it. */
static uint64_t erased_at_bytes(const struct plan_region *r, const struct plan_frames *f)
{
    uint32_t first_sectors;
    uint64_t steps = cuts_erase_steps(r->addr, r->size_bytes, &first_sectors);
    return f->command == CMD_FLASH_DEFL_DATA ? steps * CUTS_WINDOW_BYTES : UINT64_MAX;
}

static bool may_run_ahead(const struct writer *w)
{
    const struct loader *l = w->l;
    return l->may_run_ahead && l->stub && w->sent < w->f->count &&
           pace_is_late_link(l->link.latency_us);
}

/* A block that is longer under way than a whole erase and a write take leaves time for both. */
static bool keeps_up(const struct writer *w)
{
    uint64_t before_bytes = w->out_bytes - w->f->flash_bytes[w->sent - 1];
    bool quiet = before_bytes >= w->erased_at_bytes || w->pace.wire_us > LONG_ON_WIRE_US;
    return quiet && pace_keeps_up(&w->pace);
}

/* Behind BEGIN a stub's buffers hold nothing but what was sent since. */
static bool has_free_buffer(const struct writer *w)
{
    return w->sent == 1 && w->pace.sent_count == 1;
}

/* Sends the next block while the acknowledgement of the last one is on its way. Where it comes at
 * once there is nothing to win. */
static bool run_ahead(struct writer *w, struct err *e)
{
    const struct deadline end = { pace_next_us(&w->pace) };
    if (!may_run_ahead(w) || (!has_free_buffer(w) && (!keeps_up(w) || link_wait(&w->l->link, end))))
        return true;
    w->l->blocks_ahead++;
    return send_block(w, e);
}

static bool await_block(struct writer *w, uint32_t i, struct err *e)
{
    const struct plan_frames *f = w->f;
    struct loader *l = w->l;
    struct reply r;
    struct deadline d =
        link_deadline(&l->link, f->at[w->sent] - f->at[i], block_timeout_ms(l, f, i));
    if (!link_await(&l->link, f->command, 0, false, d, &r, e))
        return false;
    pace_acknowledged(&w->pace, now_us(l), l->link.latency_us);
    l->unsettled_bytes = l->stub ? f->flash_bytes[i] + ERASE_AHEAD_BYTES : 0;
    return true;
}

static bool try_block(struct writer *w, uint32_t i, struct err *e)
{
    bool under_way = w->sent > i;
    return (under_way || send_block(w, e)) && run_ahead(w, e) && await_block(w, i, e);
}

/* Only C1 from a stub says that the block was refused and nothing of it taken, and only if no block
 * follows already can it be sent again. After anything else the block may be in the flash or an
 * earlier one may be missing, so the image starts again. */
static bool may_repeat(const struct writer *w, uint32_t i, const struct err *e)
{
    return w->l->stub && w->sent == i + 1 && e->code == ERR_REFUSED &&
           e->chip_status[0] == STATUS_STUB_CHECKSUM;
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

/* It is sent again. */
static void unsend_block(struct writer *w, uint32_t i)
{
    w->sent = i;
    w->out_bytes -= w->f->flash_bytes[i];
}

static bool write_block(struct writer *w, uint32_t i, struct err *e)
{
    for (int attempt = 1;; attempt++) {
        struct err failure = { 0 };
        if (try_block(w, i, &failure))
            return true;
        if (attempt < BLOCK_TRIES && may_repeat(w, i, &failure)) {
            unsend_block(w, i);
            continue;
        }
        *e = failure;
        return block_failed(w->l, w->f, i, e);
    }
}

bool flash_settle(struct loader *l, struct err *e)
{
    if (!l->stub || (loader_settle(l, unsettled_ms(l), e) && settled(l)))
        return true;
    err_as_phase(e, ERR_WRITE);
    return err_wrap(e, "Waiting for the last block to be in the flash");
}

static const struct plan_frames *frames_for(const struct loader *l, const struct plan_region *r)
{
    if (!l->stub)
        return &r->rom;
    if (l->small_blocks && r->stub_small.count > 0)
        return &r->stub_small;
    return &r->stub;
}

bool flash_write(struct loader *l, const struct plan_region *r,
                 const struct flash_progress *progress, struct err *e)
{
    const struct plan_frames *f = frames_for(l, r);
    struct writer w = { .l = l, .r = r, .f = f, .erased_at_bytes = erased_at_bytes(r, f) };
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

/* ---- Verify ---- */

static bool md5_answer(struct loader *l, uint32_t bytes, uint8_t found[static DIGEST_MD5_BYTES],
                       struct err *e)
{
    uint32_t timeout_ms = loader_timeout_ms(bytes, LOADER_MD5_MS_PER_MB) + unsettled_ms(l);
    return loader_md5_answer(l, timeout_ms, found, e) && settled(l);
}

static bool ask_md5(struct loader *l, uint32_t addr, uint32_t bytes,
                    uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return loader_md5_ask(l, addr, bytes, e) && md5_answer(l, bytes, found, e);
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

static bool explain_difference(struct loader *l, const struct plan_region *r,
                               const uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    char wanted_text[2 * DIGEST_MD5_BYTES + 1], found_text[2 * DIGEST_MD5_BYTES + 1];
    uint32_t at;
    struct err ignored = { 0 };
    digest_hex(r->md5, DIGEST_MD5_BYTES, wanted_text);
    digest_hex(found, DIGEST_MD5_BYTES, found_text);
    if (is_blank(r, found)) {
        err_set(e, ERR_VERIFY, "%s at 0x%x: the flash is still blank (all FF)", r->name, r->addr);
        return err_hint(e, "The flash may be write-protected: check its WP pin and status bits.");
    }
    if (find_difference(l, r, &at, &ignored))
        return err_set(e, ERR_VERIFY,
                       "%s at 0x%x: MD5 is %s, not %s; the flash differs from byte 0x%x on",
                       r->name, r->addr, found_text, wanted_text, r->addr + at);
    return err_set(e, ERR_VERIFY, "%s at 0x%x: MD5 is %s, not %s", r->name, r->addr, found_text,
                   wanted_text);
}

bool flash_md5_ask(struct loader *l, const struct plan_region *r, struct err *e)
{
    return loader_md5_ask(l, r->addr, r->size_bytes, e);
}

bool flash_md5_answer(struct loader *l, const struct plan_region *r,
                      uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    if (md5_answer(l, r->size_bytes, found, e))
        return true;
    bool late = told_late(l, e);
    err_as_phase(e, late ? ERR_WRITE : ERR_VERIFY);
    return err_wrap(e, "%s at 0x%x: %s", r->name, r->addr,
                    late ? "its last block was not written" : "asking for its MD5");
}

bool flash_md5(struct loader *l, const struct plan_region *r,
               uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return flash_md5_ask(l, r, e) && flash_md5_answer(l, r, found, e);
}

bool flash_judge(struct loader *l, const struct plan_region *r,
                 const uint8_t found[static DIGEST_MD5_BYTES], struct err *e)
{
    return memcmp(found, r->md5, DIGEST_MD5_BYTES) == 0 || explain_difference(l, r, found, e);
}
