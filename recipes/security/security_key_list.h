/* The keys of the section `security`: rows of the table in recipes/keys.c. */

#define SECURITY_FIELD(member) .field = offsetof(struct recipe, security.member)
#define SECURITY_COUNT(member) .count_field = offsetof(struct recipe, security.member)
#define DIGEST_FIELD(member)   .field = offsetof(struct security_digest, member)
#define DIGEST_AT(member)      .at_field = offsetof(struct security_digest, member)
#define HMAC_FIELD(member)     .field = offsetof(struct security_hmac, member)
#define HMAC_AT(member)        .at_field = offsetof(struct security_hmac, member)
#define FUSE_FIELD(member)     .field = offsetof(struct security_fuse, member)
#define FUSE_AT(member)        .at_field = offsetof(struct security_fuse, member)

[RECIPE_KEY_SECURITY] = {
        .path = "security", .kind = KEY_MAP,
        .also = LIST("secure", "fuses", "efuse", "efuses"),
        .sentence = "The end state that the board's fuses are to have, for ever "
                    "(docs/security.md). run burns them with --burn alone.",
    },
    [RECIPE_KEY_SECURITY_BOOT] = {
        .path = "security.secure_boot", .parent = RECIPE_KEY_SECURITY, .kind = KEY_MAP,
        .also = LIST("boot", "secureboot"),
        .sentence = "Only boot loaders start that are signed.",
    },
    [RECIPE_KEY_SECURITY_BOOT_VERSION] = {
        .path = "security.secure_boot.version", .parent = RECIPE_KEY_SECURITY_BOOT,
        .kind = KEY_WORD, .words = LIST("v2", "v1"), .required = true,
        SECURITY_FIELD(boot.version),
        .also = LIST("scheme"),
        .sentence = "Its scheme: v2, or the ESP32's old v1.",
    },
    [RECIPE_KEY_SECURITY_BOOT_KEYS] = {
        .path = "security.secure_boot.keys", .parent = RECIPE_KEY_SECURITY_BOOT,
        .kind = KEY_ITEMS, .items_max = SECURITY_DIGESTS_MAX, SECURITY_FIELD(boot.keys),
        SECURITY_COUNT(boot.key_count), .item = "key",
        .item_bytes = sizeof(struct security_digest), DIGEST_AT(at),
        .item_form = "{ file: KEY.pub.pem }",
        .also = LIST("digests"),
        .sentence = "v2: the public keys that count, the first in slot 0, the second in slot 1.",
    },
    [RECIPE_KEY_SECURITY_DIGEST_FILE] = {
        .path = "security.secure_boot.keys.file", .parent = RECIPE_KEY_SECURITY_BOOT_KEYS,
        .kind = KEY_OWN, .store = store_security_key, .more = "the path of a file", .min = 1,
        .max = 1024, DIGEST_FIELD(key.file),
        .also = LIST("key", "public", "path"),
        .sentence = "A public key in PEM; its private half has no place on a station. Or one in a "
                    "token, as pkcs11:token=line;object=one.",
    },
    [RECIPE_KEY_SECURITY_DIGEST_DIGEST] = {
        .path = "security.secure_boot.keys.digest", .parent = RECIPE_KEY_SECURITY_BOOT_KEYS,
        .kind = KEY_OWN, .store = store_security_digest, .more = "64 hexadecimal digits",
        DIGEST_FIELD(digest), DIGEST_AT(digest_at),
        .also = LIST("sha256", "hash"),
        .sentence = "Instead of it, its digest, as espstation check shows it of signed images.",
    },
    [RECIPE_KEY_SECURITY_DIGEST_BLOCK] = {
        .path = "security.secure_boot.keys.block", .parent = RECIPE_KEY_SECURITY_BOOT_KEYS,
        .kind = KEY_NUMBER, .max = 5, DIGEST_FIELD(key.block), DIGEST_AT(key.block_at),
        .sentence = "The key block it goes to; the first free one if absent.",
    },
    [RECIPE_KEY_SECURITY_DIGEST_REVOKED] = {
        .path = "security.secure_boot.keys.revoked", .parent = RECIPE_KEY_SECURITY_BOOT_KEYS,
        .kind = KEY_WORD, .words = LIST("false", "true"), DIGEST_FIELD(revoked),
        .preset = "false",
        .sentence = "This key counts no more: its slot is revoked, for ever.",
    },
    [RECIPE_KEY_SECURITY_BOOT_KEY] = {
        .path = "security.secure_boot.key", .parent = RECIPE_KEY_SECURITY_BOOT, .kind = KEY_OWN,
        .store = store_security_key, .words = LIST("board"), .more = "the path of a file",
        .min = 1, .max = 1024, SECURITY_FIELD(boot.key.file),
        .sentence = "v1: the file with the key that binds the boot loader.",
    },
    [RECIPE_KEY_SECURITY_BOOT_UNUSED] = {
        .path = "security.secure_boot.unused", .parent = RECIPE_KEY_SECURITY_BOOT,
        .kind = KEY_WORD, .words = LIST("revoke", "keep"), SECURITY_FIELD(boot.unused),
        .preset = "revoke",
        .sentence = "v2: slots without a key are revoked, so that nobody adds one, or kept.",
    },
    [RECIPE_KEY_SECURITY_BOOT_AGGRESSIVE] = {
        .path = "security.secure_boot.aggressive", .parent = RECIPE_KEY_SECURITY_BOOT,
        .kind = KEY_WORD, .words = LIST("false", "true"), SECURITY_FIELD(boot.aggressive),
        .preset = "false",
        .sentence = "v2: one image with a wrong signature revokes its key at once.",
    },
    [RECIPE_KEY_SECURITY_CRYPT] = {
        .path = "security.flash_encryption", .parent = RECIPE_KEY_SECURITY, .kind = KEY_MAP,
        .also = LIST("encryption", "flash"),
        .sentence = "What stands in the flash is ciphertext.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_MODE] = {
        .path = "security.flash_encryption.mode", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_WORD, .words = LIST("development", "release"), .required = true,
        SECURITY_FIELD(crypt.mode),
        .sentence = "Release is for ever; development can be switched off a few times.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_KEY] = {
        .path = "security.flash_encryption.key", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_OWN, .store = store_security_key, .words = LIST("board"),
        .more = "the path of a file", .required = true, .min = 1, .max = 1024,
        SECURITY_FIELD(crypt.key.file),
        .sentence = "board: each gets its own, from the computer's random source, and nobody "
                    "keeps it. Or a file of 32 bytes (64: XTS-AES-256; ESP32-C2 with secure boot "
                    "16; ESP32 with 3/4 coding 24), of mode 0600 and yours.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_SHARED] = {
        .path = "security.flash_encryption.shared", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_WORD, .words = LIST("false", "true"), SECURITY_FIELD(crypt.shared),
        .preset = "false",
        .sentence = "Says for a second time that all boards get one key, which release mode asks.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_BY] = {
        .path = "security.flash_encryption.by", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_WORD, .words = LIST("host", "chip"), SECURITY_FIELD(crypt.by),
        .preset = "host",
        .sentence = "Who encrypts the images: this station, or the chip as it writes them.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_BITS] = {
        .path = "security.flash_encryption.bits", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_WORD, .words = LIST("128", "256"), SECURITY_FIELD(crypt.bits),
        .preset = "128",
        .sentence = "XTS-AES-128 or 256, for a board's own key.",
    },
    [RECIPE_KEY_SECURITY_CRYPT_BLOCK] = {
        .path = "security.flash_encryption.block", .parent = RECIPE_KEY_SECURITY_CRYPT,
        .kind = KEY_NUMBER, .max = 5, SECURITY_FIELD(crypt.key.block),
        .sentence = "The key block it goes to; the first free one if absent.",
    },
    [RECIPE_KEY_SECURITY_JTAG] = {
        .path = "security.jtag", .parent = RECIPE_KEY_SECURITY, .kind = KEY_WORD,
        .words = LIST("auto", "keep", "soft", "off"), SECURITY_FIELD(jtag), .preset = "auto",
        .sentence = "auto: off with secure boot or flash encryption; keep; soft: off until "
                    "firmware opens it with a key; off for ever.",
    },
    [RECIPE_KEY_SECURITY_DOWNLOAD] = {
        .path = "security.download", .parent = RECIPE_KEY_SECURITY, .kind = KEY_WORD,
        .words = LIST("open", "secure", "none"), SECURITY_FIELD(download), .preset = "open",
        .also = LIST("loader", "download_mode"),
        .sentence = "What becomes of the loader: as it is, writing only, or none any more; the "
                    "last fuse of all.",
    },
    [RECIPE_KEY_SECURITY_PRINT] = {
        .path = "security.uart_print", .parent = RECIPE_KEY_SECURITY, .kind = KEY_WORD,
        .words = LIST("keep", "low", "high", "off"), SECURITY_FIELD(print), .preset = "keep",
        .also = LIST("print", "log", "boot_log"),
        .sentence = "Whether the ROM prints: as it is, while its strap is low or high, or never.",
    },
    [RECIPE_KEY_SECURITY_MAC] = {
        .path = "security.custom_mac", .parent = RECIPE_KEY_SECURITY, .kind = KEY_TEXT, .min = 1,
        .max = 32, SECURITY_FIELD(mac),
        .also = LIST("mac"),
        .sentence = "A MAC of the product's own: the name of the unit's value that holds it.",
    },
    [RECIPE_KEY_SECURITY_VERSION] = {
        .path = "security.secure_version", .parent = RECIPE_KEY_SECURITY, .kind = KEY_NUMBER,
        .max = 31, SECURITY_FIELD(secure_version), .preset = "0",
        .also = LIST("anti_rollback"),
        .sentence = "The oldest version of applications that may start; 0: as it is.",
    },
    [RECIPE_KEY_SECURITY_KEYS] = {
        .path = "security.keys", .parent = RECIPE_KEY_SECURITY, .kind = KEY_ITEMS,
        .items_max = SECURITY_KEYS_MAX, SECURITY_FIELD(keys), SECURITY_COUNT(key_count),
        .item = "key", .item_bytes = sizeof(struct security_hmac), HMAC_AT(at),
        .item_form = "{ use: hmac-up, key: board }",
        .also = LIST("hmac"),
        .sentence = "Keys for HMAC and signatures, which nobody but the chip reads.",
    },
    [RECIPE_KEY_SECURITY_KEY_KEY] = {
        .path = "security.keys.key", .parent = RECIPE_KEY_SECURITY_KEYS, .kind = KEY_OWN,
        .store = store_security_key, .words = LIST("board"), .more = "the path of a file",
        .min = 1, .max = 1024, HMAC_FIELD(key.file),
        .also = LIST("file"),
        .sentence = "board: each gets its own; or a file of 32 bytes (ecdsa: a private key in "
                    "PEM), of mode 0600 and yours.",
    },
    [RECIPE_KEY_SECURITY_KEY_VALUE] = {
        .path = "security.keys.value", .parent = RECIPE_KEY_SECURITY_KEYS, .kind = KEY_TEXT,
        .min = 1, .max = 32, HMAC_FIELD(value), HMAC_AT(value_at),
        .also = LIST("unit"),
        .sentence = "Instead of it, the name of the unit's value that holds it: secret, hex of 32 "
                    "bytes, from a pool.",
    },
    [RECIPE_KEY_SECURITY_KEY_USE] = {
        .path = "security.keys.use", .parent = RECIPE_KEY_SECURITY_KEYS, .kind = KEY_WORD,
        .words = LIST("hmac-all", "hmac-jtag", "ds", "hmac-up", "ecdsa"), .required = true,
        HMAC_FIELD(use),
        .also = LIST("purpose", "for"),
        .sentence = "For JTAG and signatures, JTAG, digital signatures (RSA), firmware (hmac-up), "
                    "or signatures of ECDSA with P-256.",
    },
    [RECIPE_KEY_SECURITY_KEY_BLOCK] = {
        .path = "security.keys.block", .parent = RECIPE_KEY_SECURITY_KEYS, .kind = KEY_NUMBER,
        .max = 5, HMAC_FIELD(key.block), HMAC_AT(key.block_at),
        .sentence = "The key block it goes to; the first free one if absent.",
    },
    [RECIPE_KEY_SECURITY_FUSES] = {
        .path = "security.fuses", .parent = RECIPE_KEY_SECURITY, .kind = KEY_ITEMS,
        .items_max = SECURITY_FUSES_MAX, SECURITY_FIELD(fuses), SECURITY_COUNT(fuse_count),
        .item = "fuse", .item_bytes = sizeof(struct security_fuse), FUSE_AT(at),
        .item_form = "{ name: NAME, value: 1 }",
        .sentence = "Other fuses by their names, as espstation fuses shows them.",
    },
    [RECIPE_KEY_SECURITY_FUSE_NAME] = {
        .path = "security.fuses.name", .parent = RECIPE_KEY_SECURITY_FUSES, .kind = KEY_TEXT,
        .required = true, .min = 1, .max = SECURITY_NAME_MAX_BYTES, FUSE_FIELD(name),
        FUSE_AT(name_at),
        .also = LIST("fuse"),
        .sentence = "Its name.",
    },
    [RECIPE_KEY_SECURITY_FUSE_VALUE] = {
        .path = "security.fuses.value", .parent = RECIPE_KEY_SECURITY_FUSES, .kind = KEY_NUMBER,
        .min = 1, .max = UINT32_MAX, FUSE_FIELD(value), FUSE_AT(value_at), .preset = "1",
        .sentence = "The value it is to have.",
    },
    [RECIPE_KEY_SECURITY_LOCK] = {
        .path = "security.lock", .parent = RECIPE_KEY_SECURITY, .kind = KEY_TEXTS, .min = 1,
        .max = SECURITY_NAME_MAX_BYTES, .items_max = SECURITY_LOCKS_MAX, SECURITY_FIELD(locks),
        SECURITY_COUNT(lock_count),
        .also = LIST("write_protect", "locks"),
        .sentence = "Fuses that nobody burns any more afterwards, with all that share their lock.",
    },
    [RECIPE_KEY_SECURITY_ROM_SAYS] = {
        .path = "security.rom_says", .parent = RECIPE_KEY_SECURITY, .kind = KEY_WORD,
        .words = LIST("demanded", "recorded"), SECURITY_FIELD(rom_says), .preset = "demanded",
        .sentence = "What the ROM says of secure boot as the board starts (ESP32, ESP32-C3): a "
                    "board whose ROM does not say it fails, or it is recorded alone.",
    },
    [RECIPE_KEY_SECURITY_BOOT_SAYS] = {
        .path = "security.boot_says", .parent = RECIPE_KEY_SECURITY, .kind = KEY_TEXTS, .min = 1,
        .max = 127, .items_max = SECURITY_SAYS_MAX, SECURITY_FIELD(boot_says),
        SECURITY_COUNT(boot_says_count),
        .also = LIST("boot_words"),
        .sentence = "What else the console must say within boot.within_ms, once the fuses are "
                    "burnt, as \"flash encryption is enabled\" of ESP-IDF's boot loader.",
    },
    [RECIPE_KEY_SECURITY_KEEP] = {
        .path = "security.keep", .parent = RECIPE_KEY_SECURITY, .kind = KEY_MAP,
        .also = LIST("store", "escrow"),
        .sentence = "Keys that are each board's own (key: board) are kept, sealed, so that a board "
                    "can be taken up again by a later run.",
    },
    [RECIPE_KEY_SECURITY_KEEP_FOLDER] = {
        .path = "security.keep.folder", .parent = RECIPE_KEY_SECURITY_KEEP, .kind = KEY_OWN,
        .store = store_security_key, .more = "the path of a folder", .required = true, .min = 1,
        .max = 1024, SECURITY_FIELD(keep.folder.file),
        .sentence = "Where: a folder of mode 0700 and yours; a file for each board, by its MAC.",
    },
    [RECIPE_KEY_SECURITY_KEEP_WITH] = {
        .path = "security.keep.with", .parent = RECIPE_KEY_SECURITY_KEEP, .kind = KEY_OWN,
        .store = store_security_key, .more = "the path of a file", .required = true, .min = 1,
        .max = 1024, SECURITY_FIELD(keep.with.file),
        .sentence = "The station's key that seals them: a file of 32 bytes, mode 0600 and yours, "
                    "or an RSA key in a token, as pkcs11:token=line;object=seal?pin-source=pin.",
    },
