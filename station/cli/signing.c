#include "station/cli/signing.h"

#include "station/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The key ---- */

static bool make_folder(const char *folder, struct err *e)
{
    if (mkdir(folder, S_IRWXU) == 0 || errno == EEXIST)
        return true;
    err_set_sys(e, ERR_STATION, errno, "The folder %.120s for the signing key cannot be made",
                folder);
    return err_hint(e, "Give the file of the key with --key.");
}

/* Only what stands under the user's home is made. */
static bool default_path(char path[static PATH_MAX], struct err *e)
{
    char base[PATH_MAX - 64], folder[PATH_MAX - 32];
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = -1;
    if (config && config[0] == '/')
        n = snprintf(base, sizeof base, "%s", config);
    else if (home && home[0] == '/')
        n = snprintf(base, sizeof base, "%s/.config", home);
    if (n < 0 || (size_t)n >= sizeof base) {
        err_set(e, ERR_STATION, "There is no home folder for the signing key");
        return err_hint(e, "Set HOME, or give the file of the key with --key.");
    }
    snprintf(folder, sizeof folder, "%s/espstation", base);
    snprintf(path, PATH_MAX, "%s/station-key.pem", folder);
    return make_folder(base, e) && make_folder(folder, e);
}

struct key *signing_open(const char *path, struct err *e)
{
    char own[PATH_MAX];
    if (path)
        return key_open(path, e);
    return default_path(own, e) ? key_open(own, e) : NULL;
}

/* ---- Files ---- */

bool signing_read_file(const char *path, char *text, size_t cap, struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        err_set_sys(e, ERR_USAGE, errno, "Cannot read %.160s", path);
        return err_hint(e, "Check the name of the file.");
    }
    size_t n = fread(text, 1, cap, f);
    bool bad = ferror(f) != 0;
    fclose(f);
    if (!bad && n < cap && !memchr(text, '\0', n)) {
        text[n] = '\0';
        return true;
    }
    err_set(e, ERR_USAGE, "%.160s is no checkpoint and no key", path);
    return err_hint(e, "Give the file that espstation has written.");
}

static bool is_there(const char *path, struct err *e)
{
    err_set(e, ERR_USAGE, "%.160s is there already and is never overwritten", path);
    return err_hint(e, "Give another name.");
}

bool signing_file_is_free(const char *path, struct err *e)
{
    struct stat st;
    return !path || lstat(path, &st) != 0 || is_there(path, e);
}

bool signing_keep_file(const char *path, const char *text, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return is_there(path, e);
    bool ok = fd >= 0 && outfile_write_all(fd, text, strlen(text)) && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (ok)
        return true;
    if (fd >= 0)
        unlink(path);
    return err_set_sys(e, ERR_STATION, reason, "Cannot write %.160s", path);
}
