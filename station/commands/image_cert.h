/* espstation image cert: the partition of a certificate whose private key a chip keeps. */
#ifndef STATION_IMAGE_CERT_H
#define STATION_IMAGE_CERT_H

#include "core/base/err.h"
#include "core/images/secure_cert.h"

struct image_cert {
    const char *key_path, *cert_path;
    const char *ca_path;     /* NULL: none */
    const char *ds_key_path; /* that the chip will have */
    const char *chip, *block;
};

/* Made, read again as firmware would, and judged. ERR_USAGE: what does not fit; ERR_STATION. */
bool image_cert_make(const struct image_cert *o, uint8_t to[static SECURE_CERT_BYTES],
                     struct err *e);

#endif
