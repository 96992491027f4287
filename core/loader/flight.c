#include "core/loader/flight.h"

#include "core/frames/packet.h"

#include <string.h>

void flight_reset(struct flight *f)
{
    memset(f, 0, sizeof *f);
}

/* Whether a stub goes on working after its answer; while it does, one frame fills the only buffer
 * that is left. */
static bool works_on(uint8_t command)
{
    switch (command) {
    case CMD_FLASH_DATA:
    case CMD_FLASH_DEFL_DATA:
    case CMD_READ_FLASH:
    case CMD_CHANGE_BAUDRATE:
    case CMD_MEM_END:
    case CMD_SYNC: /* seven more answers */
        return true;
    default:
        return false;
    }
}

bool flight_is_idle(const struct flight *f)
{
    return f->count == 0 && !f->unsure && !works_on(f->answered);
}

/* Two blocks are never under way together: what the first does to the flash may last longer than
 * the second is on the wire, and the rule then hangs on who answers when. */
bool flight_may_follow(const struct flight *f, uint8_t command)
{
    if (f->count == 0)
        return true;
    return f->count < FLIGHT_MAX && !f->unsure && !works_on(f->answered) &&
           !(works_on(f->waiting[0]) && works_on(command));
}

void flight_sent(struct flight *f, uint8_t command)
{
    if (f->count < FLIGHT_MAX) /* of a ROM's longer stream only the number counts */
        f->waiting[f->count] = command;
    f->count++;
}

void flight_answered(struct flight *f, uint8_t command)
{
    f->answered = command;
    f->unsure = false;
    if (f->count == 0)
        return;
    f->waiting[0] = f->waiting[1];
    f->count--;
}

void flight_lost(struct flight *f)
{
    f->count = 0;
    f->unsure = true;
}
