/* Numbers for failure codes that stay for ever, whatever becomes of the program's own. */
#ifndef STATION_PLC_CAUSE_H
#define STATION_PLC_CAUSE_H

#include "core/base/err.h"

#include <stdint.h>

enum {
    PLC_CAUSE_NONE = 0,
    PLC_CAUSE_NO_RUN = 100, /* START was taken, and no run began in time */
    PLC_CAUSE_OTHER = 199,  /* a failure that has no number yet */
};

uint16_t plc_cause(enum err_code code);

#endif
