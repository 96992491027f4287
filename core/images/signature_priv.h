/* Inside core/images/sign*.c only: where a block of a signature has what. */
#ifndef CORE_SIGNATURE_PRIV_H
#define CORE_SIGNATURE_PRIV_H

#include "core/images/signature.h"

#include <stdbool.h>

#define SIGNATURE_BLOCK_BYTES 1216u
#define SIGNATURE_BLOCK_MAGIC 0xE7
#define SIGNATURE_CRC_AT      1196u
#define SIGNATURE_HASH_AT     4u
#define SIGNATURE_RSA_BYTES   384u
#define SIGNATURE_RSA_N_AT    36u
#define SIGNATURE_RSA_E_AT    420u
#define SIGNATURE_RSA_R_AT    424u
#define SIGNATURE_RSA_M_AT    808u
#define SIGNATURE_RSA_S_AT    812u
#define SIGNATURE_POINT_MAX   48u /* bytes of a coordinate */

/* Where a block has its public key, and how it is proved. */
struct signature_layout {
    uint8_t version, sha384, curve; /* bytes 1 and 2; the one in front of the key, 0: none */
    enum signature_scheme scheme;
    const char *word, *group;
    size_t hash_bytes;
    size_t key_at, key_bytes;  /* what the digest is made of */
    size_t number_bytes;       /* of a coordinate, and of each half of a signature */
    size_t x_at, signature_at; /* y and s follow at once */
};

#define SIGNATURE_LAYOUTS 4
extern const struct signature_layout signature_layouts[SIGNATURE_LAYOUTS];

struct evp_pkey_ctx_st;

/* RSA's padding, for a context that signs or verifies. */
bool signature_choose_padding(struct evp_pkey_ctx_st *ctx);

#endif
