/* Firmware headers: any bytes are read as something; a patch changes the header alone and leaves an
 * image that reads the same. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/images/image.h"

#include <stdlib.h>
#include <string.h>

static void must_be_sound(const struct image *image, size_t n)
{
    must((image->kind == IMAGE_DAMAGED) == (image->problem != NULL), "what is damaged says why");
    must(image->digest_at == 0 || image->digest_at + IMAGE_SHA256_BYTES <= n,
         "an appended digest lies in the file");
    must(memchr(image->app_project, '\0', sizeof image->app_project) &&
             memchr(image->app_version, '\0', sizeof image->app_version),
         "texts end");
    for (size_t i = 0; i < chip_count(); i++) {
        bool fits = image_fits_chip(image, chip_at(i));
        bool old = image_fits_revision(image, chip_at(i), 0);
        must(fits + old < 3, "both have an answer");
    }
}

/* Codes from the input, as far as a header can hold them. */
static void patch(const uint8_t *bytes, size_t n, const struct image *image, uint8_t codes)
{
    uint8_t *copy = must_alloc(n);
    struct image again;
    uint8_t mode = codes & 3, size = (codes >> 2) & 7, freq = codes >> 7 ? IMAGE_KEEP : 0xF;
    memcpy(copy, bytes, n);
    bool changed = false;
    must(image_patch(copy, image, mode, size, freq, &changed), "there is memory");
    must(changed == (memcmp(copy, bytes, n) != 0), "a change is told");
    image_read(copy, n, image->kind == IMAGE_SHORT, &again);
    /* A short image that becomes a long one with the right digest was made for that. */
    must(again.kind == image->kind ? again.digest_at == image->digest_at : again.digest_at != 0,
         "a patched image is as good as before");
    must(again.mode_code == mode && again.size_code == size &&
             again.freq_code == (freq == IMAGE_KEEP ? image->freq_code : freq),
         "a patched header says what was asked for");
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    struct image image;
    uint8_t how = input_byte(&in);
    image_read(in.at, in.left, how & 1, &image);
    must_be_sound(&image, in.left);
    if (image.kind == IMAGE_SHORT || image.kind == IMAGE_LONG)
        patch(in.at, in.left, &image, how >> 1);
    return 0;
}
