#include "station/attempt/key_file.h"

#include "core/base/read_all.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(const char *name, const char *why, struct err *e)
{
    err_set(e, ERR_USAGE, "The key file '%.100s' %s", name, why);
    return err_hint(e, "What a key file is: docs/security.md, Keys.");
}

static bool cannot(const char *name, const char *what, struct err *e)
{
    err_set_sys(e, ERR_USAGE, errno, "The key file '%.100s' cannot be %s", name, what);
    return err_hint(e, "A key file is there, is yours and has mode 0600: ls -l FILE.");
}

/* A pair of keys lies in one folder as a rule, and the wrong one of it is no leak. */
static bool holds_public_key(int fd)
{
    static const char *const marks[] = { "-----BEGIN PUBLIC KEY-----",
                                         "-----BEGIN RSA PUBLIC KEY-" };
    char begin[32] = "";
    if (pread(fd, begin, sizeof begin - 1, 0) <= 0)
        return false;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strncmp(begin, marks[i], strlen(marks[i])) == 0)
            return true;
    }
    return false;
}

/* Whoever else may read it has the key; whoever may write it gives boards another one. */
static bool judge_file(const struct stat *st, const char *name, size_t cap, struct err *e)
{
    if (!S_ISREG(st->st_mode))
        return refuse(name, "is no regular file", e);
    if (st->st_uid != geteuid())
        return refuse(name, "belongs to somebody else", e);
    if ((st->st_mode & 077) != 0) {
        refuse(name, "is open to others than you", e);
        return err_hint(e, "If nobody has read it: chmod 600 FILE. Else make another key.");
    }
    if (st->st_size < 1 || (uint64_t)st->st_size > cap)
        return refuse(name, "has not the size of a key", e);
    return true;
}

static bool read_file(int fd, const char *name, uint8_t *bytes, size_t cap, size_t *count,
                      struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return cannot(name, "read", e);
    if (S_ISREG(st.st_mode) && holds_public_key(fd)) {
        refuse(name, "holds a public key, and the private one is wanted", e);
        return err_hint(e, "Name the file of the private key that belongs to it.");
    }
    if (!judge_file(&st, name, cap, e))
        return false;
    if (!read_all(fd, bytes, (size_t)st.st_size, count) || *count != (size_t)st.st_size)
        return refuse(name, "cannot be read as a whole", e);
    return true;
}

bool key_file_read_any(const char *path, const char *name, uint8_t *bytes, size_t cap,
                       size_t *count, struct err *e)
{
    *count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return refuse(name, "is a link: name the file itself", e);
    if (fd < 0)
        return cannot(name, "opened", e);
    const bool ok = read_file(fd, name, bytes, cap, count, e);
    close(fd);
    if (!ok)
        OPENSSL_cleanse(bytes, cap);
    return ok;
}

/* One byte again and again, one more each time as in examples, or one half twice. */
bool key_is_pattern(const uint8_t *bytes, size_t n)
{
    bool pattern = true;
    const uint8_t step = (uint8_t)(bytes[1] - bytes[0]);
    for (size_t i = 1; i < n; i++)
        pattern &= (uint8_t)(bytes[i] - bytes[i - 1]) == step;
    return pattern || memcmp(bytes, bytes + n / 2, n / 2) == 0;
}

/* As people see a key, and as other tools print one: 16, 24, 32 or 64 bytes in hexadecimal, with or
 * without a line end. A key is never such a text by chance. */
static bool is_hex(const uint8_t *text, size_t n)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    bool digits = n == 32 || n == 48 || n == 64 || n == 128;
    for (size_t i = 0; i < n; i++)
        digits &= isxdigit(text[i]) != 0;
    return digits;
}

static bool judge_key(const char *name, const uint8_t *bytes, size_t n, struct err *e)
{
    if (is_hex(bytes, n)) {
        refuse(name, "holds its key as hexadecimal digits, and its bytes are wanted", e);
        return err_hint(e, "Convert it: (umask 077; xxd -r -p FILE >KEY), and name KEY.");
    }
    if (n != 16 && n != 24 && n != 32 && n != 64)
        return refuse(name, "has not the size of a key: 16, 24, 32 or 64 bytes", e);
    if (!key_is_pattern(bytes, n))
        return true;
    refuse(name, "holds a pattern, and no key", e);
    return err_hint(e, "Make one: (umask 077; head -c 32 /dev/urandom >FILE).");
}

bool key_file_read(const char *path, const char *name, uint8_t bytes[static KEY_FILE_MAX_BYTES],
                   uint8_t *count, struct err *e)
{
    uint8_t file[2 * KEY_FILE_MAX_BYTES + 2]; /* or what it is in hexadecimal, with its line end */
    size_t n;
    memset(bytes, 0, KEY_FILE_MAX_BYTES);
    *count = 0;
    if (!key_file_read_any(path, name, file, sizeof file, &n, e))
        return false;
    const bool ok = judge_key(name, file, n, e);
    if (ok) {
        memcpy(bytes, file, n);
        *count = (uint8_t)n;
    }
    OPENSSL_cleanse(file, sizeof file);
    return ok;
}
