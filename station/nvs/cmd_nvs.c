/* espstation nvs: images of NVS partitions, shown, checked and made. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"
#include "station/nvs/nvs_tool.h"

#include <stdio.h>
#include <string.h>

static const char examples[] =
    "\n"
    "  espstation nvs show nvs.bin\n"
    "  espstation nvs check nvs.bin --keys keys.bin           what the firmware would stumble "
    "over\n"
    "  espstation nvs make unit.csv -o nvs.bin --size 24K     a table of nvs_partition_gen\n"
    "  espstation nvs make unit.csv -o nvs.bin --size 24K --make-keys keys.bin\n"
    "  espstation nvs keys keys.bin                           new keys for encryption alone\n"
    "  espstation nvs make values.csv --config config.csv --id serial -o 'unit-{id}.bin' --size "
    "24K\n"
    "                                                         the files of mfg_gen, an image each\n"
    "\n"
    "The size is that of the partition: an image is written whole, for old pages behind a shorter\n"
    "one would be read first. Files that a table names are looked for in the current folder.\n"
    "Status: 0 done, or sound; 1 check found something; 2 wrong usage; 3 mistakes in a table.\n";

/* As generate-key of the official generator, from the kernel's chance. */
static enum exit_status nvs_new_keys(const struct nvs_options *o, struct err *e)
{
    struct nvs_keys keys = { 0 };
    const bool ok = nvs_keyfile_make(o->file, &keys, e);
    nvs_keys_wipe(&keys);
    if (ok)
        cmd_tell("%s: new keys, the image of a partition nvs_keys. They are shown to nobody.",
                 o->file);
    return ok ? EXIT_PASSED : cmd_status_of(e);
}

static const struct action {
    struct action_word word;
    enum exit_status (*run)(const struct nvs_options *o, struct err *e);
} actions[] = {
    { { "show", 1, "a file" }, nvs_show },
    { { "check", 1, "a file" }, nvs_check },
    { { "make", 1, "a table" }, nvs_make },
    { { "keys", 1, "a file" }, nvs_new_keys },
};

static bool check_options(const struct action *action, const struct nvs_options *o, struct err *e)
{
    bool makes = action->run == nvs_make;
    if (action->run == nvs_new_keys && (o->keys || o->hmac_key || o->read_only))
        return err_set(e, ERR_USAGE, "keys takes the name of a new file, and no options");
    int keys = (o->keys != NULL) + (o->hmac_key != NULL) + (o->make_keys != NULL);
    if (keys > 1)
        return err_set(e, ERR_USAGE, "--keys, --hmac-key and --make-keys exclude each other");
    if (!makes && (o->out_path || o->size || o->version || o->make_keys || o->config || o->id ||
                   o->unique.count > 0))
        return err_set(e, ERR_USAGE,
                       "-o, --size, --version, --make-keys, --config, --id and --unique are for "
                       "make");
    if (makes && (o->json || o->show_secrets))
        return err_set(e, ERR_USAGE, "--json and --show-secrets are for show and check");
    return true;
}

static enum exit_status nvs(int argc, char **argv)
{
    struct nvs_options o = { 0 };
    const struct option_row rows[] = {
        { "-o", "FILE", "make: the image; {id} stands for the unit's", NULL, &o.out_path, NULL },
        { "--size", "BYTES", "make: of the partition, as in 24K or 0x6000", NULL, &o.size, NULL },
        { "--version", "N", "make: 1 for old firmware, without blobs over pages; default 2", NULL,
          &o.version, NULL },
        { "--keys", "FILE", "keys of the encryption, a partition nvs_keys", NULL, &o.keys, NULL },
        { "--hmac-key", "FILE", "the 32 bytes of the eFuse that the keys are made from", NULL,
          &o.hmac_key, NULL },
        { "--make-keys", "FILE", "make: new keys into a new file", NULL, &o.make_keys, NULL },
        { "--config", "FILE", "make: configuration of mfg_gen; the table has values of many units",
          NULL, &o.config, NULL },
        { "--id", "COLUMN", "make: of the unit's id; default: count from 1", NULL, &o.id, NULL },
        { "--unique", "COLUMN", "make: no value may come twice in it; repeat it", NULL, NULL,
          &o.unique },
        { "--read-only", NULL, "the partition has the flag readonly: no page needs to be free",
          &o.read_only, NULL, NULL },
        { "--show-secrets", NULL, "show: also the values of an encrypted image", &o.show_secrets,
          NULL, NULL },
        OPTION_JSON(&o.json),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[2];
    size_t count;
    if (!cmd_parse(&cmd_nvs, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status)) {
        if (status == EXIT_PASSED)
            cmd_say_more(examples);
        return status;
    }
    const struct action *const action = ACTION_OF("nvs", actions, args, count, &e);
    status = EXIT_USAGE;
    if (action) {
        o.file = args[1];
        status = check_options(action, &o, &e) ? action->run(&o, &e) : EXIT_USAGE;
    }
    if (e.code != ERR_NONE)
        cmd_print_err(&e);
    return status;
}

const struct cmd cmd_nvs = { "nvs", "show|check|make|keys FILE",
                             "Shows, checks and makes images of NVS partitions, and keys for them.",
                             nvs };
