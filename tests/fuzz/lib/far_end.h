/*
 * The far end of a port: a chip that does what an input says. Each read takes its next step from
 * the input: a proper answer, a wrong one, noise, silence, a greeting, a boot log, an unplugged
 * cable. When the input is used up there is silence. Time is a fake clock's.
 *
 * A step is one byte: its low four bits say what (enum far_step), the others how often.
 */
#ifndef TESTS_FUZZ_LIB_FAR_END_H
#define TESTS_FUZZ_LIB_FAR_END_H

#include "core/images/plan.h"
#include "core/loader/loader.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/lib/fake_clock.h"

enum far_step {
    FAR_PROPER,   /* what a sound chip answers; a register's value comes from the input */
    FAR_ZERO,     /* the same, with a value of 0: a stub */
    FAR_MAGIC,    /* the same, and a register holds what tells the chip */
    FAR_REFUSE,   /* a status from the input */
    FAR_DATA,     /* an answer with any data */
    FAR_OTHER,    /* an answer to any command */
    FAR_BYTES,    /* any bytes */
    FAR_FRAME,    /* a frame of any bytes */
    FAR_GREETING, /* OHAI */
    FAR_BOOT_LOG, /* a line of a boot log, with a number from the input */
    FAR_SILENCE,
    FAR_DELAY,  /* milliseconds from the input go by */
    FAR_BLANK,  /* as FAR_PROPER, but the flash is blank */
    FAR_PACKET, /* a packet of a flash read */
    FAR_GONE,
    FAR_STOP,
};

struct far_end {
    struct port port; /* first: this is what the core gets */
    struct fake_clock clock;
    struct input in;
    const struct chip *chip;
    const struct plan_variant *const *variant; /* its flash's content; may be or point to NULL */
    uint8_t step, times;                       /* the present one, and how often it still comes */
    uint8_t request[64]; /* the front of the last frame it was sent, from the command on */
    size_t request_bytes;
    bool gone;
};

/* `caps` as of a port, `usb` 0 for a bridge, else the product id of Espressif's. */
void far_end_init(struct far_end *f, struct input in, const struct chip *chip, unsigned caps,
                  uint16_t usb);

#endif
