/* Proving what the fleet's server has, with what is found on standard output. */
#ifndef STATION_FLEET_PROOF_H
#define STATION_FLEET_PROOF_H

#include "db/fleet/fleet.h"

struct fleet_proof {
    struct fleet *fleet;
    const char *station_name; /* its records alone; NULL: those of all */
    bool json;
    /* Of db_audit_setup; a checkpoint is compared with the record that its station goes on with,
     * so a station must be named. NULL: none. */
    const char *checkpoint, *public_key;
    int64_t findings; /* out */
};

/* True: all records were proved, and findings says how it ended. */
bool fleet_proof_run(struct fleet_proof *proof, struct err *e);

#endif
