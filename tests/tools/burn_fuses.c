/*
 * Burns fuses of a board, each argument in a step of its own; for tests, which judge the board by
 * other programs. No command of the station does it like this.
 *
 *     burn_fuses PORT NAME=VALUE[+NAME=VALUE...] | BLOCK4:HEX ...
 *
 * HEX: the block as it is to be read, the lowest byte first. Prints what is known after each step;
 * ends with 0 if all were burnt.
 */
#include "core/board/board.h"
#include "core/fuses/burn.h"
#include "core/loader/reset.h"
#include "core/ports/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct port *port;
    struct loader loader;
    struct board board;
    const struct fuse_set *set;
    struct fuse_words words;
};

static bool connect(struct bench *b, const char *where, struct err *e)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct deadline d = deadline_in_ms(&clock_system, PORT_OPEN_MS);
    b->port = port_new(where, 115200, &clock_system, -1, d, e);
    if (!b->port)
        return false;
    size_t n = reset_choices(b->port, NULL, "auto", &custom, list);
    loader_init(&b->loader, b->port);
    return board_connect(&b->loader, n > 0 ? list[0] : NULL, NULL, e) &&
           board_identify(&b->loader, &b->board, e);
}

static bool parse_key(const struct bench *b, const char *text, struct fuse_burn *burn)
{
    unsigned block, n = 0;
    if (sscanf(text, "BLOCK%u:%n", &block, (int *)&n) < 1 || n == 0 || block >= b->set->block_count)
        return false;
    *burn = (struct fuse_burn){ .block = (uint8_t)block, .kind = FUSE_BURN_KEY };
    for (unsigned i = 0, byte; sscanf(text + n + 2 * i, "%2x", &byte) == 1; i++) {
        if (i >= 4 * FUSE_WORDS_MAX)
            return false;
        burn->word[i / 4] |= byte << i % 4 * 8;
        burn->count = (uint8_t)(i / 4 + 1);
    }
    return true;
}

static bool add_field(const struct bench *b, char *item, struct fuse_burn *burn)
{
    char *value = strchr(item, '=');
    if (!value)
        return false;
    *value++ = '\0';
    const struct fuse_field *f = fuse_by_name(b->set, b->board.revision, item);
    if (!f)
        return false;
    burn->block = f->block;
    burn->count = b->set->blocks[f->block].words;
    unsigned long number = strtoul(value, NULL, 0);
    for (unsigned i = 0; i < f->bits && i < 32; i++) {
        unsigned at = f->bit + i;
        burn->word[f->word + at / 32] |= (uint32_t)(number >> i & 1) << at % 32;
    }
    return true;
}

static bool parse(const struct bench *b, char *text, struct fuse_burn *burn)
{
    if (parse_key(b, text, burn))
        return true;
    *burn = (struct fuse_burn){ .kind = FUSE_BURN_BITS };
    for (char *item = strtok_r(text, "+", &text); item; item = strtok_r(NULL, "+", &text)) {
        if (!add_field(b, item, burn))
            return false;
    }
    return true;
}

static bool step(struct bench *b, char *text)
{
    struct fuse_burn burn;
    struct err e = { 0 };
    if (!parse(b, text, &burn)) {
        fprintf(stderr, "what is \"%s\"?\n", text);
        return false;
    }
    enum fuse_outcome outcome = fuse_burn(&b->loader, b->set, b->board.revision,
                                          b->board.crystal_mhz, &burn, &b->words, &e);
    printf("block %u: %s%s%s\n", burn.block, fuse_outcome_words(outcome), e.code ? ": " : "",
           e.what);
    return outcome == FUSE_BURNT || outcome == FUSE_CLOSED;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct err e = { 0 };
    bool ok = argc > 2 && connect(&b, argv[1], &e);
    b.set = ok ? chip_fuses(b.board.chip, b.board.revision) : NULL;
    ok = ok && b.set && fuses_read(&b.loader, b.set, &b.words, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.what);
    for (int i = 2; ok && i < argc; i++)
        ok = step(&b, argv[i]);
    port_free(b.port);
    return ok ? 0 : 1;
}
