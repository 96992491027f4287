#include "station/plc/plc_cause.h"

/* docs/plc.md has the same rows; a number that was given is never given again. */
static const struct {
    enum err_code code;
    uint16_t cause;
} rows[] = {
    { ERR_NONE, PLC_CAUSE_NONE },
    { ERR_PORT_MISSING, 1 },
    { ERR_PORT_BUSY, 2 },
    { ERR_PORT_DENIED, 3 },
    { ERR_PORT_GONE, 4 },
    { ERR_PORT_UNSUITABLE, 5 },
    { ERR_TIMEOUT, 6 },
    { ERR_FRAME, 7 },
    { ERR_REFUSED, 8 },
    { ERR_NO_SYNC, 10 },
    { ERR_WRONG_BOOT_MODE, 11 },
    { ERR_WRONG_CHIP, 12 },
    { ERR_CHIP_REVISION, 13 },
    { ERR_FLASH_SIZE, 14 },
    { ERR_NO_FLASH, 15 },
    { ERR_FLASH_SIZE_FALSE, 16 },
    { ERR_BAD_MAC, 17 },
    { ERR_SECURED, 18 },
    { ERR_PROTECTED, 19 },
    { ERR_DUPLICATE, 20 },
    { ERR_QUOTA, 21 },
    { ERR_IDENTIFY, 22 },
    { ERR_STUB, 23 },
    { ERR_BAUD, 24 },
    { ERR_ERASE, 25 },
    { ERR_WRITE, 26 },
    { ERR_VERIFY, 27 },
    { ERR_BAD_FLASH, 28 },
    { ERR_FINISH, 29 },
    { ERR_BOOT, 30 },
    { ERR_UNIT, 31 },
    { ERR_NOT_BURNT, 32 },
    { ERR_PART_BURNT, 33 },
    { ERR_BURN_UNKNOWN, 34 },
    { ERR_BURNT_WRONG, 35 },
    { ERR_LEASE, 36 },
    { ERR_STOPPED, 40 },
    { ERR_USAGE, 41 },
    { ERR_RECIPE, 42 },
    { ERR_IMAGE, 43 },
    { ERR_DATABASE, 44 },
    { ERR_STATION, 45 },
    { ERR_WAITING, 46 },
};

uint16_t plc_cause(enum err_code code)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code)
            return rows[i].cause;
    }
    return PLC_CAUSE_OTHER;
}
