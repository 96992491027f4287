/*
 * The keys of a recipe: one row each. Validation, defaults, help and reference follow from here; to
 * add a key, add its id in recipe.h, its field in struct recipe, and its row.
 */
#include "recipes/recipe_priv.h"
#include "recipes/security/security_priv.h"
#include "recipes/units/unit_priv.h"

#define FIELD(member)          .field = offsetof(struct recipe, member)
#define COUNT_FIELD(member)    .count_field = offsetof(struct recipe, member)
#define IMAGE_FIELD(member)    .field = offsetof(struct recipe_image, member)
#define IMAGE_AT_FIELD(member) .at_field = offsetof(struct recipe_image, member)

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define BAUD_MIN 9600    /* below, a 4 MB image takes more than an hour */
#define BAUD_MAX 5000000 /* the fastest any USB bridge of the field reaches */

/* clang-format off: rows by hand, each in a few lines */
static const struct key keys[RECIPE_KEY_COUNT] = {
    [RECIPE_KEY_ROOT] = { .path = "", .parent = RECIPE_KEY_COUNT, .kind = KEY_MAP },
    [RECIPE_KEY_RECIPE] = {
        .path = "recipe", .kind = KEY_TEXT, .required = true, .min = 1, .max = 64, FIELD(name),
        .also = LIST("name", "title"),
        .sentence = "Name of the recipe, as the record and the screens show it.",
    },
    [RECIPE_KEY_VERSION] = {
        .path = "version", .kind = KEY_TEXT, .min = 1, .max = 64, FIELD(version),
        .sentence = "Version of the firmware, for the record.",
    },
    [RECIPE_KEY_CHIP] = {
        .path = "chip", .kind = KEY_OWN, .store = store_chip,
        .more = "the name of a chip", .required = true, FIELD(chip),
        .also = LIST("target", "mcu"),
        .sentence = "Boards with any other chip are refused, untouched.",
    },
    [RECIPE_KEY_FLASH] = {
        .path = "flash", .kind = KEY_MAP,
        .also = LIST("spi"),
        .sentence = "What the header of the boot image says about the flash chip; keep leaves "
                    "the image as it is.",
    },
    [RECIPE_KEY_FLASH_SIZE] = {
        .path = "flash.size", .parent = RECIPE_KEY_FLASH, .kind = KEY_OWN, .store = store_size,
        .more = "a size of 512KB, 1MB, 2MB... 128MB",
        .words = LIST("detect", "keep"), FIELD(flash.size), .min = 512u << 10,
        .max = 128u << 20, .preset = "keep",
        .also = LIST("flash_size"),
        .sentence = "Flash size in the header; detect writes the size that each board "
                    "reports.",
    },
    [RECIPE_KEY_FLASH_MODE] = {
        .path = "flash.mode", .parent = RECIPE_KEY_FLASH, .kind = KEY_WORD,
        .words = LIST("keep", "qio", "qout", "dio", "dout"), FIELD(flash.mode),
        .preset = "keep",
        .also = LIST("flash_mode"),
        .sentence = "How many wires the chip reads the flash with, and for what.",
    },
    [RECIPE_KEY_FLASH_FREQ] = {
        .path = "flash.freq", .parent = RECIPE_KEY_FLASH, .kind = KEY_OWN, .store = store_freq,
        .more = "megahertz as in 40m",
        .words = LIST("keep"), .min = 1, .max = 120, FIELD(flash.freq_mhz), .preset = "keep",
        .also = LIST("frequency", "flash_freq", "speed"),
        .sentence = "Flash clock in megahertz; which ones there are depends on the chip.",
    },
    [RECIPE_KEY_IMAGES] = {
        .path = "images", .kind = KEY_ITEMS, .required = true, .items_max = RECIPE_IMAGES_MAX,
        FIELD(images), COUNT_FIELD(image_count), .item = "image",
        .item_bytes = sizeof(struct recipe_image), IMAGE_AT_FIELD(at),
        .item_form = "{ file: NAME, offset: NUMBER }",
        .if_empty = "there would be nothing to write",
        .also = LIST("files", "firmware"),
        .sentence = "What is written, in any order.",
    },
    [RECIPE_KEY_IMAGE_FILE] = {
        .path = "images.file", .parent = RECIPE_KEY_IMAGES, .kind = KEY_OWN, .store = store_file,
        .more = "the path of a file", .required = true,
        .min = 1, .max = 1024, IMAGE_FIELD(file), IMAGE_AT_FIELD(file_at),
        .also = LIST("path", "name", "image"),
        .sentence = "The image, seen from the recipe's folder: a .bin, or an Intel HEX file.",
    },
    [RECIPE_KEY_IMAGE_OFFSET] = {
        .path = "images.offset", .parent = RECIPE_KEY_IMAGES, .kind = KEY_BYTES,
        .required = true, .max = 0x7FFFFFFF, IMAGE_FIELD(offset_bytes), IMAGE_AT_FIELD(offset_at),
        .also = LIST("address", "addr", "at"),
        .sentence = "Where it begins in the flash; 0 for an Intel HEX file, which has its own "
                    "addresses.",
    },
    [RECIPE_KEY_IMAGE_SHA256] = {
        .path = "images.sha256", .parent = RECIPE_KEY_IMAGES, .kind = KEY_OWN,
        .store = store_sha256,
        .more = "64 hexadecimal digits",
        IMAGE_FIELD(sha256), IMAGE_AT_FIELD(sha256_at),
        .also = LIST("sha", "sha-256", "hash", "digest"),
        .sentence = "Pins the image: a file with other bytes is refused.",
    },
    [RECIPE_KEY_IMAGE_AS] = {
        .path = "images.as", .parent = RECIPE_KEY_IMAGES, .kind = KEY_WORD,
        .words = LIST("auto", "data"), IMAGE_FIELD(as), .preset = "auto",
        .also = LIST("type", "kind"),
        .sentence = "What the file is: auto looks into it; data is written as it is and never "
                    "judged nor patched, as for the firmware of another chip in a partition.",
    },
    [RECIPE_KEY_VERIFY] = {
        .path = "verify", .kind = KEY_WORD, .words = LIST("md5", "none"), FIELD(verify),
        .preset = "md5",
        .sentence = "How the flash is proved to hold what was sent.",
    },
    [RECIPE_KEY_WRITE] = {
        .path = "write", .kind = KEY_WORD, .words = LIST("always", "changed"), FIELD(write),
        .preset = "always",
        .sentence = "Write every image, or only what the chip's own MD5 tells to differ: quick for "
                    "boards that have most of it already.",
    },
    [RECIPE_KEY_ERASE] = {
        .path = "erase", .kind = KEY_WORD, .words = LIST("needed", "all"), FIELD(erase),
        .preset = "needed",
        .sentence = "Erase the sectors under the images, or the whole flash first.",
    },
    [RECIPE_KEY_LOADER] = {
        .path = "loader", .kind = KEY_WORD, .words = LIST("auto", "stub", "rom", "fast"),
        FIELD(loader), .preset = "auto",
        .sentence = "Who writes the flash: auto takes the flasher stub, and the ROM loader "
                    "where no stub can run. The ESP8266's ROM cannot compute an MD5: with rom "
                    "its stub is started after the writing, for the proof alone. fast is a stub "
                    "of this project, quicker and not proved on silicon: docs/fast-stub.md.",
    },
    [RECIPE_KEY_PROVE_TWICE] = {
        .path = "prove_twice", .kind = KEY_NUMBER, .max = 100000, FIELD(prove_twice),
        .preset = "10",
        .sentence = "With loader: fast, so many of the recipe's first boards in the record are "
                    "proved once more by another loader.",
    },
    [RECIPE_KEY_ENCRYPTED] = {
        .path = "encrypted", .kind = KEY_WORD, .words = LIST("refuse", "plain"),
        FIELD(encrypted), .preset = "refuse",
        .also = LIST("encryption", "encrypt"),
        .sentence = "A board whose flash encryption is on: refuse it, or write the images as "
                    "they are, for those that are encrypted already.",
    },
    [RECIPE_KEY_DUPLICATES] = {
        .path = "duplicates", .kind = KEY_WORD, .words = LIST("lot", "ever", "allow"),
        FIELD(duplicates), .preset = "lot",
        .also = LIST("duplicate"),
        .sentence = "A board that has passed before: refuse it in the same lot, in any lot, or "
                    "never.",
    },
    [RECIPE_KEY_WITHOUT_SERVER] = {
        .path = "without_server", .kind = KEY_WORD, .words = LIST("go-on", "wait"),
        FIELD(without_server), .preset = "go-on",
        .also = LIST("offline", "no_server"),
        .sentence = "In a fleet whose server cannot be asked whether a board has passed at "
                    "another station: let it in, and report it later if it had, or let none in "
                    "until the server answers. See docs/fleet.md.",
    },
    [RECIPE_KEY_PORT] = {
        .path = "port", .kind = KEY_MAP,
        .also = LIST("serial"),
        .sentence = "How to talk to the board.",
    },
    [RECIPE_KEY_PORT_BAUD] = {
        .path = "port.baud", .parent = RECIPE_KEY_PORT, .kind = KEY_NUMBER, .min = BAUD_MIN,
        .max = BAUD_MAX, FIELD(port.baud), .preset = "921600",
        .also = LIST("baudrate", "rate", "speed"),
        .sentence = "Rate of the first try.",
    },
    [RECIPE_KEY_PORT_FALLBACK] = {
        .path = "port.fallback", .parent = RECIPE_KEY_PORT, .kind = KEY_NUMBERS,
        .min = BAUD_MIN, .max = BAUD_MAX, .items_max = RECIPE_FALLBACKS_MAX,
        FIELD(port.fallback_baud), COUNT_FIELD(port.fallback_count),
        .at_field = offsetof(struct recipe, port.fallback_at), .preset = "460800 115200",
        .sentence = "Rates of the tries after a failure, each lower than the one before; [] "
                    "for none.",
    },
    [RECIPE_KEY_PORT_RESET] = {
        .path = "port.reset", .parent = RECIPE_KEY_PORT, .kind = KEY_OWN, .store = store_reset,
        .more = "a sequence as in D0|R1|W0.1|D1|R0|W0.05|D0",
        .words = LIST("auto", "classic", "tight", "usb-jtag", "none"), .max = 256,
        FIELD(port.reset), .preset = "auto",
        .also = LIST("before"),
        .sentence = "How the board gets into its loader; a sequence has D0 D1 (DTR), R0 R1 "
                    "(RTS), U1,0 (both at once) and W0.1 (wait, in seconds).",
    },
    [RECIPE_KEY_PORT_AFTER] = {
        .path = "port.after", .parent = RECIPE_KEY_PORT, .kind = KEY_OWN, .store = store_reset,
        .more = "a sequence as in D0|R1|W0.1|D1|R0|W0.05|D0",
        .words = LIST("auto", "watchdog"), .max = 256, FIELD(port.after), .preset = "auto",
        .also = LIST("leave"),
        .sentence = "How the board gets out of its loader; watchdog works without RTS on chips "
                    "with their own USB; a sequence as in port.reset.",
    },
    [RECIPE_KEY_RETRY] = {
        .path = "retry", .kind = KEY_MAP,
        .also = LIST("retries"),
        .sentence = "How many more times a step is tried after it failed.",
    },
    [RECIPE_KEY_RETRY_SYNC] = {
        .path = "retry.sync", .parent = RECIPE_KEY_RETRY, .kind = KEY_NUMBER, .max = 20,
        FIELD(retry.sync), .preset = "5",
        .also = LIST("connect"),
        .sentence = "Tries to reach the loader.",
    },
    [RECIPE_KEY_RETRY_WRITE] = {
        .path = "retry.write", .parent = RECIPE_KEY_RETRY, .kind = KEY_NUMBER, .max = 20,
        FIELD(retry.write), .preset = "2",
        .sentence = "Tries to erase and write.",
    },
    [RECIPE_KEY_RETRY_VERIFY] = {
        .path = "retry.verify", .parent = RECIPE_KEY_RETRY, .kind = KEY_NUMBER, .max = 20,
        FIELD(retry.verify), .preset = "2",
        .sentence = "Tries after a digest that differs.",
    },
    [RECIPE_KEY_RETRY_FINISH] = {
        .path = "retry.finish", .parent = RECIPE_KEY_RETRY, .kind = KEY_NUMBER, .max = 20,
        FIELD(retry.finish), .preset = "3",
        .sentence = "Tries to leave the loader.",
    },
    [RECIPE_KEY_RETRY_PAUSE_MS] = {
        .path = "retry.pause_ms", .parent = RECIPE_KEY_RETRY, .kind = KEY_NUMBER, .max = 60000,
        FIELD(retry.pause_ms), .preset = "250",
        .also = LIST("pause", "delay", "delay_ms"),
        .sentence = "Milliseconds before each further try.",
    },
    [RECIPE_KEY_BOOT] = {
        .path = "boot", .kind = KEY_MAP,
        .also = LIST("console"),
        .sentence = "What the application must say on its console after the reset; without "
                    "this key nobody listens.",
    },
    [RECIPE_KEY_BOOT_EXPECT] = {
        .path = "boot.expect", .parent = RECIPE_KEY_BOOT, .kind = KEY_TEXT, .min = 1,
        .max = 200, FIELD(boot.expect),
        .sentence = "Text that proves that the application runs.",
    },
    [RECIPE_KEY_BOOT_REJECT] = {
        .path = "boot.reject", .parent = RECIPE_KEY_BOOT, .kind = KEY_TEXTS, .min = 1,
        .max = 200, .items_max = RECIPE_REJECTS_MAX, FIELD(boot.reject),
        COUNT_FIELD(boot.reject_count),
        .sentence = "Texts that fail the board as soon as one is seen.",
    },
    [RECIPE_KEY_BOOT_WITHIN_MS] = {
        .path = "boot.within_ms", .parent = RECIPE_KEY_BOOT, .kind = KEY_NUMBER, .min = 100,
        .max = 600000, FIELD(boot.within_ms), .preset = "5000",
        .also = LIST("within", "timeout", "timeout_ms"),
        .sentence = "Milliseconds to listen, from the reset on.",
    },
    [RECIPE_KEY_BOOT_BAUD] = {
        .path = "boot.baud", .parent = RECIPE_KEY_BOOT, .kind = KEY_NUMBER, .min = BAUD_MIN,
        .max = BAUD_MAX, FIELD(boot.baud), .preset = "115200",
        .also = LIST("baudrate", "rate", "speed"),
        .sentence = "Rate of the application's console.",
    },
    [RECIPE_KEY_LABEL] = {
        .path = "label", .kind = KEY_MAP,
        .also = LIST("labels", "print", "sticker"),
        .sentence = "A label for each board that passes, where the station file names a printer.",
    },
    [RECIPE_KEY_LABEL_FILE] = {
        .path = "label.file", .parent = RECIPE_KEY_LABEL, .kind = KEY_OWN, .store = store_label,
        .more = "the path of a file", .min = 1, .max = 1024, FIELD(label.file),
        .also = LIST("template", "zpl", "path"),
        .sentence = "Its template, seen from the recipe's folder: one label in ZPL, with {mac}, "
                    "{lot} and so on where a value goes.",
    },
    [RECIPE_KEY_LABEL_DPI] = {
        .path = "label.dpi", .parent = RECIPE_KEY_LABEL, .kind = KEY_WORD,
        .words = LIST("203", "300", "600"), FIELD(label.dpi), .preset = "203",
        .also = LIST("resolution"),
        .sentence = "Dots per inch that the template is drawn for; a printer with others is "
                    "refused, as the label would come out in another size.",
    },
#include "recipes/security/security_key_list.h"
#include "recipes/units/unit_key_list.h"
};
/* clang-format on */

/* ---- The reference ---- */

static const char *const plain_intro[] = {
    "A recipe is a YAML file, or JSON:",
    "",
    "    recipe: thermostat",
    "    version: 2.3.0",
    "    chip: esp32",
    "    flash: { size: detect, mode: dio, freq: 40m }",
    "    images:",
    "      - { file: build/bootloader.bin, offset: 0x1000 }",
    "      - { file: build/partition-table.bin, offset: 0x8000 }",
    "      - { file: build/app.bin, offset: 0x10000 }",
    "    port: { baud: 921600, fallback: [460800, 115200] }",
    "    boot: { expect: \"app_main started\", within_ms: 5000 }",
    "",
    "Numbers are decimal or hexadecimal (0x10000). Offsets and sizes also take K and M (64K, 4MB),",
    "which count 1024 and 1024 x 1024. Relative paths start at the recipe's folder.",
    "",
    NULL,
};

static const char *const page_intro[] = {
    "# Recipe reference",
    "",
    "Numbers are decimal or hexadecimal (`0x10000`). Offsets and sizes also take K and M (`64K`,",
    "`4MB`), which count 1024 and 1024 x 1024. Relative paths start at the recipe's folder.",
    "",
    NULL,
};

const struct doc_kind recipe_kind = {
    .noun = "recipe",
    .example = "recipe: NAME",
    .code = ERR_RECIPE,
    .keys = keys,
    .key_count = RECIPE_KEY_COUNT,
    .intro = plain_intro,
    .page = page_intro,
};

_Static_assert(RECIPE_KEY_COUNT <= DOC_KEYS_MAX, "DOC_KEYS_MAX has room for all keys");

bool recipe_help(enum doc_help_form form, bool (*emit)(void *context, const char *line),
                 void *context)
{
    return doc_help(&recipe_kind, form, emit, context);
}

const char *recipe_word(enum recipe_key key, unsigned value)
{
    const char *const *const words = key < RECIPE_KEY_COUNT ? keys[key].words : NULL;
    for (unsigned i = 0; words && words[i]; i++) {
        if (i == value)
            return words[i];
    }
    return "";
}
