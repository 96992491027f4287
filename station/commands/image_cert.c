#include "station/commands/image_cert.h"

#include "core/facts/chip.h"
#include "core/fuses/fuse_rules.h"
#include "core/images/sign.h"
#include "station/attempt/key_file.h"
#include "station/base/infile.h"
#include "station/base/locked.h"

#include <stdlib.h>
#include <sys/random.h>

#define CERTIFICATE_MAX_BYTES ((size_t)8 << 10)

/* The private key, and what it is encrypted with. */
struct cert_keys {
    uint8_t pem[SIGN_PEM_MAX_BYTES], ds[KEY_FILE_MAX_BYTES];
    size_t pem_bytes;
};

static bool read_cert_keys(const struct image_cert *o, struct cert_keys *k, struct err *e)
{
    uint8_t count = 0;
    const char *name = o->ds_key_path;
    return key_file_read(name, name, k->ds, &count, e) &&
           (count == DS_KEY_BYTES || err_set(e, ERR_USAGE,
                                             "A key of digital signatures has 32 "
                                             "bytes, and '%.100s' %u",
                                             name, count)) &&
           key_file_read_any(o->key_path, o->key_path, k->pem, sizeof k->pem, &k->pem_bytes, e);
}

/* Of the largest number that the chip reckons with. */
static bool choose_ds_chip(const struct image_cert *o, struct secure_cert *c, size_t *number_bytes,
                           struct err *e)
{
    const struct chip *chip = o->chip ? chip_by_name(o->chip) : NULL;
    const struct fuse_set *set = chip ? chip_fuses(chip, UINT32_MAX) : NULL;
    const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
    if (!o->chip || !o->block || !o->cert_path)
        return err_set(e, ERR_USAGE,
                       "A partition with a certificate takes --cert, --chip and "
                       "--block, the key block that the recipe gives the key");
    if (!rules || rules->ds_number_bytes == 0)
        return err_set(e, ERR_USAGE, "No source says that '%.40s' makes digital signatures",
                       o->chip);
    if (o->block[0] < '0' || o->block[0] > '5' || o->block[1] != '\0')
        return err_set(e, ERR_USAGE, "--block is a number from 0 to 5");
    c->block = (unsigned)(o->block[0] - '0');
    *number_bytes = rules->ds_number_bytes;
    return true;
}

static bool seal_key(const struct image_cert *o, const struct cert_keys *k, size_t number_bytes,
                     struct secure_cert *c, struct err *e)
{
    if (getrandom(c->ds.iv, sizeof c->ds.iv, 0) != (ssize_t)sizeof c->ds.iv)
        return err_set(e, ERR_STATION, "The kernel gives no random bytes");
    const char *problem = ds_seal(k->pem, k->pem_bytes, k->ds, number_bytes, &c->ds);
    c->has_ds = !problem;
    return !problem || err_set(e, ERR_USAGE, "The private key '%.100s': %s", o->key_path, problem);
}

/* As a board would find it. */
static bool make_cert(const struct image_cert *o, const struct cert_keys *k, struct secure_cert *c,
                      uint8_t *to, struct err *e)
{
    struct secure_cert again;
    const char *problem = secure_cert_make(c, to, SECURE_CERT_BYTES);
    if (!problem)
        problem = secure_cert_read(to, SECURE_CERT_BYTES, &again);
    if (!problem)
        problem = secure_cert_judge(&again, k->ds);
    return !problem || err_set(e, ERR_USAGE, "The certificate '%.100s' and the key '%.100s': %s",
                               o->cert_path, o->key_path, problem);
}

static bool read_certificate(const char *path, uint8_t **bytes, size_t *n, struct err *e)
{
    return !path || infile_read(path, CERTIFICATE_MAX_BYTES, bytes, n, e);
}

bool image_cert_make(const struct image_cert *o, uint8_t to[static SECURE_CERT_BYTES],
                     struct err *e)
{
    struct secure_cert c = { .has_ds = false };
    uint8_t *device = NULL, *ca = NULL;
    size_t number_bytes = 0;
    struct cert_keys *k = locked_new(sizeof *k, e);
    bool ok = k && choose_ds_chip(o, &c, &number_bytes, e) && read_cert_keys(o, k, e) &&
              read_certificate(o->cert_path, &device, &c.device_bytes, e) &&
              read_certificate(o->ca_path, &ca, &c.ca_bytes, e);
    c.device = device;
    c.ca = ca;
    ok = ok && seal_key(o, k, number_bytes, &c, e) && make_cert(o, k, &c, to, e);
    locked_free(k, sizeof *k);
    free(device);
    free(ca);
    return ok;
}
