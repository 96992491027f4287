/* espstation identify: who sits at each port; writes nothing, and resets the boards after. */
#include "station/cmd.h"

#include "core/board.h"
#include "core/port_find.h"
#include "station/json.h"

#include <stdio.h>
#include <stdlib.h>

#define OPEN_MS   10000u
#define SYNC_BAUD 115200u

static bool connect_any(struct loader *l, const char *reset, struct err *e)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    size_t n = reset_choices(l->link.port, reset, &custom, list);
    for (size_t i = 0; i < (n ? n : 1); i++) {
        if (board_connect(l, n ? list[i] : NULL, NULL, e))
            return true;
        if (e->code != ERR_NO_SYNC && e->code != ERR_WRONG_BOOT_MODE)
            return false;
    }
    return false;
}

/* *e stays untouched on success. */
static bool identify_port(const char *where, const char *reset, struct board *board, struct err *e)
{
    struct err failure = { 0 }, ignored = { 0 };
    bool ok = false;
    struct loader *l = calloc(1, sizeof *l);
    struct port *port = port_new(where, SYNC_BAUD, &clock_system, -1,
                                 deadline_in_ms(&clock_system, OPEN_MS), &failure);
    if (!l || !port)
        goto out;
    loader_init(l, port);
    ok = connect_any(l, reset, &failure) && board_identify(l, board, &failure);
    if (port->caps & PORT_LINES)
        board_leave(l, true, &ignored);
out:
    if (!ok)
        *e = failure;
    port_free(port);
    free(l);
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

static void add_found(const struct port_list *found, struct option_list *ports)
{
    for (size_t i = 0; i < port_list_count(found) && ports->count < OPTION_LIST_MAX; i++) {
        if (port_list_at(found, i)->usb.vid != 0)
            ports->values[ports->count++] = port_list_at(found, i)->path;
    }
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
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_identify, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    struct port_list *found = port_list_new(&e);
    if (!found) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    if (ports.count == 0)
        add_found(found, &ports);
    if (ports.count == 0)
        fprintf(stderr, "espstation: no USB serial port is plugged in.\n");
    status = ports.count == 0 ? EXIT_USAGE : EXIT_PASSED;
    for (size_t i = 0; i < ports.count; i++) {
        if (!show_port(ports.values[i], reset, json))
            status = EXIT_BOARD;
    }
    port_list_free(found);
    return status;
}

const struct cmd cmd_identify = { "identify", "[options]",
                                  "Tells chip, MAC, flash and security of each board.", identify };
