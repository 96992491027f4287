/* espstation chips: what is supported, and how that was tried. */
#include "station/cli/cmd.h"

#include "core/facts/chip.h"
#include "core/loader/stub.h"

#include <stdio.h>

static const char *tried_word(enum chip_tested tested)
{
    switch (tested) {
    case CHIP_TRIED_VIRTUAL:
        return "virtual boards";
    case CHIP_TRIED_BOARD:
        return "boards";
    case CHIP_TRIED_NOT:
        break;
    }
    return "nothing yet";
}

/* What the chip itself can do: the stub that runs on some of its revisions counts. */
static const char *stub_word(const struct stub_set *stubs, const struct chip *chip)
{
    if (!stub_set_find(stubs, chip->id_name))
        return "none";
    return chip->stub_below ? "by revision" : "built in";
}

/* How our own stub was tried: none of them has been on a board yet. */
static const char *fast_word(const struct stub_set *fast, const struct chip *chip)
{
    return stub_set_find(fast, chip->id_name) ? "virtual boards" : "-";
}

static const char *usb_word(const struct chip *chip)
{
    bool jtag = (chip->flags & CHIP_USB_JTAG) != 0;
    if (chip->flags & CHIP_USB_OTG)
        return jtag ? "jtag, otg" : "otg";
    return jtag ? "jtag" : "-";
}

static enum exit_status chips(int argc, char **argv)
{
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_chips, NULL, 0, argc, argv, NULL, 0, &count, &status))
        return status;
    struct stub_set *stubs = stub_set_new(NULL, &e);
    struct stub_set *fast = stubs ? stub_set_fast(&e) : NULL;
    if (!fast) {
        stub_set_free(stubs);
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    printf("%-10s %-10s %-12s %-12s %-15s %-10s %s\n", "recipe", "chip", "boot offset", "stub",
           "fast stub", "own USB", "proved against");
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *chip = chip_at(i);
        printf("%-10s %-10s 0x%-10x %-12s %-15s %-10s %s\n", chip->id_name, chip->name,
               chip->boot_addr, stub_word(stubs, chip), fast_word(fast, chip), usb_word(chip),
               tried_word(chip->tested));
    }
    stub_set_free(stubs);
    stub_set_free(fast);
    return EXIT_PASSED;
}

const struct cmd cmd_chips = { "chips", "", "Lists the supported chips.", chips };
