/* espstation chips: what is supported, and how that was tried. */
#include "station/cli/cmd.h"

#include "core/facts/chip.h"
#include "core/fuses/fuse_plan.h"
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

/* How our own stub was tried: what says most comes first. */
static const char *fast_word(const struct chip *chip)
{
    if (chip->fast_tried & CHIP_FAST_BOARD)
        return "boards";
    if (chip->fast_tried & CHIP_FAST_EMULATOR)
        return "emulated ROM";
    return chip->fast_tried & CHIP_FAST_VIRTUAL ? "virtual boards" : "-";
}

static const char *usb_word(const struct chip *chip)
{
    bool jtag = (chip->flags & CHIP_USB_JTAG) != 0;
    if (chip->flags & CHIP_USB_OTG)
        return jtag ? "jtag, otg" : "otg";
    return jtag ? "jtag" : "-";
}

/* ---- Fuses ---- */

static const char *boot_word(const struct fuse_rules *r)
{
    if (r->boot_missing)
        return "not burnt";
    return r->boot_schemes == FUSE_SIGNED_RSA    ? "RSA"
           : r->boot_schemes == FUSE_SIGNED_P256 ? "ECDSA"
                                                 : "RSA, ECDSA";
}

static void print_fuses(const struct chip *chip)
{
    const struct fuse_set *set = chip_fuses(chip, FUSE_NEWEST);
    const struct fuse_rules *r = set ? fuse_rules_of(set) : NULL;
    const char *missing = !r           ? "no fuse of it has a name here"
                          : r->missing ? r->missing
                                       : set->burner.missing;
    if (missing) {
        printf("%-10s not burnt: %s\n", chip->id_name, missing);
        return;
    }
    printf("%-10s %-12s", chip->id_name, boot_word(r));
    for (unsigned stage = FUSE_STAGE_KEYS; stage <= FUSE_STAGE_LOADER; stage++)
        printf(" %s:v", fuse_stage_word(stage));
    printf("\n");
}

/* Each step of each chip has the same to say for itself so far; the day one was seen on silicon,
 * its letter is another one. */
static void print_all_fuses(void)
{
    printf("What run --burn does, and what each step was proved against: v, virtual boards and the "
           "register traffic of\nespefuse; s, silicon. No step of any chip was ever made on "
           "silicon.\n%-10s %-12s steps\n",
           "recipe", "secure boot");
    for (size_t i = 0; i < chip_count(); i++)
        print_fuses(chip_at(i));
}

static enum exit_status chips(int argc, char **argv)
{
    enum exit_status status;
    struct err e = { 0 };
    size_t count;
    bool fuses = false;
    const struct option_row rows[] = {
        { "--fuses", NULL, "what is burnt into each, and how each step was proved", &fuses, NULL,
          NULL },
    };
    if (!cmd_parse(&cmd_chips, rows, sizeof rows / sizeof rows[0], argc, argv, NULL, 0, &count,
                   &status))
        return status;
    if (fuses) {
        print_all_fuses();
        return EXIT_PASSED;
    }
    struct stub_set *stubs = stub_set_new(NULL, &e);
    if (!stubs) {
        cmd_print_err(&e);
        return cmd_status_of(&e);
    }
    printf("%-10s %-10s %-12s %-12s %-15s %-10s %s\n", "recipe", "chip", "boot offset", "stub",
           "fast stub", "own USB", "proved against");
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *chip = chip_at(i);
        printf("%-10s %-10s 0x%-10x %-12s %-15s %-10s %s\n", chip->id_name, chip->name,
               chip->boot_addr, stub_word(stubs, chip), fast_word(chip), usb_word(chip),
               tried_word(chip->tested));
    }
    stub_set_free(stubs);
    return EXIT_PASSED;
}

const struct cmd cmd_chips = { "chips", "[--fuses]", "Lists the supported chips.", chips };
