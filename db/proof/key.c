#include "db/proof/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SIGNATURE_BYTES = 64,
    DER_BYTES = 44, /* of a public key: RFC 8410 */
    PEM_CAP = 512,
};

struct key {
    EVP_PKEY *pkey;
    char public_key[KEY_PUBLIC_CAP];
};

/* ---- Base64 ---- */

/* Exactly n bytes, or false. */
static bool from_base64(const char *text, unsigned char *bytes, size_t n)
{
    unsigned char decoded[96];
    const size_t length = strlen(text);
    const size_t padding = n % 3 == 0 ? 0 : 3 - n % 3;
    if (length != (n + padding) / 3 * 4 || n + padding > sizeof decoded ||
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
            length - padding ||
        strspn(text + length - padding, "=") != padding)
        return false;
    if (EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)length) != (int)(n + padding))
        return false;
    memcpy(bytes, decoded, n);
    return true;
}

static bool set_public(struct key *key)
{
    unsigned char *der = NULL;
    const int n = i2d_PUBKEY(key->pkey, &der);
    const bool ok = n == DER_BYTES;
    if (ok)
        EVP_EncodeBlock((unsigned char *)key->public_key, der, n);
    OPENSSL_free(der);
    return ok;
}

/* ---- PEM ---- */

/* A key behind a passphrase is none that a station can use: nobody is asked. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static EVP_PKEY *parse_private(const char *pem, size_t n)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *pkey = !bio ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (pkey && EVP_PKEY_id(pkey) == EVP_PKEY_ED25519)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *generate(void)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_keygen(ctx, &pkey) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* The private key, or the public one alone. Gives the number of bytes, 0 on failure. */
static size_t to_pem(EVP_PKEY *pkey, bool private_too, char pem[static PEM_CAP])
{
    int n = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio && (private_too ? PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL)
                            : PEM_write_bio_PUBKEY(bio, pkey)) == 1)
        n = BIO_read(bio, pem, PEM_CAP);
    BIO_free(bio);
    return n > 0 && n < PEM_CAP ? (size_t)n : 0;
}

/* ---- Files ---- */

static bool failed(const char *what, const char *path, struct err *e)
{
    err_set_sys(e, ERR_STATION, errno, "%s the signing key %.100s", what, path);
    return err_hint(e, "Check the folder and its rights, or give another file with --key.");
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t part = write(fd, bytes, n);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        bytes += part;
        n -= (size_t)part;
    }
    return true;
}

/* Appears under its name complete or not at all; a file that is there stays. EEXIST then. */
static bool put_file(const char *path, const char *bytes, size_t n, mode_t mode)
{
    char part[PATH_MAX];
    const int length = snprintf(part, sizeof part, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int fd = mkostemp(part, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return false;
    bool ok = write_all(fd, bytes, n) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    ok = ok && link(part, path) == 0;
    const int reason = errno;
    unlink(part);
    errno = reason;
    return ok;
}

static bool put_both(const char *path, EVP_PKEY *pkey, struct err *e)
{
    char secret[PEM_CAP], open_half[PEM_CAP], open_path[PATH_MAX];
    const size_t n = to_pem(pkey, true, secret);
    const size_t open_n = to_pem(pkey, false, open_half);
    snprintf(open_path, sizeof open_path, "%s.pub", path);
    bool ok = n > 0 && open_n > 0;
    if (!ok)
        err_set(e, ERR_STATION, "The signing key has no PEM form: libcrypto failed");
    else if (put_file(path, secret, n, S_IRUSR | S_IWUSR))
        ok = put_file(open_path, open_half, open_n, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) ||
             errno == EEXIST || failed("Cannot write the public half of", path, e);
    else /* another process may have been faster: its key it is */
        ok = errno == EEXIST || failed("Cannot write", path, e);
    OPENSSL_cleanse(secret, sizeof secret);
    return ok;
}

static bool make_files(const char *path, struct err *e)
{
    EVP_PKEY *pkey = generate();
    if (!pkey)
        return err_set(e, ERR_STATION, "No signing key could be made: libcrypto failed");
    const bool ok = put_both(path, pkey, e);
    EVP_PKEY_free(pkey);
    return ok;
}

/* > 0 the key is there, 0 there is no file, < 0 failed. */
static int read_file(const char *path, EVP_PKEY **pkey, struct err *e)
{
    char pem[PEM_CAP * 4];
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return 0;
        failed("Cannot read", path, e);
        return -1;
    }
    const ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, pem, sizeof pem) : -1;
    close(fd);
    if (n >= 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err_set(e, ERR_STATION, "Others may read the signing key %.100s", path);
        err_hint(e, "Take the right away: chmod 600 %.100s", path);
        return -1;
    }
    *pkey = n > 0 ? parse_private(pem, (size_t)n) : NULL;
    OPENSSL_cleanse(pem, sizeof pem);
    if (*pkey)
        return 1;
    err_set(e, ERR_STATION, "%.100s is no Ed25519 key in PEM form, without a passphrase", path);
    err_hint(e, "Give another file with --key; a file that does not exist is made.");
    return -1;
}

struct key *key_open(const char *path, struct err *e)
{
    struct key *key = calloc(1, sizeof *key);
    if (!key) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    int found = read_file(path, &key->pkey, e);
    if (found == 0 && make_files(path, e))
        found = read_file(path, &key->pkey, e);
    if (found > 0 && set_public(key))
        return key;
    if (found > 0)
        err_set(e, ERR_STATION, "The public half of %.100s cannot be made", path);
    key_free(key);
    return NULL;
}

void key_free(struct key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const char *key_public(const struct key *key)
{
    return key->public_key;
}

/* ---- Signatures ---- */

bool key_sign(const struct key *key, const char *text, char signature[static KEY_SIGNATURE_CAP],
              struct err *e)
{
    unsigned char bytes[SIGNATURE_BYTES];
    size_t n = sizeof bytes;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok =
        ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
        EVP_DigestSign(ctx, bytes, &n, (const unsigned char *)text, strlen(text)) == 1 &&
        n == sizeof bytes;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return err_set(e, ERR_STATION, "No signature could be made: libcrypto failed");
    EVP_EncodeBlock((unsigned char *)signature, bytes, (int)n);
    return true;
}

bool key_verifies(const char *public_key, const char *text, size_t n, const char *signature)
{
    unsigned char der[DER_BYTES], bytes[SIGNATURE_BYTES];
    const unsigned char *p = der;
    if (!from_base64(public_key, der, sizeof der) || !from_base64(signature, bytes, sizeof bytes))
        return false;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, sizeof der);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool ok = pkey && EVP_PKEY_id(pkey) == EVP_PKEY_ED25519 && ctx &&
                    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                    EVP_DigestVerify(ctx, bytes, sizeof bytes, (const unsigned char *)text, n) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

bool key_read_public(const char *pem, size_t n, char public_key[static KEY_PUBLIC_CAP],
                     struct err *e)
{
    struct key key = { 0 };
    BIO *bio = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    key.pkey = !bio ? NULL : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    const bool ok = key.pkey && EVP_PKEY_id(key.pkey) == EVP_PKEY_ED25519 && set_public(&key);
    EVP_PKEY_free(key.pkey);
    if (ok) {
        memcpy(public_key, key.public_key, KEY_PUBLIC_CAP);
        return true;
    }
    err_set(e, ERR_USAGE, "This is no public Ed25519 key in PEM form");
    return err_hint(e, "Give the .pub file that lies beside the station's signing key.");
}
