/*
 * espstation nvs: the NVS partition of one board, or of many, in an engineer's hand. cmd_nvs.c
 * takes the command line, nvs_keyfile.c the keys, nvs_show.c reads, nvs_make.c writes.
 *
 * One thread. Keys never reach a screen, and are wiped.
 */
#ifndef STATION_NVS_TOOL_H
#define STATION_NVS_TOOL_H

#include "core/base/err.h"
#include "core/nvs/nvs.h"
#include "station/cli/cmd.h"

#include <stdbool.h>

struct nvs_options {
    const char *file; /* to read, or the table to make from */
    const char *out_path, *size, *version;
    const char *keys, *make_keys, *hmac_key; /* files */
    const char *config, *id;
    struct option_list unique;
    bool read_only, show_secrets, json;
};

/* Each ends with the status of the command and, where it failed, *e. */
enum exit_status nvs_show(const struct nvs_options *o, struct err *e);
enum exit_status nvs_check(const struct nvs_options *o, struct err *e);
enum exit_status nvs_make(const struct nvs_options *o, struct err *e);

/* Gets the keys that --keys or --hmac-key name. *have: there are any. */
bool nvs_keyfile_read(const struct nvs_options *o, struct nvs_keys *keys, bool *have,
                      struct err *e);

/* Makes keys and writes them into a new file that its owner alone may read; one that is there is
 * never written over. */
bool nvs_keyfile_make(const char *path, struct nvs_keys *keys, struct err *e);

#endif
