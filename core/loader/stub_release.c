#include "core/loader/stub_release.h"

#include "core/base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define STUB(name, digest, version, tried) { name, digest##u, version, tried },
static const struct stub_release releases[] = {
#include "core/loader/stub_list.h"
};
#undef STUB

enum { RELEASE_COUNT = sizeof releases / sizeof releases[0] };

static uint8_t *put_segment(uint8_t *to, const struct stub_segment *segment)
{
    bool empty = segment->size_bytes == 0; /* its address then says nothing */
    store_u32(to, empty ? 0 : segment->addr);
    store_u32(to + 4, segment->size_bytes);
    if (!empty)
        memcpy(to + 8, segment->bytes, segment->size_bytes);
    return to + 8 + segment->size_bytes;
}

bool stub_digest(const struct stub *s, uint8_t sha256[static DIGEST_SHA256_BYTES])
{
    size_t n = 4 + 8 + (size_t)s->text.size_bytes + 8 + s->data.size_bytes;
    uint8_t *all = malloc(n);
    if (!all)
        return false;
    store_u32(all, s->entry_addr);
    put_segment(put_segment(all + 4, &s->text), &s->data);
    bool ok = digest_sha256(all, n, sha256);
    free(all);
    return ok;
}

const struct stub_release *stub_release_of(const uint8_t sha256[static DIGEST_SHA256_BYTES])
{
    uint64_t digest = 0;
    for (size_t i = 0; i < sizeof digest; i++)
        digest = digest << 8 | sha256[i];
    for (size_t i = 0; i < RELEASE_COUNT; i++) {
        if (releases[i].digest == digest)
            return &releases[i];
    }
    return NULL;
}

/* Names that the table does not have at all are none of its business: chips that nobody sells,
 * whose stub may be another chip's. */
bool stub_release_is_misnamed(const struct stub *s, const struct stub_release *release)
{
    if (strcmp(s->name, release->name) == 0)
        return false;
    for (size_t i = 0; i < RELEASE_COUNT; i++) {
        if (strcmp(releases[i].name, s->name) == 0)
            return true;
    }
    return false;
}

const struct stub_release *stub_release_at(size_t i)
{
    return i < RELEASE_COUNT ? &releases[i] : NULL;
}
