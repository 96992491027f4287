/*
 * A port to the virtual board, in this process and under a fake clock: whole sessions run at the
 * speed of the machine, and the same way each time.
 */
#ifndef TESTS_LIB_SIM_PORT_H
#define TESTS_LIB_SIM_PORT_H

#include "core/ports/port.h"
#include "tests/fixture/chip_sim.h"
#include "tests/lib/fake_clock.h"

struct sim_port {
    struct port port; /* first: this is what the core gets */
    struct fake_clock *clock;
    struct chip_sim *sim;
    size_t all_space;     /* of the adapter's queue towards the chip, when it is empty */
    bool gone;            /* the cable is pulled */
    uint64_t power_at_us; /* its board is put in then; 0: it is there */
};

/* A board as configured, powered on now. Free with _done. False with a sentence in why[]. */
bool sim_port_init(struct sim_port *s, const struct chip_sim_config *config,
                   struct fake_clock *clock, char *why, size_t why_size);
/* Its board is out until then. */
void sim_port_put_in_at(struct sim_port *s, uint64_t at_us);
void sim_port_done(struct sim_port *s);

#endif
