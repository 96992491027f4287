/*
 * Burning: the controller's registers through ROM or stub, the same with both.
 *
 * No request carries a check, so what must be right is asked for twice or read back: the fuses
 * before, the timing and the words in the controller before it is told to burn, the fuses after.
 * Only the command itself cannot be proved beforehand; it is sent once, and if its answer is lost,
 * what the board then reads as tells what has happened.
 */
#include "core/fuses/burn.h"
#include "core/fuses/burn_priv.h"
#include "core/loader/regs.h"

#include <openssl/crypto.h>
#include <string.h>

#define READS_AT_ONCE  8u
#define CONF_BURN      0x5A5Au
#define CONF_READ      0x5AA5u
#define CMD_BURN       2u
#define CMD_READ       1u
#define CMD_BUSY       3u
#define IDLE_MS        1000u /* espefuse waits for 250 ms; only who waits in vain sees more */
#define REFRESH_US     1000u /* the ROM looks at fuses after each command */
#define REFRESH_TIMES  6u    /* as espefuse does: a weak bit may read right once */
#define CHECK_OFFSET   0x20u
#define WINDOW_WORDS   8u
#define WRITE_ROWS_MAX 31u
#define TRIES          3
#define SYNC_TRIES     5

/* One burn under way. */
struct job {
    struct loader *l;
    const struct fuse_set *set;
    const struct fuse_burner *burner;
    uint32_t revision, crystal_mhz;
    const struct fuse_burn *burn;
    struct fuse_words before, now;
    struct reg_write row[WRITE_ROWS_MAX]; /* what the controller is to hold */
    size_t rows;
    bool closes; /* the loader, once the chip looks at its fuses again */
    bool told;   /* the command to burn may have reached it */
    bool burnt;  /* ...and it has worked it off */
};

static uint32_t reg(const struct job *j, uint32_t offset)
{
    return j->burner->base_addr + offset;
}

static bool has_areas(const struct job *j)
{
    return j->burner->areas[0] != 0;
}

/* ---- Reading what decides ---- */

/* Up to eight words, twice; what differs is no answer. */
static bool read_few(struct loader *l, uint32_t addr, uint32_t *words, size_t count, struct err *e)
{
    static const struct reg_script nothing = { .count = 0 };
    uint32_t addrs[READS_AT_ONCE], again[READS_AT_ONCE];
    for (uint32_t i = 0; i < count; i++)
        addrs[i] = addr + 4 * i;
    const struct reg_ask asks[] = { { &nothing, addrs, words, count },
                                    { &nothing, addrs, again, count } };
    bool ok = regs_run(l, asks, 2, e);
    if (ok && memcmp(words, again, count * sizeof *words) != 0) {
        link_note_turned(&l->link);
        ok = err_set(e, ERR_FRAME, "Registers from %08x on read differently twice", addr);
    }
    OPENSSL_cleanse(again, sizeof again);
    return ok;
}

static bool read_words(struct loader *l, uint32_t addr, uint32_t *words, size_t count,
                       struct err *e)
{
    for (size_t i = 0; i < count; i += READS_AT_ONCE) {
        size_t n = count - i < READS_AT_ONCE ? count - i : READS_AT_ONCE;
        if (!read_few(l, addr + 4 * (uint32_t)i, words + i, n, e))
            return false;
    }
    return true;
}

static bool read_block(struct job *j, unsigned block, struct err *e)
{
    const struct fuse_block *b = &j->set->blocks[block];
    return read_words(j->l, b->addr, j->now.word[block], b->words, e);
}

static bool read_errors(struct job *j, struct err *e)
{
    const struct fuse_set *set = j->set;
    return read_words(j->l, set->block0_errors.addr, j->now.block0_errors, set->block0_errors.words,
                      e) &&
           read_words(j->l, set->errors_addr[0], &j->now.errors[0], set->errors_addr[0] != 0, e) &&
           read_words(j->l, set->errors_addr[1], &j->now.errors[1], set->errors_addr[1] != 0, e) &&
           read_words(j->l, set->decode_errors_addr, &j->now.decode_errors,
                      set->decode_errors_addr != 0, e);
}

static bool hides_blocks(const struct job *j)
{
    const struct fuse_field *f = fuse_by_name(j->set, j->revision, "RD_DIS");
    return f && j->burn->block == 0 && (j->burn->word[f->word] >> f->bit) != 0;
}

/* The MAC with block 0 (ESP32) or 1 tells one board from the next. A bit that hides a block is
 * judged by that block. */
static bool is_read(const struct job *j, unsigned block, bool all)
{
    return all || block == j->burn->block || block < 2 || hides_blocks(j);
}

static bool read_fuses(struct job *j, bool all, struct err *e)
{
    for (unsigned i = 0; i < j->set->block_count; i++) {
        if (is_read(j, i, all) && !read_block(j, i, e))
            return false;
    }
    return read_errors(j, e);
}

/* ---- The controller ---- */

/* After a READ the first idle may be false. The answer of a poll that was asked for in time counts,
 * however late this program was woken. */
static bool wait_idle(struct job *j, struct err *e)
{
    struct deadline d = deadline_in_ms(j->l->link.port->clock, IDLE_MS);
    uint32_t mask = has_areas(j) ? UINT32_MAX : CMD_BUSY;
    for (int idle = 0; idle < 2;) {
        uint32_t value;
        bool over = deadline_over(j->l->link.port->clock, d);
        if (!loader_read_reg(j->l, reg(j, j->burner->cmd), &value, e))
            return false;
        idle = (value & mask) == 0 ? idle + 1 : 0;
        if (idle == 0 && over)
            return err_set(e, ERR_TIMEOUT,
                           "The fuses' controller was not done after %u ms: CMD reads %08x",
                           IDLE_MS, value);
    }
    return true;
}

static bool set_field(struct job *j, const struct fuse_timing *t, struct err *e)
{
    uint32_t value = (uint32_t)t->value << __builtin_ctz(t->mask), have;
    if (!loader_change_reg(j->l, reg(j, t->offset), t->mask, value, e) ||
        !loader_read_reg(j->l, reg(j, t->offset), &have, e))
        return false;
    return (have & t->mask) == value ||
           err_set(e, ERR_FRAME,
                   "Register %08x, how long a fuse is burnt, reads %08x after a write",
                   reg(j, t->offset), have);
}

static bool set_timing(struct job *j, struct err *e)
{
    for (const struct fuse_timing *t = j->burner->timing; t && t->mask != 0; t++) {
        bool applies = t->crystal_mhz == 0 || t->crystal_mhz == j->crystal_mhz;
        if (applies && !set_field(j, t, e))
            return false;
    }
    return true;
}

/* ---- What it is to hold ---- */

static void put(struct job *j, uint32_t addr, uint32_t value)
{
    j->row[j->rows++] = (struct reg_write){ .addr = addr, .value = value };
}

static void put_words(struct job *j, uint32_t addr, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(j, addr + 4 * (uint32_t)i, words[i]);
}

/* The last words of block 0 of the ESP32-S31 are where other blocks have their check. */
static void put_window(struct job *j, const uint32_t *words)
{
    unsigned count = j->set->blocks[j->burn->block].words;
    if (j->burn->block == 0) {
        put_words(j, reg(j, 0), words, count > WINDOW_WORDS ? count : WINDOW_WORDS);
        return;
    }
    uint32_t check[FUSE_RS_CHECK_WORDS];
    fuse_rs_check(words, check);
    put_words(j, reg(j, 0), words, WINDOW_WORDS);
    put_words(j, reg(j, CHECK_OFFSET), check, FUSE_RS_CHECK_WORDS);
    OPENSSL_cleanse(check, sizeof check);
}

static void put_area(struct job *j, const uint32_t *words)
{
    uint32_t addr = reg(j, j->burner->areas[j->burn->block]);
    if (fuse_coding(j->set, &j->now, j->burn->block) != FUSE_CODED_34) {
        put_words(j, addr, words, j->set->blocks[j->burn->block].words);
        return;
    }
    uint32_t coded[WINDOW_WORDS];
    fuse_code_34(words, coded);
    put_words(j, addr, coded, WINDOW_WORDS);
    OPENSSL_cleanse(coded, sizeof coded);
}

static void prepare(struct job *j)
{
    struct fuse_burn rest = *j->burn;
    fuse_burn_rest(j->set, &j->now, j->burn, rest.word);
    j->closes = fuse_burn_closes(j->set, j->revision, &rest);
    j->rows = 0;
    if (has_areas(j))
        put_area(j, rest.word);
    else
        put_window(j, rest.word);
    OPENSSL_cleanse(&rest, sizeof rest);
}

/* ---- Putting it there ---- */

static bool run(struct job *j, struct reg_script *s, struct err *e)
{
    const struct reg_ask ask = { .script = s };
    bool ok = regs_run(j->l, &ask, 1, e);
    OPENSSL_cleanse(s, sizeof *s);
    return ok;
}

static void add_clear(struct job *j, struct reg_script *s)
{
    size_t areas = has_areas(j) ? j->set->block_count : 0;
    for (size_t i = 0; i < areas; i++) {
        for (uint32_t k = 0; k < j->set->blocks[i].words; k++)
            regs_put(s, reg(j, j->burner->areas[i] + 4 * k), 0);
    }
    for (uint32_t k = 0; areas == 0 && k < WINDOW_WORDS + FUSE_RS_CHECK_WORDS; k++)
        regs_put(s, reg(j, 4 * k), 0);
}

/* What an earlier burn has left would be burnt along; and no key stays behind in the controller. */
static bool clear(struct job *j, struct err *e)
{
    struct reg_script s = { .count = 0 };
    add_clear(j, &s);
    return run(j, &s, e);
}

static bool put_data(struct job *j, struct err *e)
{
    struct reg_script s = { .count = 0 };
    for (size_t i = 0; i < j->rows; i++)
        regs_put(&s, j->row[i].addr, j->row[i].value);
    return run(j, &s, e);
}

/* Words of each area that are to be blank, and those of this block. */
static bool area_is_right(struct job *j, uint32_t addr, size_t count, struct err *e)
{
    uint32_t have[WINDOW_WORDS + FUSE_RS_CHECK_WORDS];
    bool ok = read_words(j->l, addr, have, count, e);
    for (size_t i = 0; ok && i < count; i++) {
        uint32_t wanted = 0;
        for (size_t k = 0; k < j->rows; k++)
            wanted |= j->row[k].addr == addr + 4 * i ? j->row[k].value : 0;
        if (have[i] != wanted)
            ok = err_set(e, ERR_FRAME,
                         "Register %08x of the fuses' controller does not hold what was written",
                         addr + 4 * (uint32_t)i);
    }
    OPENSSL_cleanse(have, sizeof have);
    return ok;
}

/* Before it is told to burn: a bit that turned on the way would be burnt for ever. */
static bool data_is_right(struct job *j, struct err *e)
{
    if (!has_areas(j))
        return area_is_right(j, reg(j, 0), WINDOW_WORDS + FUSE_RS_CHECK_WORDS, e);
    for (size_t i = 0; i < j->set->block_count; i++) {
        if (!area_is_right(j, reg(j, j->burner->areas[i]), j->set->blocks[i].words, e))
            return false;
    }
    return true;
}

/* In espefuse's order; the ESP32 is timed after its words are there. */
static bool load(struct job *j, struct err *e)
{
    bool timed_first = !has_areas(j);
    return wait_idle(j, e) && (!timed_first || set_timing(j, e)) && clear(j, e) &&
           wait_idle(j, e) && put_data(j, e) && (timed_first || set_timing(j, e)) &&
           data_is_right(j, e) && wait_idle(j, e);
}

/* ---- Burning ---- */

static bool tell(struct job *j, struct err *e)
{
    uint32_t block = has_areas(j) ? 0 : (uint32_t)j->burn->block << 2;
    if (!loader_write_reg(j->l, reg(j, j->burner->conf), CONF_BURN, e))
        return false;
    j->told = true;
    return loader_write_reg(j->l, reg(j, j->burner->cmd), CMD_BURN | block, e);
}

/* The pause lies behind the command in the same request: afterwards the ROM looks at fuses. */
static bool refresh(struct job *j, struct err *e)
{
    struct reg_script s = { .count = 0 };
    regs_put(&s, reg(j, j->burner->cmd), CMD_READ);
    regs_put_pause(&s, j->set->blocks[0].addr, REFRESH_US);
    return wait_idle(j, e) && loader_write_reg(j->l, reg(j, j->burner->conf), CONF_READ, e) &&
           run(j, &s, e) && wait_idle(j, e);
}

static bool has_error(const struct job *j)
{
    struct fuse_health health = fuse_health(j->set, &j->now, j->burn->block);
    return health.failed || health.corrected > 0;
}

static bool refresh_and_read(struct job *j, struct err *e)
{
    for (unsigned i = 0; i < REFRESH_TIMES; i++) {
        if (!refresh(j, e) || !read_errors(j, e))
            return false;
        if (has_error(j))
            break;
    }
    return read_fuses(j, false, e);
}

static bool burn(struct job *j, struct err *e)
{
    if (!tell(j, e) || !wait_idle(j, e))
        return false;
    j->burnt = true;
    return clear(j, e) && refresh_and_read(j, e);
}

/* ---- What is known then ---- */

static bool find_loader(struct loader *l, struct err *e)
{
    if (l->kind->is_stub)
        return loader_find_again(l, e);
    for (int i = 0; i < SYNC_TRIES; i++) {
        struct err silence = { 0 };
        if (!link_discard(&l->link, e))
            return false;
        if (loader_sync(l, &silence))
            return true;
        *e = silence;
    }
    return false;
}

static bool is_of_the_wire(const struct err *e)
{
    return e->code == ERR_TIMEOUT || e->code == ERR_FRAME || e->code == ERR_REFUSED;
}

/* Whatever happened, the board is asked what it holds, as long as it can be found. */
static bool ask_what_happened(struct job *j, struct err *e)
{
    for (int i = 0; i < TRIES; i++) {
        *e = (struct err){ 0 };
        if (find_loader(j->l, e) && wait_idle(j, e) && clear(j, e) && refresh_and_read(j, e))
            return true;
        if (!is_of_the_wire(e))
            break;
    }
    return false;
}

static bool same_block(const struct job *j, unsigned block)
{
    return fuse_same_block(j->set, &j->before, block, j->now.word[block], j->before.word[block]);
}

static bool same_board(struct job *j, bool all, struct err *e)
{
    for (unsigned i = 0; i < j->set->block_count; i++) {
        if (!is_read(j, i, all) || same_block(j, i))
            continue;
        err_set(e, ERR_SECURED,
                "Block %u does not read as it did before: this is another board, or something "
                "else has burnt it",
                i);
        return err_hint(e, "Take the board out, put it in again and begin anew; nothing of this "
                           "step was burnt.");
    }
    return true;
}

static bool is_as_wanted(const struct job *j)
{
    struct fuse_words wanted = j->before;
    fuse_burn_apply(j->set, &wanted, j->burn);
    bool same = true;
    for (unsigned i = 0; same && i < j->set->block_count; i++)
        same = !is_read(j, i, false) ||
               fuse_same_block(j->set, &j->before, i, wanted.word[i], j->now.word[i]);
    OPENSSL_cleanse(&wanted, sizeof wanted);
    return same;
}

/* Whether the block can still become what was asked for: bits are missing, none is too many, and
 * no coding covers them. */
static bool is_part(const struct job *j, unsigned *missing, unsigned *asked)
{
    struct fuse_words wanted = j->before;
    bool part = fuse_coding(j->set, &j->before, j->burn->block) == FUSE_UNCODED;
    fuse_burn_apply(j->set, &wanted, j->burn);
    *missing = *asked = 0;
    for (unsigned i = 0; i < j->set->blocks[j->burn->block].words; i++) {
        const uint32_t to_be = wanted.word[j->burn->block][i];
        const uint32_t had = j->before.word[j->burn->block][i];
        const uint32_t has = j->now.word[j->burn->block][i];
        part = part && (has & ~to_be) == 0 && (had & ~has) == 0;
        *missing += (unsigned)__builtin_popcount(to_be & ~has);
        *asked += (unsigned)__builtin_popcount(to_be & ~had);
    }
    OPENSSL_cleanse(&wanted, sizeof wanted);
    return part;
}

static enum fuse_outcome wrong(struct err *e)
{
    err_hint(e, "Set the board aside: what is burnt stays, and it is not what was asked for. "
                "espstation fuses shows it.");
    return FUSE_WRONG;
}

/* Told to burn one block, it may have understood another one. */
static enum fuse_outcome judge_unchanged(struct job *j, const struct err *cause, struct err *e)
{
    struct err other = { 0 };
    if (!read_fuses(j, true, e))
        return FUSE_UNKNOWN;
    if (!same_board(j, true, &other)) {
        err_set(e, ERR_SECURED, "Block %u was to be burnt, and another one was", j->burn->block);
        return wrong(e);
    }
    if (cause->code != ERR_NONE)
        *e = *cause;
    else
        err_set(e, ERR_SECURED, "The controller burnt nothing into block %u", j->burn->block);
    return FUSE_NOT_BURNT;
}

static enum fuse_outcome judge(struct job *j, const struct err *cause, struct err *e)
{
    unsigned block = j->burn->block, missing, asked;
    struct fuse_health health = fuse_health(j->set, &j->now, block);
    if (health.failed || health.corrected > 0) {
        err_set(e, ERR_SECURED, "Block %u was burnt with coding errors (%u%s)", block,
                health.corrected, health.failed ? ", more than can be mended" : "");
        return wrong(e);
    }
    if (is_as_wanted(j))
        return FUSE_BURNT;
    if (same_block(j, block))
        return judge_unchanged(j, cause, e);
    if (is_part(j, &missing, &asked)) {
        err_set(e, ERR_SECURED, "Of %u bits of block %u that were to be burnt %u are missing",
                asked, block, missing);
        err_hint(e, "Check the board's supply, then run it again with this recipe: what is there "
                    "is right.");
        return FUSE_PART;
    }
    err_set(e, ERR_SECURED, "Block %u does not read as it was to be burnt", block);
    return wrong(e);
}

/* A chip whose loader a fuse closes is silent or refuses from the refresh on, and that is as it
 * should be; before that it must not. */
static enum fuse_outcome after_failure(struct job *j, const struct err *cause, struct err *e)
{
    if (j->burnt && j->closes && is_of_the_wire(cause))
        return FUSE_CLOSED;
    if (ask_what_happened(j, e))
        return judge(j, cause, e);
    *e = *cause;
    err_wrap(e, "Block %u may be burnt or not", j->burn->block);
    err_hint(e, "Keep the board apart. Connect it again and look: espstation fuses");
    return FUSE_UNKNOWN;
}

static enum fuse_outcome burn_and_judge(struct job *j, struct err *e)
{
    struct err cause = { 0 }, ignored = { 0 };
    if (!load(j, e)) {
        clear(j, &ignored); /* as far as it still listens */
        return FUSE_NOT_BURNT;
    }
    if (burn(j, &cause))
        return judge(j, &cause, e);
    if (j->told)
        return after_failure(j, &cause, e);
    *e = cause;
    clear(j, &ignored);
    return FUSE_NOT_BURNT;
}

/* ---- All of it ---- */

static bool may_burn(struct job *j, bool *missing, struct err *e)
{
    const struct fuse_words *words = &j->before;
    if (j->l->secured)
        return err_set(e, ERR_SECURED,
                       "The chip is in Secure Download Mode, where no fuse can be burnt");
    return fuse_burner_check(j->set, j->crystal_mhz, e) &&
           fuse_burn_check(j->set, j->revision, words, j->burn, missing, e) &&
           read_fuses(j, false, e) && same_board(j, false, e) &&
           fuse_burn_check(j->set, j->revision, &j->now, j->burn, missing, e);
}

/* Answers of the wire that hold keys lie in the link, too. */
static void forget(struct job *j)
{
    regs_forget(j->l);
    link_wipe(&j->l->link);
    OPENSSL_cleanse(j, sizeof *j);
}

enum fuse_outcome fuse_burn(struct loader *l, const struct fuse_set *set, uint32_t revision,
                            uint32_t crystal_mhz, const struct fuse_burn *b,
                            struct fuse_words *words, struct err *e)
{
    struct job j = {
        .l = l,
        .set = set,
        .burner = &set->burner,
        .revision = revision,
        .crystal_mhz = crystal_mhz,
        .burn = b,
        .before = *words,
        .now = *words,
    };
    bool missing = false;
    enum fuse_outcome outcome = FUSE_NOT_BURNT;
    if (may_burn(&j, &missing, e)) {
        outcome = FUSE_BURNT;
        if (missing) {
            prepare(&j);
            outcome = burn_and_judge(&j, e);
        }
    }
    *words = j.now;
    forget(&j);
    return outcome;
}
