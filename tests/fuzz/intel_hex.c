/* Intel HEX: regions in order, none overlapping, all inside the bytes that were allocated. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/images/intel_hex.h"

#include <string.h>

static void must_be_sound(const struct intel_hex *hex, uint32_t unit_bytes)
{
    uint64_t end = 0, sum = 0;
    uint8_t all = 0;
    must(hex->count >= 1, "a file that was read has a region");
    for (size_t i = 0; i < hex->count; i++) {
        const struct intel_hex_region *r = &hex->regions[i];
        uint64_t first_unit = r->addr / unit_bytes;
        must(r->size_bytes > 0, "no region is empty");
        must(i == 0 || first_unit > (end - 1) / unit_bytes, "no two regions share a unit");
        must(r->bytes == hex->bytes + sum, "the bytes of the regions follow each other");
        end = (uint64_t)r->addr + r->size_bytes;
        must(end <= (uint64_t)1 << 32, "no region runs over the end of the addresses");
        sum += r->size_bytes;
        for (uint32_t k = 0; k < r->size_bytes; k++)
            all ^= r->bytes[k];
    }
    (void)*(volatile uint8_t *)&all; /* all of them were there to be read */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const uint32_t units[] = { 1, 16, 4096 };
    struct err e = { 0 };
    struct intel_hex hex;
    uint32_t unit_bytes = units[n % 3];
    memset(&hex, 0, sizeof hex);
    (void)intel_hex_is(bytes, n);
    bool ok = intel_hex_read(bytes, n, unit_bytes, &hex, &e);
    must_tell(ok, &e);
    if (ok)
        must_be_sound(&hex, unit_bytes);
    else
        must(e.code == ERR_IMAGE && hex.regions == NULL && hex.bytes == NULL,
             "a file that is refused leaves nothing");
    intel_hex_done(&hex);
    return 0;
}
