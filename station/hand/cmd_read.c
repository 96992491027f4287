/* espstation read: what the flash of each board holds, proved by MD5, into files. */
#include "core/base/digest.h"
#include "core/flash/readflash.h"
#include "core/flash/size_proof.h"
#include "station/cli/option_rows.h"
#include "station/hand/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_NAME "flash-{mac}.bin"
#define DEFAULT_BAUD "460800"

/* What was asked for; the same for all ports. */
struct read_order {
    const char *reset;
    const char *name; /* of the file, with {slot} and {mac} */
    uint32_t from;
    uint32_t size_bytes; /* 0: up to the end */
    uint32_t baud;
    struct stub_set *stubs; /* NULL: the ROM loader */
    bool overwrite;
};

/* One file under construction: it gets its name when it is whole. */
struct copy {
    const struct hand_slot *slot;
    bool overwrite;
    struct hand_progress progress;
    char path[1024];
    char part_path[1040];
    FILE *file;
    struct digest_run md5;
    uint32_t done, total;
    struct err doubt; /* ERR_FLASH_SIZE_FALSE: some of it may stand there more than once */
};

/* ---- The name ---- */

static size_t put_mac(const struct board *b, char *to, size_t cap)
{
    char text[2 * CHIP_MAC_BYTES + 1];
    digest_hex(b->mac.bytes, b->mac.count, text);
    snprintf(to, cap, "%s", text);
    return strlen(to);
}

/* What is printed on the fixture, where a station file tells it. */
static size_t put_slot(const struct hand_slot *slot, char *to, size_t cap)
{
    return (size_t)(slot->name ? snprintf(to, cap, "%s", slot->name)
                               : snprintf(to, cap, "%d", slot->number));
}

static bool make_path(const char *name, const struct hand_slot *slot, const struct board *b,
                      char path[static 1024], struct err *e)
{
    size_t n = 0;
    while (*name && n < 1000) {
        if (strncmp(name, "{mac}", 5) == 0) {
            n += put_mac(b, path + n, 1024 - n);
            name += 5;
        } else if (strncmp(name, "{slot}", 6) == 0) {
            n += put_slot(slot, path + n, 1024 - n);
            name += 6;
        } else {
            path[n++] = *name++;
        }
    }
    path[n] = '\0';
    return *name == '\0' || err_set(e, ERR_USAGE, "The file name behind -o is too long");
}

/* ---- The file ---- */

static bool file_failed(const struct copy *c, struct err *e)
{
    err_set_sys(e, ERR_STATION, errno, "'%.100s' cannot be written", c->path);
    return err_hint(e, "Check the folder, its rights and the space on the disk.");
}

static bool take(void *ctx, const uint8_t *bytes, size_t n, struct err *e)
{
    struct copy *c = ctx;
    if (fwrite(bytes, 1, n, c->file) != n)
        return file_failed(c, e);
    digest_add(&c->md5, bytes, n);
    c->done += (uint32_t)n;
    hand_tell_progress(&c->progress, c->slot, "reading", c->done, c->total);
    return true;
}

/* It may be the only copy of another board, or of this one as it was before. */
static bool is_name_free(const char *path, bool overwrite, struct err *e)
{
    struct stat st;
    if (overwrite || lstat(path, &st) != 0)
        return true;
    err_set(e, ERR_USAGE, "'%.150s' is there already", path);
    return err_hint(e, "Give another name, or --overwrite if its content is not needed.");
}

/* For the owner's eyes alone: a flash may hold passwords of networks, keys and certificates. Never
 * through a link that somebody laid there. */
static FILE *make_file(const char *path)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

static bool copy_begin(struct copy *c, struct err *e)
{
    snprintf(c->part_path, sizeof c->part_path, "%s.part", c->path);
    digest_begin(&c->md5, DIGEST_MD5);
    c->file = make_file(c->part_path);
    return c->file || file_failed(c, e);
}

/* The name is given once all bytes are there, so that no file of that name is ever half a flash. */
static bool copy_end(struct copy *c, struct err *e)
{
    bool ok = fflush(c->file) == 0 && fsync(fileno(c->file)) == 0;
    ok = fclose(c->file) == 0 && ok;
    c->file = NULL;
    if (ok && !is_name_free(c->path, c->overwrite, e)) /* made meanwhile */
        return false;
    return (ok && rename(c->part_path, c->path) == 0) || file_failed(c, e);
}

static void copy_abandon(struct copy *c)
{
    if (c->file)
        fclose(c->file);
    if (c->file || c->done > 0)
        unlink(c->part_path);
    c->file = NULL;
}

static void say_done(struct copy *c)
{
    uint8_t md5[DIGEST_MD5_BYTES];
    char text[2 * DIGEST_MD5_BYTES + 1] = "not known (out of memory)";
    if (digest_end(&c->md5, md5, sizeof md5))
        digest_hex(md5, sizeof md5, text);
    hand_result(c->slot, "read %u bytes into %s, MD5 %s", c->total, c->path, text);
    if (c->doubt.code == ERR_FLASH_SIZE_FALSE)
        hand_result(c->slot, "note: %s", c->doubt.what);
}

/* ---- The board ---- */

static bool choose_range(const struct read_order *o, const struct board *b, uint32_t *size_bytes,
                         struct err *e)
{
    uint32_t has = b->flash.size_bytes;
    if (has == 0 && o->size_bytes == 0) {
        err_set(e, ERR_FLASH_SIZE, "The flash has id %06x, which is in no table of sizes",
                b->flash.id);
        return err_hint(e, "Say how much to read, as in --size 4MB.");
    }
    *size_bytes = o->size_bytes ? o->size_bytes : has - o->from;
    if (has == 0 || (o->from < has && *size_bytes <= has - o->from))
        return true;
    err_set(e, ERR_FLASH_SIZE, "The flash ends at 0x%x, and 0x%x bytes from 0x%x are asked for",
            has, o->size_bytes, o->from);
    return err_hint(e, "Give --from and --size within the flash.");
}

static bool read_board(struct hand *h, const struct read_order *o, struct copy *c, struct err *e)
{
    const struct readflash_sink sink = { take, c };
    if (!choose_range(o, &h->board, &c->total, e) ||
        !make_path(o->name, c->slot, &h->board, c->path, e) ||
        !is_name_free(c->path, c->overwrite, e) || !hand_start(h, o->stubs, o->baud, e) ||
        !copy_begin(c, e) || !readflash(h->loader, o->from, c->total, &sink, e))
        return false;
    size_proof_range(h->loader, h->board.flash.size_bytes, o->from, c->total, &c->doubt);
    return copy_end(c, e);
}

static bool work(const struct hand_slot *slot, void *ctx, struct err *e)
{
    const struct read_order *o = ctx;
    struct copy *c = calloc(1, sizeof *c);
    struct hand h = { 0 };
    if (!c)
        return err_set(e, ERR_STATION, "Out of memory");
    c->slot = slot;
    c->overwrite = o->overwrite;
    bool ok = hand_open(&h, slot, o->reset, e) && read_board(&h, o, c, e);
    hand_close(&h);
    if (ok)
        say_done(c);
    else
        copy_abandon(c);
    digest_free(&c->md5);
    free(c);
    return ok;
}

/* ---- Command ---- */

static bool check_name(const char *name, size_t ports, bool overwrite, struct err *e)
{
    if (strstr(name, "{slot}") || strstr(name, "{mac}"))
        return true; /* what stands for them is known when the boards are */
    if (ports == 1)
        return is_name_free(name, overwrite, e);
    err_set(e, ERR_USAGE, "%zu boards would all be read into the one file '%.100s'", ports, name);
    return err_hint(e, "Put {slot} or {mac} into the name, as in -o " DEFAULT_NAME);
}

static enum exit_status read_flash(int argc, char **argv)
{
    struct slot_choice choice = { 0 };
    struct read_order o = { .reset = "auto", .name = DEFAULT_NAME };
    const char *from = "0", *size = NULL, *baud = DEFAULT_BAUD, *stubs = NULL;
    bool rom = false;
    const struct option_row rows[] = {
        OPTION_PORTS("read", &choice.ports),
        OPTION_SLOTS("read", &choice.slots),
        OPTION_STATION(&choice.station_path),
        { "-o", "FILE", "where to; {slot} and {mac} stand for the board's. Default: " DEFAULT_NAME,
          NULL, &o.name, NULL },
        { "--from", "OFFSET", "the first byte, as in 0x10000; default 0", NULL, &from, NULL },
        { "--size", "BYTES", "how many, as in 4MB; default: to the end of the flash", NULL, &size,
          NULL },
        { "--overwrite", NULL, "write the file even if it is there", &o.overwrite, NULL, NULL },
        { "--baud", "RATE", "to read at; default " DEFAULT_BAUD, NULL, &baud, NULL },
        OPTION_RESET(&o.reset),
        OPTION_ROM(&rom),
        OPTION_STUBS(&stubs),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_read, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (hand_parse_bytes("--from", from, &o.from, &e) &&
        (!size || hand_parse_bytes("--size", size, &o.size_bytes, &e)) &&
        hand_parse_baud(baud, &o.baud, &e) && hand_check_reset(o.reset, &e) &&
        slot_choice_make(&choice, &e) && check_name(o.name, choice.ports.count, o.overwrite, &e) &&
        (rom || (o.stubs = stub_set_new(stubs, &e)) != NULL)) {
        cmd_warn_of_stubs(o.stubs);
        status = hands_run(&choice, &(struct hand_tool){ .work = work, .ctx = &o });
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    stub_set_free(o.stubs);
    slot_choice_done(&choice);
    return status;
}

const struct cmd cmd_read = { "read", "[options]", "Reads the flash of each board into a file.",
                              read_flash };
