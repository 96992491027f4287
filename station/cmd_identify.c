/* espstation identify: who sits at each port; writes nothing, and resets the boards after. */
#include "station/hand.h"

#include "station/json.h"

#include <stdio.h>

/* *e stays untouched on success. */
static bool identify_port(const char *where, const char *reset, struct board *board, struct err *e)
{
    const struct hand_slot slot = { 1, 1, where, -1 };
    struct err failure = { 0 };
    struct hand h;
    bool ok = hand_open(&h, &slot, reset, &failure);
    *board = h.board;
    hand_close(&h);
    if (!ok)
        *e = failure;
    return ok;
}

static void print_security(const struct chip_security *s)
{
    if (!s->secure_boot && !s->flash_encryption && !s->secure_download)
        printf("open");
    if (s->secure_boot)
        printf("secure boot ");
    if (s->flash_encryption)
        printf("flash encryption ");
    if (s->secure_download)
        printf("secure download");
}

static void print_board(const char *where, const struct board *b)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    const char *vendor = spiflash_vendor(b->flash.id);
    board_mac_text(&b->mac, mac);
    printf("%s: %s v%u.%u  %s  flash %u KB (%06x%s%s)  ", where, b->chip->name, b->revision / 100,
           b->revision % 100, mac, b->flash.size_bytes / 1024, b->flash.id, vendor ? ", " : "",
           vendor ? vendor : "");
    print_security(&b->security);
    printf("\n");
}

static void print_json(const char *where, const struct board *b, const struct err *e)
{
    struct json_object o;
    char mac[BOARD_MAC_TEXT_BYTES];
    json_begin(&o, stdout);
    json_text(&o, "port", where);
    json_text(&o, "code", err_word(e->code));
    if (e->code == ERR_NONE) {
        board_mac_text(&b->mac, mac);
        json_text(&o, "chip", b->chip->id_name);
        json_integer(&o, "revision", b->revision);
        json_text(&o, "mac", mac);
        json_integer(&o, "flash_id", b->flash.id);
        json_integer(&o, "flash_bytes", b->flash.size_bytes);
        json_bool(&o, "secure_boot", b->security.secure_boot);
        json_bool(&o, "flash_encryption", b->security.flash_encryption);
    } else {
        json_text(&o, "sentence", e->what);
        json_text(&o, "hint", e->hint);
    }
    json_end(&o);
}

static bool show_port(const char *where, const char *reset, bool json)
{
    struct board board = { 0 };
    struct err e = { 0 };
    bool ok = identify_port(where, reset, &board, &e);
    if (json)
        print_json(where, &board, &e);
    else if (ok)
        print_board(where, &board);
    else
        printf("%s: %s: %s.\n  %s\n", where, err_word(e.code), e.what, e.hint);
    fflush(stdout);
    return ok;
}

static enum exit_status identify(int argc, char **argv)
{
    struct option_list ports = { 0 };
    const char *reset = "auto";
    bool json = false;
    const struct option_row rows[] = {
        { "--port", "PORT", "a port to ask; repeat it. Default: every USB serial port", NULL, NULL,
          &ports },
        { "--reset", "NAME", "auto, classic, tight, usb-jtag, none, or a sequence", NULL, &reset,
          NULL },
        { "--json", NULL, "JSON lines on standard output", &json, NULL, NULL },
    };
    enum exit_status status;
    struct port_list *found;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_identify, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (!hand_check_reset(reset, &e) || !hand_choose_ports(&ports, &found, &e)) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    status = EXIT_PASSED;
    for (size_t i = 0; i < ports.count; i++) {
        if (!show_port(ports.values[i], reset, json))
            status = EXIT_BOARD;
    }
    port_list_free(found);
    return status;
}

const struct cmd cmd_identify = { "identify", "[options]",
                                  "Tells chip, MAC, flash and security of each board.", identify };
