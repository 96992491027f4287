#include "station/line/remedy.h"

/* Uses one try up; false when there was none left. */
static bool spend(unsigned *used, unsigned allowed)
{
    return *used < allowed && ++*used > 0;
}

static void lower_baud(struct remedy *r, const struct remedy_facts *f)
{
    if (r->baud_index < f->fallback_count)
        r->baud_index++;
}

static bool is_lost(const struct err *e)
{
    return e->wire == ERR_TIMEOUT || e->wire == ERR_FRAME;
}

/* An answer that is missing may be a frame that came too close behind another, and an MD5 that is
 * wrong while no byte is known to be may be an answer that was mangled: first of all the same is
 * done again, one question at a time. */
static bool care_may_cure(const struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    bool is_doubtful = is_lost(e) || (e->code == ERR_VERIFY && !f->differs.known);
    return is_doubtful && !f->has_reset && !r->careful;
}

/* A board that has reset itself says why at its own low rate: lower may not cure it, but tells. */
static void slow_down(struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    if (!care_may_cure(r, f, e))
        lower_baud(r, f);
    r->careful = true;
}

/* A ROM that takes its rate from the SYNC may not follow a high one. Once may be the reset; after
 * that it is synced slowly, which without a stub means to stay there. */
static void sync_lower(struct remedy *r, const struct remedy_facts *f)
{
    if (f->rate_from_sync && (f->no_stub || r->use_rom) && r->sync_slowly)
        lower_baud(r, f);
    r->sync_slowly = true;
}

/* The stub failed: once may be chance, twice is a reason to do without it where that is possible.
 * One that only proves starts at the rate at which the ROM has written. */
static void give_up_stub(struct remedy *r, const struct remedy_facts *f)
{
    if (f->rate_from_sync && (f->no_stub || r->use_rom))
        lower_baud(r, f);
    if (++r->stub_failures >= 2 && f->may_use_rom)
        r->use_rom = true;
}

/* What the stub took was right by its checksums, so a flash that differs at one byte is written
 * again at the same rate: if another byte differs then, it is not that byte. */
static bool after_difference(struct remedy *r, const struct remedy_facts *f)
{
    bool again = r->differed.known;
    if (f->only_looks || (again && r->differed.addr == f->differs.addr))
        return false;
    if (again)
        lower_baud(r, f);
    r->differed = f->differs;
    return spend(&r->verify_tries, f->allowed->verify);
}

/* One failure of our own stub is enough: the board is done by the vendor's then, in all else as it
 * was tried, for nothing yet speaks against wire and rate. */
static bool is_of_fast(const struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    bool by_it = e->code == ERR_STUB || e->code == ERR_BAUD || e->code == ERR_WRITE ||
                 e->code == ERR_ERASE || e->code == ERR_VERIFY;
    return f->by_fast && !r->no_fast && by_it;
}

static bool after_fast(struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    r->no_fast = true;
    if (e->code != ERR_VERIFY)
        return spend(&r->write_tries, f->allowed->write);
    r->differed = f->differs;
    return spend(&r->verify_tries, f->allowed->verify);
}

static bool after_verify(struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    if (f->differs.known)
        return after_difference(r, f);
    slow_down(r, f, e);
    return spend(&r->verify_tries, f->allowed->verify);
}

bool remedy_is_bad_flash(const struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    return e->code == ERR_VERIFY && !f->only_looks && f->differs.known && r->differed.known &&
           f->differs.addr == r->differed.addr;
}

bool remedy_blames_rate(const struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    if (is_of_fast(r, f, e))
        return false;
    bool by_the_wire = e->code == ERR_WRITE || (e->code == ERR_ERASE && is_lost(e)) ||
                       (e->code == ERR_VERIFY && !f->differs.known);
    return e->code == ERR_BAUD || (by_the_wire && !f->has_reset && !care_may_cure(r, f, e));
}

bool remedy_after(struct remedy *r, const struct remedy_facts *f, const struct err *e)
{
    const struct recipe_retry *allowed = f->allowed;
    if (!err_row(e->code)->may_retry)
        return false;
    if (is_of_fast(r, f, e))
        return after_fast(r, f, e);
    switch (e->code) {
    case ERR_NO_SYNC:
    case ERR_WRONG_BOOT_MODE:
        r->reset_step += !f->waits;
        sync_lower(r, f);
        return spend(&r->sync_tries, allowed->sync);
    case ERR_PORT_MISSING:
    case ERR_PORT_BUSY:
        return f->port_was_open && spend(&r->sync_tries, allowed->sync);
    case ERR_VERIFY:
        return after_verify(r, f, e);
    case ERR_FINISH:
        return spend(&r->finish_tries, allowed->finish);
    case ERR_BOOT: /* the device that the loader plays is gone with it, and takes no reset */
        return !f->plays_usb && spend(&r->boot_tries, 1);
    case ERR_STUB:
        r->careful = true;
        give_up_stub(r, f);
        return spend(&r->write_tries, allowed->write);
    case ERR_BAUD:
        r->careful = true;
        lower_baud(r, f);
        return spend(&r->write_tries, allowed->write);
    case ERR_WRITE:
        slow_down(r, f, e);
        return spend(&r->write_tries, allowed->write);
    case ERR_ERASE:
        if (is_lost(e))
            slow_down(r, f, e);
        r->careful = true;
        return spend(&r->write_tries, allowed->write);
    case ERR_IDENTIFY:
    case ERR_PART_BURNT: /* the next attempt reads all fuses, and burns what is missing then */
    case ERR_BURN_UNKNOWN:
        r->careful = true;
        return spend(&r->write_tries, allowed->write);
    default: /* a pulled cable */
        return spend(&r->write_tries, allowed->write);
    }
}
