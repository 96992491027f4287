#include "station/base/infile.h"
#include "station/base/outfile.h"
#include "station/nvs/nvs_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define KEYFILE_MAX_BYTES 0x10000u

static void wipe_and_free(uint8_t *bytes, size_t n)
{
    if (bytes)
        OPENSSL_cleanse(bytes, n);
    free(bytes);
}

static bool take_hmac(const char *path, const uint8_t *bytes, size_t n, struct nvs_keys *keys,
                      struct err *e)
{
    if (n == NVS_HMAC_BYTES)
        return nvs_keys_from_hmac(bytes, keys, e);
    err_set(e, ERR_USAGE, "'%.120s' has %zu bytes; an HMAC key has %u", path, n, NVS_HMAC_BYTES);
    return err_hint(e, "It is the key that is burnt into the eFuse, as bytes. A partition "
                       "nvs_keys belongs behind --keys.");
}

bool nvs_keyfile_read(const struct nvs_options *o, struct nvs_keys *keys, bool *have, struct err *e)
{
    const char *path = o->keys ? o->keys : o->hmac_key;
    uint8_t *bytes = NULL;
    size_t n;
    *have = path != NULL;
    if (!path)
        return true;
    bool ok = infile_read(path, KEYFILE_MAX_BYTES, &bytes, &n, e) &&
              (o->keys ? nvs_keys_read(bytes, n, keys, e) || err_wrap(e, "'%.120s'", path)
                       : take_hmac(path, bytes, n, keys, e));
    wipe_and_free(bytes, n);
    return ok;
}

static bool fill(struct nvs_keys *keys, struct err *e)
{
    for (size_t at = 0; at < sizeof keys->bytes;) {
        const ssize_t got = getrandom(keys->bytes + at, sizeof keys->bytes - at, 0);
        if (got < 0 && errno != EINTR)
            return err_set_sys(e, ERR_STATION, errno, "The system gives no random bytes for keys");
        at += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static int open_new(const char *path, struct err *e)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    if (errno != EEXIST) {
        err_set_sys(e, ERR_USAGE, errno, "'%.120s' cannot be written", path);
        return -1;
    }
    err_set(e, ERR_USAGE, "'%.120s' is there already, and keys are never written over", path);
    err_hint(e, "To use these keys: --keys %.120s. For new ones give another name.", path);
    return -1;
}

bool nvs_keyfile_make(const char *path, struct nvs_keys *keys, struct err *e)
{
    uint8_t bytes[NVS_KEYFILE_BYTES];
    const int fd = open_new(path, e);
    if (fd < 0)
        return false;
    bool ok = fill(keys, e);
    if (ok) {
        nvs_keys_write(keys, bytes);
        ok = (outfile_write_all(fd, bytes, sizeof bytes) && fsync(fd) == 0) ||
             err_set_sys(e, ERR_STATION, errno, "'%.120s' cannot be written", path);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    close(fd);
    if (!ok)
        unlink(path);
    return ok;
}
