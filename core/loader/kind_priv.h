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

/* What all stubs take. */
bool kind_erase_region(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                       struct err *e);

#endif
