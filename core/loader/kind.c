#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/loader/kind_priv.h"

#include <string.h>

bool kind_ask(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
              size_t payload_bytes, uint32_t timeout_ms, struct reply *r, struct err *e)
{
    uint8_t data[16];
    for (size_t i = 0; i < count; i++)
        store_u32(data + 4 * i, words[i]);
    return link_send(&l->link, command, data, 4 * count, e) &&
           link_await(&l->link, command, payload_bytes, false,
                      deadline_in_ms(l->link.port->clock, timeout_ms), r, e);
}

bool kind_check_md5(const uint8_t *bytes, uint32_t n, const uint8_t said[static LOADER_MD5_BYTES],
                    struct err *e)
{
    uint8_t have[DIGEST_MD5_BYTES];
    if (!digest_md5(bytes, n, have))
        return err_set(e, ERR_STATION, "Out of memory");
    return memcmp(said, have, sizeof have) == 0 ||
           err_set(e, ERR_FRAME, "the data do not have the MD5 that the chip says");
}

bool kind_baud_as_it_is(struct loader *l, uint32_t baud, uint32_t *request, struct err *e)
{
    (void)l;
    (void)e;
    *request = baud;
    return true;
}

uint32_t kind_bytes_as_they_are(uint32_t addr, uint32_t size_bytes)
{
    (void)addr;
    return size_bytes;
}

bool kind_erase_region(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                       struct err *e)
{
    const uint32_t words[2] = { addr, bytes };
    struct reply r;
    return kind_ask(l, CMD_ERASE_REGION, words, 2, 0, timeout_ms, &r, e);
}

bool kind_erase_flash(struct loader *l, uint32_t flash_bytes, uint32_t timeout_ms, struct err *e)
{
    struct reply r;
    (void)flash_bytes;
    return kind_ask(l, CMD_ERASE_FLASH, NULL, 0, 0, timeout_ms, &r, e);
}
