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
#define MAGIC_TOKEN "espstation keys 2\n"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define NONCE_BYTES 12u
#define TAG_BYTES   16u
#define KEYS_BYTES  sizeof(((struct board_own *)0)->keys)
#define FILE_MAX_BYTES                                                                             \
    (MAGIC_BYTES + KEY_TOKEN_WRAPPED_MAX_BYTES + NONCE_BYTES + KEYS_BYTES + TAG_BYTES)

/* Magic, the wrapped key (with a token), nonce, the sealed keys, tag. */
struct form {
    const char *magic;
    size_t wrapped_at, wrapped_bytes, nonce_at, sealed_at, tag_at, bytes;
};

static struct form form_of(const struct key_store *store)
{
    struct form f = { .magic = store->token ? MAGIC_TOKEN : MAGIC, .wrapped_at = MAGIC_BYTES };
    f.wrapped_bytes = store->token ? key_token_wrapped_bytes(store->token) : 0;
    f.nonce_at = f.wrapped_at + f.wrapped_bytes;
    f.sealed_at = f.nonce_at + NONCE_BYTES;
    f.tag_at = f.sealed_at + KEYS_BYTES;
    f.bytes = f.tag_at + TAG_BYTES;
    return f;
}

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
static bool seal(const uint8_t *key, const struct chip_mac *mac, const uint8_t *nonce,
                 const uint8_t *keys, uint8_t *out, uint8_t *tag)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const bool ok = c && EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), key, nonce, NULL) == 1 &&
                    EVP_EncryptUpdate(c, NULL, &n, mac->bytes, mac->count) == 1 &&
                    EVP_EncryptUpdate(c, out, &n, keys, (int)KEYS_BYTES) == 1 &&
                    EVP_EncryptFinal_ex(c, out + n, &n) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)TAG_BYTES, tag) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static bool open_seal(const uint8_t *key, const struct chip_mac *mac, const uint8_t *nonce,
                      const uint8_t *in, uint8_t *tag, uint8_t *keys)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const bool ok = c && EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), key, nonce, NULL) == 1 &&
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

/* The key that seals this file: the station's, or one that the token unwraps. */
static bool find_key(const struct key_store *store, const struct form *f, const uint8_t *file,
                     uint8_t *key)
{
    uint8_t room[KEY_TOKEN_WRAPPED_MAX_BYTES];
    size_t n = sizeof room;
    struct err ignored = { 0 };
    if (!store->token) {
        memcpy(key, store->key, KEY_STORE_KEY_BYTES);
        return true;
    }
    const bool ok = key_token_unwrap(store->token, file + f->wrapped_at, f->wrapped_bytes, room, &n,
                                     &ignored) &&
                    n == KEY_STORE_KEY_BYTES;
    if (ok)
        memcpy(key, room, KEY_STORE_KEY_BYTES);
    OPENSSL_cleanse(room, sizeof room);
    return ok;
}

static bool take(const struct key_store *store, const struct chip_mac *mac, uint8_t *file,
                 struct board_own *own)
{
    const struct form f = form_of(store);
    uint8_t key[KEY_STORE_KEY_BYTES];
    bool ok = memcmp(file, f.magic, MAGIC_BYTES) == 0 && find_key(store, &f, file, key) &&
              open_seal(key, mac, file + f.nonce_at, file + f.sealed_at, file + f.tag_at,
                        (uint8_t *)own->keys) &&
              keys_are_sound(own);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok)
        OPENSSL_cleanse(own->keys, sizeof own->keys);
    return ok;
}

bool key_store_load(const struct key_store *store, const struct chip_mac *mac,
                    struct board_own *own, struct err *e)
{
    char path[4096];
    uint8_t file[FILE_MAX_BYTES + 1];
    size_t n = 0;
    if (!path_of(store, mac, ".keys", path, sizeof path, e))
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The keys of this board cannot be read");
    const bool ok = read_all(fd, file, sizeof file, &n) && n == form_of(store).bytes &&
                    take(store, mac, file, own);
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
                       size_t n, struct err *e)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The keys of this board cannot be kept");
    bool ok = write(fd, bytes, n) == (ssize_t)n && fsync(fd) == 0;
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

/* A key of the file's own, which the token alone can unwrap. */
static bool choose_key(const struct key_store *store, const struct form *f, uint8_t *file,
                       uint8_t *key)
{
    size_t n = f->wrapped_bytes;
    struct err ignored = { 0 };
    if (!store->token) {
        memcpy(key, store->key, KEY_STORE_KEY_BYTES);
        return true;
    }
    return getrandom(key, KEY_STORE_KEY_BYTES, 0) == (ssize_t)KEY_STORE_KEY_BYTES &&
           key_token_wrap(store->token, key, KEY_STORE_KEY_BYTES, file + f->wrapped_at, &n,
                          &ignored) &&
           n == f->wrapped_bytes;
}

bool key_store_save(const struct key_store *store, const struct chip_mac *mac,
                    const struct board_own *own, struct err *e)
{
    char path[4096];
    uint8_t file[FILE_MAX_BYTES], key[KEY_STORE_KEY_BYTES];
    const struct form f = form_of(store);
    if (!path_of(store, mac, ".keys", path, sizeof path, e))
        return false;
    memcpy(file, f.magic, MAGIC_BYTES);
    const bool ok = getrandom(file + f.nonce_at, NONCE_BYTES, 0) == (ssize_t)NONCE_BYTES &&
                    choose_key(store, &f, file, key) &&
                    seal(key, mac, file + f.nonce_at, (const uint8_t *)own->keys,
                         file + f.sealed_at, file + f.tag_at);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok)
        return err_set(e, ERR_STATION, "The keys of this board cannot be sealed");
    return write_file(store, path, file, f.bytes, e);
}
