/*
 * Reset sequences: how DTR and RTS bring a chip into its loader, and out of it.
 *
 * Electrical convention: an asserted line is at 0 V on the board. Auto-reset boards pull the boot
 * strap when only DTR is asserted, and EN when only RTS is. A sequence is a row of steps.
 */
#ifndef CORE_RESET_H
#define CORE_RESET_H

#include "core/facts/chip.h"
#include "core/ports/port.h"

#define RESET_STEPS_MAX 24

struct reset_step {
    unsigned mask;    /* lines to set; 0: a wait */
    unsigned on;      /* those of mask to assert */
    uint32_t wait_ms; /* waits only */
};

struct reset_sequence {
    const char *name; /* "tight", "classic", "custom" ...: in the record */
    struct reset_step steps[RESET_STEPS_MAX];
    size_t count;
    size_t count_holding; /* how many of them where DTR must stay asserted; 0: all */
    bool brief;           /* it holds EN no longer than a usual board needs */
};

/* The strategies to take in turn, one per try, for a recipe's `port.reset` on this port: `auto`, a
 * name, or a custom sequence (parsed into *custom, which must outlive the list). `none`, or a port
 * without lines, gives an empty list. `chip`: which is expected; NULL: not known. Returns how
 * many. */
#define RESET_CHOICES_MAX 5
size_t reset_choices(const struct port *port, const struct chip *chip, const char *setting,
                     struct reset_sequence *custom,
                     const struct reset_sequence *list[static RESET_CHOICES_MAX]);

/* Parses "D0|R1|W0.1|D1|R0|W0.05|D0": D and R set a line, U sets both ("U1,0"), W waits seconds (at
 * most 10 in one step). Or a name. False with ERR_RECIPE, naming the item. */
bool reset_parse(const char *text, struct reset_sequence *out, struct err *e);

/* Runs it. ERR_PORT_UNSUITABLE, ERR_PORT_GONE or ERR_STOPPED on failure. */
bool reset_run(struct port *port, const struct reset_sequence *sequence, struct err *e);

/* Releases the strap and pulses EN: the chip starts what is in its flash. The second is for boards
 * that a brief pulse was seen to reset. The third gives a chip that is its own USB device the time
 * to come back; the fourth leaves DTR asserted. */
extern const struct reset_sequence reset_hard;
extern const struct reset_sequence reset_hard_brief;
extern const struct reset_sequence reset_hard_slow;
extern const struct reset_sequence reset_hard_holding;

#endif
