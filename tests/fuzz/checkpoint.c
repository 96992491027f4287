/*
 * Checkpoints and public keys as they come back from wherever they were kept: read or refused.
 *
 * The first byte says what the rest is: a checkpoint's file, or a public key's.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "db/proof/checkpoint_priv.h"

#include <stdlib.h>
#include <string.h>

static void try_checkpoint(const char *text)
{
    struct checkpoint_said said;
    if (!checkpoint_read_file(text, &said))
        return;
    must(said.public_key[0] && said.link >= 0, "a checkpoint names its key");
    must(memchr(said.lot, '\0', sizeof said.lot) && memchr(said.sha256, '\0', sizeof said.sha256),
         "texts end");
}

static void try_key(const char *text, size_t n)
{
    struct err e = { 0 };
    char public_key[KEY_PUBLIC_CAP];
    bool ok = key_read_public(text, n, public_key, &e);
    must_tell(ok, &e);
    must(!ok || !key_verifies(public_key, text, n, text), "nothing is its own signature");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    uint8_t kind = input_byte(&in);
    char *text = must_alloc(in.left + 1);
    if (in.left > 0)
        memcpy(text, in.at, in.left);
    text[in.left] = '\0';
    if (kind & 1)
        try_key(text, in.left);
    else
        try_checkpoint(text);
    free(text);
    return 0;
}
