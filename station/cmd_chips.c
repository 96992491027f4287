/* espstation chips: what is supported, and how that was tried. */
#include "station/cmd.h"

#include "core/chip.h"
#include "core/stub.h"

#include <stdio.h>

static const char *tried_word(enum chip_tested tested)
{
    switch (tested) {
    case CHIP_TRIED_VIRTUAL:
        return "virtual fixture";
    case CHIP_TRIED_BOARD:
        return "boards";
    case CHIP_TRIED_NOT:
        break;
    }
    return "not tried";
}

static enum exit_status chips(int argc, char **argv)
{
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    if (!cmd_parse(&cmd_chips, NULL, 0, argc, argv, NULL, 0, &count, &status))
        return status;
    struct stub_set *stubs = stub_set_new(NULL, &e);
    if (!stubs) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    printf("%-10s %-10s %-12s %-8s %s\n", "recipe", "chip", "boot offset", "stub", "tried on");
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *chip = chip_at(i);
        printf("%-10s %-10s 0x%-10x %-8s %s\n", chip->id_name, chip->name, chip->boot_addr,
               stub_set_find(stubs, chip->id_name) ? "built in" : "none", tried_word(chip->tested));
    }
    stub_set_free(stubs);
    return EXIT_PASSED;
}

const struct cmd cmd_chips = { "chips", "", "Lists the supported chips.", chips };
