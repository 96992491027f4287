/* A stub's JSON file is read, or refused by name. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/loader/stub.h"

#include <string.h>

#define RAM_MAX_BYTES (256u << 10)

static void must_be_sound(const struct stub_segment *s)
{
    must(s->size_bytes <= RAM_MAX_BYTES, "a segment fits into a RAM");
    must(s->size_bytes == 0 || s->bytes != NULL, "a segment has its bytes");
    uint8_t sum = 0;
    for (uint32_t i = 0; i < s->size_bytes; i++)
        sum ^= s->bytes[i];
    (void)*(volatile uint8_t *)&sum; /* all of them were there to be read */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct err e = { 0 };
    struct stub *s = stub_parse("fuzz", bytes, n, &e);
    must_tell(s != NULL, &e);
    if (!s) {
        must(e.code == ERR_STATION && strstr(e.what, "fuzz"), "the stub file is named");
        return 0;
    }
    must_be_sound(&s->text);
    must_be_sound(&s->data);
    must(s->text.size_bytes > 0, "a stub has code");
    stub_free(s);
    return 0;
}
