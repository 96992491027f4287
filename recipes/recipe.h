/*
 * The recipe: what to flash, onto which chip, and how to prove it.
 *
 * A recipe is a YAML file (JSON, a subset of YAML, works too). Reading it finds all mistakes in one
 * pass, each with line, column, what was expected and the nearest word. The keys are a table
 * (keys.c): validation, the defaults, the help text and the reference page all come from it.
 *
 * Life cycle: recipe_load() or recipe_parse() gives a complete recipe or none; nothing changes it
 * afterwards, so threads may share it; recipe_free() ends it. Nothing here prints, starts a thread
 * or keeps a writable global.
 */
#ifndef RECIPES_RECIPE_H
#define RECIPES_RECIPE_H

#include "recipes/doc/doc.h"
#include "recipes/label/label_dpi.h"
#include "recipes/security/security.h"
#include "recipes/units/unit.h"

struct chip;
struct err;

#define RECIPE_TEXT_MAX_BYTES  DOC_TEXT_MAX_BYTES
#define RECIPE_IMAGE_MAX_BYTES ((size_t)128 << 20) /* an image file: the largest flash there is */
#define RECIPE_IMAGES_MAX      64
#define RECIPE_FALLBACKS_MAX   8
#define RECIPE_REJECTS_MAX     16

/* ---- The recipe ---- */

/* One row of the key table each; indexes recipe.at. */
enum recipe_key {
    RECIPE_KEY_ROOT, /* the recipe itself, for the tree of keys */
    RECIPE_KEY_RECIPE,
    RECIPE_KEY_VERSION,
    RECIPE_KEY_CHIP,
    RECIPE_KEY_FLASH,
    RECIPE_KEY_FLASH_SIZE,
    RECIPE_KEY_FLASH_MODE,
    RECIPE_KEY_FLASH_FREQ,
    RECIPE_KEY_IMAGES,
    RECIPE_KEY_IMAGE_FILE, /* those of an image: see recipe_image.at, recipe.at has none */
    RECIPE_KEY_IMAGE_OFFSET,
    RECIPE_KEY_IMAGE_SHA256,
    RECIPE_KEY_IMAGE_AS,
    RECIPE_KEY_VERIFY,
    RECIPE_KEY_WRITE,
    RECIPE_KEY_ERASE,
    RECIPE_KEY_LOADER,
    RECIPE_KEY_PROVE_TWICE,
    RECIPE_KEY_ENCRYPTED,
    RECIPE_KEY_DUPLICATES,
    RECIPE_KEY_WITHOUT_SERVER,
    RECIPE_KEY_PORT,
    RECIPE_KEY_PORT_BAUD,
    RECIPE_KEY_PORT_FALLBACK,
    RECIPE_KEY_PORT_RESET,
    RECIPE_KEY_PORT_AFTER,
    RECIPE_KEY_RETRY,
    RECIPE_KEY_RETRY_SYNC,
    RECIPE_KEY_RETRY_WRITE,
    RECIPE_KEY_RETRY_VERIFY,
    RECIPE_KEY_RETRY_FINISH,
    RECIPE_KEY_RETRY_PAUSE_MS,
    RECIPE_KEY_BOOT,
    RECIPE_KEY_BOOT_EXPECT,
    RECIPE_KEY_BOOT_REJECT,
    RECIPE_KEY_BOOT_WITHIN_MS,
    RECIPE_KEY_BOOT_BAUD,
    RECIPE_KEY_LABEL,
    RECIPE_KEY_LABEL_FILE,
    RECIPE_KEY_LABEL_DPI,
    RECIPE_KEY_UNIT,
    RECIPE_KEY_UNIT_SERIAL,
    RECIPE_KEY_UNIT_VALUES,
    RECIPE_KEY_UNIT_VALUE_NAME, /* those of values, pools and images: see unit.h */
    RECIPE_KEY_UNIT_VALUE_FROM,
    RECIPE_KEY_UNIT_VALUE_TYPE,
    RECIPE_KEY_UNIT_VALUE_MIN,
    RECIPE_KEY_UNIT_VALUE_MAX,
    RECIPE_KEY_UNIT_VALUE_CHARS,
    RECIPE_KEY_UNIT_VALUE_UNIQUE,
    RECIPE_KEY_UNIT_VALUE_SECRET,
    RECIPE_KEY_UNIT_VALUE_PATTERN,
    RECIPE_KEY_UNIT_VALUE_COUNTER,
    RECIPE_KEY_UNIT_VALUE_START,
    RECIPE_KEY_UNIT_VALUE_END,
    RECIPE_KEY_UNIT_VALUE_STEP,
    RECIPE_KEY_UNIT_VALUE_RESTART,
    RECIPE_KEY_UNIT_VALUE_FLEET,
    RECIPE_KEY_UNIT_VALUE_POOL,
    RECIPE_KEY_UNIT_VALUE_COLUMN,
    RECIPE_KEY_UNIT_VALUE_FACT,
    RECIPE_KEY_UNIT_VALUE_FORM,
    RECIPE_KEY_UNIT_VALUE_CONSTANT,
    RECIPE_KEY_UNIT_POOLS,
    RECIPE_KEY_UNIT_POOL_NAME,
    RECIPE_KEY_UNIT_POOL_FILE,
    RECIPE_KEY_UNIT_POOL_FOLDER,
    RECIPE_KEY_UNIT_POOL_MAC,
    RECIPE_KEY_UNIT_POOL_FLEET,
    RECIPE_KEY_UNIT_IMAGES,
    RECIPE_KEY_UNIT_IMAGE_PARTITION,
    RECIPE_KEY_UNIT_IMAGE_OFFSET,
    RECIPE_KEY_UNIT_IMAGE_SIZE,
    RECIPE_KEY_UNIT_IMAGE_ENTRIES,
    RECIPE_KEY_UNIT_ENTRY_SPACE,
    RECIPE_KEY_UNIT_ENTRY_KEY,
    RECIPE_KEY_UNIT_ENTRY_TYPE,
    RECIPE_KEY_UNIT_ENTRY_VALUE,
    RECIPE_KEY_UNIT_IMAGE_VERSION,
    RECIPE_KEY_UNIT_IMAGE_ENCRYPT,
    RECIPE_KEY_UNIT_IMAGE_KEY,
    RECIPE_KEY_UNIT_IMAGE_KEY_VALUE,
    RECIPE_KEY_UNIT_IMAGE_KEY_POOL,
    RECIPE_KEY_UNIT_IMAGE_COMPARE,
    RECIPE_KEY_UNIT_IMAGE_POOL,
    RECIPE_KEY_UNIT_IMAGE_NVS_KEYS,
    RECIPE_KEY_UNIT_IMAGE_TEMPLATE,
    RECIPE_KEY_UNIT_IMAGE_INSIST,
    RECIPE_KEY_SECURITY,
    RECIPE_KEY_SECURITY_BOOT,
    RECIPE_KEY_SECURITY_BOOT_VERSION,
    RECIPE_KEY_SECURITY_BOOT_KEYS,
    RECIPE_KEY_SECURITY_DIGEST_FILE, /* those of lists: see security.h */
    RECIPE_KEY_SECURITY_DIGEST_DIGEST,
    RECIPE_KEY_SECURITY_DIGEST_BLOCK,
    RECIPE_KEY_SECURITY_DIGEST_REVOKED,
    RECIPE_KEY_SECURITY_BOOT_KEY,
    RECIPE_KEY_SECURITY_BOOT_UNUSED,
    RECIPE_KEY_SECURITY_BOOT_AGGRESSIVE,
    RECIPE_KEY_SECURITY_CRYPT,
    RECIPE_KEY_SECURITY_CRYPT_MODE,
    RECIPE_KEY_SECURITY_CRYPT_KEY,
    RECIPE_KEY_SECURITY_CRYPT_SHARED,
    RECIPE_KEY_SECURITY_CRYPT_BY,
    RECIPE_KEY_SECURITY_CRYPT_BITS,
    RECIPE_KEY_SECURITY_CRYPT_BLOCK,
    RECIPE_KEY_SECURITY_JTAG,
    RECIPE_KEY_SECURITY_DOWNLOAD,
    RECIPE_KEY_SECURITY_PRINT,
    RECIPE_KEY_SECURITY_MAC,
    RECIPE_KEY_SECURITY_VERSION,
    RECIPE_KEY_SECURITY_KEYS,
    RECIPE_KEY_SECURITY_KEY_KEY,
    RECIPE_KEY_SECURITY_KEY_VALUE,
    RECIPE_KEY_SECURITY_KEY_USE,
    RECIPE_KEY_SECURITY_KEY_BLOCK,
    RECIPE_KEY_SECURITY_FUSES,
    RECIPE_KEY_SECURITY_FUSE_NAME,
    RECIPE_KEY_SECURITY_FUSE_VALUE,
    RECIPE_KEY_SECURITY_LOCK,
    RECIPE_KEY_SECURITY_ROM_SAYS,
    RECIPE_KEY_SECURITY_BOOT_SAYS,
    RECIPE_KEY_SECURITY_KEEP,
    RECIPE_KEY_SECURITY_KEEP_FOLDER,
    RECIPE_KEY_SECURITY_KEEP_WITH,
    RECIPE_KEY_COUNT
};

/* The order of these is the order of the words in the key table. */
enum recipe_flash_size { RECIPE_SIZE_DETECT, RECIPE_SIZE_KEEP, RECIPE_SIZE_GIVEN };
enum recipe_flash_mode {
    RECIPE_MODE_KEEP,
    RECIPE_MODE_QIO,
    RECIPE_MODE_QOUT,
    RECIPE_MODE_DIO,
    RECIPE_MODE_DOUT
};
/* Whether a file is judged by what it begins like, or written as it is. */
enum recipe_as { RECIPE_AS_AUTO, RECIPE_AS_DATA };
enum recipe_verify { RECIPE_VERIFY_MD5, RECIPE_VERIFY_NONE };
enum recipe_write { RECIPE_WRITE_ALWAYS, RECIPE_WRITE_CHANGED };
enum recipe_erase { RECIPE_ERASE_NEEDED, RECIPE_ERASE_ALL };
enum recipe_loader {
    RECIPE_LOADER_AUTO,
    RECIPE_LOADER_STUB,
    RECIPE_LOADER_ROM,
    RECIPE_LOADER_FAST
};
/* Which boards that have passed before are refused. */
enum recipe_without_server { RECIPE_WITHOUT_SERVER_GO_ON, RECIPE_WITHOUT_SERVER_WAIT };
enum recipe_duplicates { RECIPE_DUPLICATES_LOT, RECIPE_DUPLICATES_EVER, RECIPE_DUPLICATES_ALLOW };
enum recipe_encrypted { RECIPE_ENCRYPTED_REFUSE, RECIPE_ENCRYPTED_PLAIN };
enum recipe_after { RECIPE_AFTER_AUTO, RECIPE_AFTER_WATCHDOG, RECIPE_AFTER_CUSTOM };
enum recipe_reset {
    RECIPE_RESET_AUTO,
    RECIPE_RESET_CLASSIC,
    RECIPE_RESET_TIGHT,
    RECIPE_RESET_USB_JTAG,
    RECIPE_RESET_NONE,
    RECIPE_RESET_CUSTOM
};

struct recipe_image {
    char *file;            /* as the recipe spells it */
    char *path;            /* the same, seen from the recipe's folder: open this one */
    uint32_t offset_bytes; /* from the start of the flash, at most 0x7FFFFFFF */
    bool pinned;           /* the recipe gives the digest; other bytes are refused */
    uint8_t sha256[32];    /* only if pinned */
    enum recipe_as as;
    struct doc_pos at;                            /* the entry */
    struct doc_pos file_at, offset_at, sha256_at; /* the values */
};

struct recipe_flash {
    enum recipe_flash_size size;
    uint32_t size_bytes; /* only with RECIPE_SIZE_GIVEN: a power of two, 512 KiB to 128 MiB */
    enum recipe_flash_mode mode;
    uint32_t freq_mhz; /* 0: keep what the image says */
};

struct recipe_port {
    uint32_t baud;
    uint32_t fallback_baud[RECIPE_FALLBACKS_MAX]; /* falling, each below `baud` */
    struct doc_pos fallback_at[RECIPE_FALLBACKS_MAX];
    size_t fallback_count;
    enum recipe_reset reset;
    char *reset_text; /* as written; the sequence itself with RECIPE_RESET_CUSTOM */
    enum recipe_after after;
    char *after_text; /* likewise, with RECIPE_AFTER_CUSTOM */
};

struct recipe_retry {
    uint32_t sync, write, verify, finish; /* further tries after the first; 0: one try only */
    uint32_t pause_ms;                    /* before each of them */
};

struct recipe_boot {
    bool asked;   /* the recipe has `boot`; else the other fields mean nothing */
    char *expect; /* NULL: nothing is expected, only `reject` counts */
    char *reject[RECIPE_REJECTS_MAX];
    size_t reject_count;
    uint32_t within_ms;
    uint32_t baud; /* of the application's console */
};

/* The label that a printer makes for each board that passes. */
struct recipe_label {
    char *file;         /* as the recipe spells it; NULL: there is no label */
    char *path;         /* the same, seen from the recipe's folder */
    enum label_dpi dpi; /* that it is drawn for */
    struct doc_pos file_at;
};

struct recipe {
    char *path;         /* as given to recipe_load; the name given to recipe_parse */
    char *text;         /* the file, byte for byte, and a NUL behind it */
    size_t text_bytes;  /* without that NUL */
    uint8_t sha256[32]; /* of the text */
    char *name;         /* key `recipe` */
    char *version;      /* "" if the recipe does not say */
    const struct chip *chip;
    struct recipe_flash flash;
    struct recipe_image images[RECIPE_IMAGES_MAX];
    size_t image_count; /* at least 1 */
    enum recipe_verify verify;
    enum recipe_write write;
    enum recipe_erase erase;
    enum recipe_loader loader;
    uint32_t
        prove_twice; /* so many boards that the fast stub has written, by another loader, too */
    enum recipe_encrypted encrypted;
    enum recipe_duplicates duplicates;
    enum recipe_without_server without_server;
    struct recipe_port port;
    struct recipe_retry retry;
    struct recipe_boot boot;
    struct recipe_label label;
    struct unit unit;
    struct security security;
    struct doc_pos at[RECIPE_KEY_COUNT]; /* where each key's value stands */
};

/* Reads the recipe at `path` and looks at its image files (without reading them). On success gives
 * *out (free it with recipe_free) and leaves *report empty. On failure *out is NULL and *e is set:
 * ERR_RECIPE, with every mistake in *report, or with an empty report if the file itself could not
 * be read; ERR_STATION if memory ran out. *report needs no preparation. */
bool recipe_load(const char *path, struct recipe **out, struct doc_report *report, struct err *e);

/* The same for `n` bytes of text in memory; `text` need not end in NUL and is copied. Image paths
 * are relative to `base_dir` ("" is the current folder). With base_dir NULL image files are not
 * looked at, and recipe_image.path is the spelling itself. `name` stands in messages. */
bool recipe_parse(const char *name, const char *text, size_t n, const char *base_dir,
                  struct recipe **out, struct doc_report *report, struct err *e);

void recipe_free(struct recipe *recipe); /* NULL is fine */

/* Opens an image for reading, once more judged as recipe_load judged it, for it may have changed
 * since. The descriptor is the caller's. False: it is no regular file of fitting size any more
 * (*sys 0), or the system refused it (*sys). */
bool recipe_image_open(const struct recipe_image *image, int *fd, uint64_t *bytes, int *sys);

/* The word of the recipe for a value: "md5", "usb-jtag"... `key` must be one that takes words;
 * gives "" for a value outside of them (RECIPE_SIZE_GIVEN, RECIPE_RESET_CUSTOM). */
const char *recipe_word(enum recipe_key key, unsigned value);

/* ---- Help ---- */

/* Hands the reference of all keys to `emit`, line by line without the line end. Stops and returns
 * false as soon as `emit` returns false. */
bool recipe_help(enum doc_help_form form, bool (*emit)(void *context, const char *line),
                 void *context);

#endif
