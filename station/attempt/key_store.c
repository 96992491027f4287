#include "station/attempt/key_store.h"

#include "core/base/read_all.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       "espstation keys 1\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define NONCE_BYTES 12u
#define TAG_BYTES   16u
#define KEYS_BYTES  sizeof(((struct board_own *)0)->keys)
#define FILE_BYTES  (MAGIC_BYTES + NONCE_BYTES + KEYS_BYTES + TAG_BYTES)

/* ---- Where ---- */

bool key_store_check(const struct key_store *store, const char *name, struct err *e)
{
    struct stat st;
    if (stat(store->folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        err_set(e, ERR_USAGE, "The folder of keys '%.100s' is not there", name);
        return err_hint(e, "Make it: mkdir -m 700 FOLDER");
    }
    if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
        return true;
    err_set(e, ERR_USAGE, "The folder of keys '%.100s' is open to others than you", name);
    return err_hint(e, "If nobody has put anything there: chmod 700 FOLDER");
}

static bool path_of(const struct key_store *store, const struct chip_mac *mac, const char *ending,
                    char *path, size_t cap, struct err *e)
{
    char text[BOARD_MAC_TEXT_BYTES], name[BOARD_MAC_TEXT_BYTES];
    size_t n = 0;
    board_mac_text(mac, text);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != ':')
            name[n++] = *p;
    }
    name[n] = '\0';
    if (n == 0)
        return err_set(e, ERR_STATION, "A board without a MAC has no place for its keys");
    const int used = snprintf(path, cap, "%s/%s%s", store->folder, name, ending);
    return (used > 0 && (size_t)used < cap) ||
           err_set(e, ERR_STATION, "The path of a board's keys is too long");
}

/* ---- Sealing ---- */

/* `out` has the keys' length, and `tag` what proves them. */
static bool seal(const struct key_store *store, const struct chip_mac *mac, const uint8_t *nonce,
                 const uint8_t *keys, uint8_t *out, uint8_t *tag)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const bool ok = c && EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), store->key, nonce, NULL) == 1 &&
                    EVP_EncryptUpdate(c, NULL, &n, mac->bytes, mac->count) == 1 &&
                    EVP_EncryptUpdate(c, out, &n, keys, (int)KEYS_BYTES) == 1 &&
                    EVP_EncryptFinal_ex(c, out + n, &n) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static bool open_seal(const struct key_store *store, const struct chip_mac *mac,
                      const uint8_t *nonce, const uint8_t *in, uint8_t *tag, uint8_t *keys)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const bool ok = c && EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), store->key, nonce, NULL) == 1 &&
                    EVP_DecryptUpdate(c, NULL, &n, mac->bytes, mac->count) == 1 &&
                    EVP_DecryptUpdate(c, keys, &n, in, (int)KEYS_BYTES) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)TAG_BYTES, tag) == 1 &&
                    EVP_DecryptFinal_ex(c, keys + n, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

/* ---- Files ---- */

static bool keys_are_sound(const struct board_own *own)
{
    for (size_t i = 0; i < FUSE_WISH_KEYS_MAX; i++) {
        if (own->keys[i].count > FUSE_KEY_BYTES_MAX)
            return false;
    }
    return true;
}

static bool take(const struct key_store *store, const struct chip_mac *mac, uint8_t *file,
                 struct board_own *own)
{
    const uint8_t *nonce = file + MAGIC_BYTES, *sealed = nonce + NONCE_BYTES;
    bool ok = memcmp(file, MAGIC, MAGIC_BYTES) == 0 &&
              open_seal(store, mac, nonce, sealed, file + MAGIC_BYTES + NONCE_BYTES + KEYS_BYTES,
                        (uint8_t *)own->keys) &&
              keys_are_sound(own);
    if (!ok)
        OPENSSL_cleanse(own->keys, sizeof own->keys);
    return ok;
}

bool key_store_load(const struct key_store *store, const struct chip_mac *mac,
                    struct board_own *own, struct err *e)
{
    char path[4096];
    uint8_t file[FILE_BYTES + 1];
    size_t n = 0;
    if (!path_of(store, mac, ".keys", path, sizeof path, e))
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The keys of this board cannot be read");
    const bool ok =
        read_all(fd, file, sizeof file, &n) && n == FILE_BYTES && take(store, mac, file, own);
    close(fd);
    if (ok)
        return true;
    err_set(
        e, ERR_STATION,
        "The file with the keys of this board is damaged, another board's, or sealed by another "
        "key");
    return err_hint(e, "Give the key of the station that has made it (security.keep.with).");
}

/* Of a name that nobody else has yet; on the disk with its folder. */
static bool write_file(const struct key_store *store, const char *path, const uint8_t *bytes,
                       struct err *e)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The keys of this board cannot be kept");
    bool ok = write(fd, bytes, FILE_BYTES) == (ssize_t)FILE_BYTES && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    const int folder = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = ok && folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    if (ok)
        return true;
    err_set_sys(e, ERR_STATION, errno, "The keys of this board cannot be kept");
    unlink(path); /* nothing was burnt with them */
    return false;
}

bool key_store_save(const struct key_store *store, const struct chip_mac *mac,
                    const struct board_own *own, struct err *e)
{
    char path[4096];
    uint8_t file[FILE_BYTES] = MAGIC;
    uint8_t *nonce = file + MAGIC_BYTES, *sealed = nonce + NONCE_BYTES;
    if (!path_of(store, mac, ".keys", path, sizeof path, e))
        return false;
    if (getrandom(nonce, NONCE_BYTES, 0) != (ssize_t)NONCE_BYTES ||
        !seal(store, mac, nonce, (const uint8_t *)own->keys, sealed, sealed + KEYS_BYTES))
        return err_set(e, ERR_STATION, "The keys of this board cannot be sealed");
    return write_file(store, path, file, e);
}
