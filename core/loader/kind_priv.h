/* What the files kind_NAME.c share. */
#ifndef CORE_KIND_PRIV_H
#define CORE_KIND_PRIV_H

#include "core/loader/loader.h"

/* One exchange of words, asked once. `payload_bytes` as in link_await. */
bool kind_ask(struct loader *l, uint8_t command, const uint32_t *words, size_t count,
              size_t payload_bytes, uint32_t timeout_ms, struct reply *r, struct err *e);

/* Whether what was read has the MD5 that the chip says. ERR_FRAME, ERR_STATION. */
bool kind_check_md5(const uint8_t *bytes, uint32_t n, const uint8_t said[static LOADER_MD5_BYTES],
                    struct err *e);

/* Hooks of the kinds that want a rate or a size of region as it is. */
bool kind_baud_as_it_is(struct loader *l, uint32_t baud, uint32_t *request, struct err *e);
uint32_t kind_bytes_as_they_are(uint32_t addr, uint32_t size_bytes);

/* Hooks of all stubs, which erase by a command of their own. The whole flash is what they were told
 * it is, or have found out. */
bool kind_erase_region(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                       struct err *e);
bool kind_erase_flash(struct loader *l, uint32_t flash_bytes, uint32_t timeout_ms, struct err *e);

#endif
