/* espstation identify: who sits at each port; writes nothing, and resets the boards after. */
#include "station/cli/option_rows.h"
#include "station/hand/hand.h"

#include "station/base/json.h"

#include <stdatomic.h>

/* What was asked for, and what came of it; the same for all ports. */
struct identify_order {
    const char *reset;
    bool json;
    atomic_bool failed;
};

/* *e stays untouched on success. */
static bool identify_port(const struct hand_slot *slot, const char *reset, struct board *board,
                          struct err *e)
{
    struct err failure = { 0 };
    struct hand h;
    bool ok = hand_open(&h, slot, reset, &failure);
    *board = h.board;
    hand_close(&h);
    if (!ok)
        *e = failure;
    return ok;
}

static void print_security(FILE *out, const struct chip_security *s)
{
    const struct {
        bool set;
        const char *word;
    } rows[] = {
        { s->secure_boot_v1, "secure boot V1" },
        { s->secure_boot && !s->secure_boot_v1, "secure boot" },
        { s->flash_encryption, "flash encryption" },
        { s->manual_encrypt_off, "no encrypted writes" },
        { s->key_manager, "key manager" },
        { s->secure_download, "secure download" },
    };
    const char *gap = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].set) {
            fprintf(out, "%s%s", gap, rows[i].word);
            gap = ", ";
        }
    }
    if (!*gap)
        fprintf(out, "open");
}

static void print_chip(FILE *out, const struct board *b)
{
    const char *package = chip_package_name(b->chip, b->package);
    char mac[BOARD_MAC_TEXT_BYTES];
    fprintf(out, "%s", b->chip->name);
    if (b->revision == BOARD_REVISION_UNKNOWN)
        return;
    board_mac_text(&b->mac, mac);
    fprintf(out, " v%u.%u", b->revision / 100, b->revision % 100);
    if (package)
        fprintf(out, " (%s)", package);
    else if (b->package != 0)
        fprintf(out, " (package %u)", b->package);
    fprintf(out, "  %s", mac);
    if (b->crystal_mhz != 0)
        fprintf(out, "  %u MHz", b->crystal_mhz);
}

static void print_flash(FILE *out, const struct spiflash *flash)
{
    const char *vendor = spiflash_vendor(flash->id);
    if (flash->id == 0)
        fprintf(out, "  flash unknown");
    else if (flash->size_bytes == 0)
        fprintf(out, "  flash of unknown size (%06x%s%s)", flash->id, vendor ? ", " : "",
                vendor ? vendor : "");
    else
        fprintf(out, "  flash %u KB (%06x%s%s)", flash->size_bytes / 1024, flash->id,
                vendor ? ", " : "", vendor ? vendor : "");
}

static void print_board(FILE *out, const struct board *b)
{
    print_chip(out, b);
    print_flash(out, &b->flash);
    fprintf(out, "  ");
    print_security(out, &b->security);
    fprintf(out, "\n");
}

/* What a chip in Secure Download Mode does not tell is left out. */
static void add_told(struct json_object *o, const struct board *b)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    const char *package = chip_package_name(b->chip, b->package);
    const char *vendor = spiflash_vendor(b->flash.id);
    board_mac_text(&b->mac, mac);
    json_integer(o, "revision", b->revision);
    json_integer(o, "package", b->package);
    if (package)
        json_text(o, "package_name", package);
    json_text(o, "mac", mac);
    json_integer(o, "flash_id", b->flash.id);
    json_integer(o, "flash_bytes", b->flash.size_bytes);
    if (vendor)
        json_text(o, "flash_vendor", vendor);
}

static void add_board(struct json_object *o, const struct board *b)
{
    const struct chip_security *s = &b->security;
    json_text(o, "chip", b->chip->id_name);
    if (b->mac.count > 0)
        add_told(o, b);
    if (b->crystal_mhz != 0)
        json_integer(o, "crystal_mhz", b->crystal_mhz);
    json_bool(o, "secure_boot", s->secure_boot);
    json_bool(o, "secure_boot_v1", s->secure_boot_v1);
    json_bool(o, "flash_encryption", s->flash_encryption);
    json_bool(o, "manual_encrypt_off", s->manual_encrypt_off);
    json_bool(o, "key_manager", s->key_manager);
    json_bool(o, "secure_download", s->secure_download);
}

static void print_json(const struct hand_slot *slot, const struct board *b, const struct err *e)
{
    struct json_object o;
    json_begin(&o, slot->result);
    json_text(&o, "port", slot->where);
    json_integer(&o, "slot", slot->number);
    if (slot->name)
        json_text(&o, "name", slot->name);
    json_text(&o, "code", err_word(e->code));
    if (e->code == ERR_NONE) {
        add_board(&o, b);
    } else {
        json_text(&o, "sentence", e->what);
        json_text(&o, "hint", e->hint);
    }
    json_end(&o);
}

static void print_text(const struct hand_slot *slot, const struct board *b, const struct err *e)
{
    char head[320];
    hand_line_head(slot, head, sizeof head);
    fprintf(slot->result, "%s", head);
    if (e->code == ERR_NONE)
        print_board(slot->result, b);
    else
        fprintf(slot->result, "%s: %s%s\n  %s\n", err_word(e->code), e->what, err_stop(e->what),
                e->hint);
}

/* Failures are told here, in the form that was asked for, so no port fails the tool. */
static bool work(const struct hand_slot *slot, void *ctx, struct err *e)
{
    struct identify_order *o = ctx;
    struct board board = { 0 };
    struct err failure = { 0 };
    (void)e;
    if (!identify_port(slot, o->reset, &board, &failure))
        atomic_store(&o->failed, true);
    (o->json ? print_json : print_text)(slot, &board, &failure);
    return true;
}

static enum exit_status identify(int argc, char **argv)
{
    struct slot_choice choice = { 0 };
    struct identify_order o = { .reset = "auto" };
    const struct option_row rows[] = {
        OPTION_PORTS("ask", &choice.ports),
        OPTION_SLOTS("ask", &choice.slots),
        OPTION_STATION(&choice.station_path),
        OPTION_RESET(&o.reset),
        OPTION_JSON(&o.json),
    };
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_identify, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (!hand_check_reset(o.reset, &e) || !slot_choice_make(&choice, &e)) {
        cmd_print_err(&e);
        slot_choice_done(&choice);
        return cmd_status_of(&e);
    }
    status = hands_run(&choice, &(struct hand_tool){ .work = work, .ctx = &o });
    slot_choice_done(&choice);
    return status == EXIT_PASSED && atomic_load(&o.failed) ? EXIT_BOARD : status;
}

const struct cmd cmd_identify = { "identify", "[options]",
                                  "Tells chip, MAC, flash and security of each board.", identify };
