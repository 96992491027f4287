/* The keys of the section `unit`: rows of the table in recipes/keys.c. */

#define UNIT_FIELD(member)       .field = offsetof(struct recipe, unit.member)
#define UNIT_COUNT(member)       .count_field = offsetof(struct recipe, unit.member)
#define VALUE_FIELD(member)      .field = offsetof(struct unit_value, member)
#define VALUE_AT(place)          .at_field = offsetof(struct unit_value, at[place])
#define POOL_FIELD(member)       .field = offsetof(struct unit_pool, member)
#define POOL_AT(member)          .at_field = offsetof(struct unit_pool, member)
#define UNIT_IMAGE_FIELD(member) .field = offsetof(struct unit_image, member)
#define UNIT_IMAGE_AT(member)    .at_field = offsetof(struct unit_image, member)
#define ENTRY_FIELD(member)      .field = offsetof(struct unit_entry, member)
#define ENTRY_AT(member)         .at_field = offsetof(struct unit_entry, member)

[RECIPE_KEY_UNIT] = {
        .path = "unit", .kind = KEY_MAP,
        .also = LIST("units", "device"),
        .sentence = "What is each board's own: serial, values, images. Taken once, and kept with "
                    "the board's MAC for ever (docs/units.md).",
    },
    [RECIPE_KEY_UNIT_SERIAL] = {
        .path = "unit.serial", .parent = RECIPE_KEY_UNIT, .kind = KEY_TEXT, .min = 1,
        .max = UNIT_NAME_MAX, UNIT_FIELD(serial),
        .also = LIST("sn", "serial_number"),
        .sentence = "Name of the value that is the unit's serial: never on two boards.",
    },
    [RECIPE_KEY_UNIT_VALUES] = {
        .path = "unit.values", .parent = RECIPE_KEY_UNIT, .kind = KEY_ITEMS, .required = true,
        .items_max = UNIT_VALUES_MAX, UNIT_FIELD(values), UNIT_COUNT(value_count), .item = "value",
        .item_bytes = sizeof(struct unit_value), VALUE_AT(UNIT_AT_VALUE),
        .item_form = "{ name: NAME, from: SOURCE }",
        .if_empty = "a unit has one value at least",
        .sentence = "The values of a unit, each with its source.",
    },
    [RECIPE_KEY_UNIT_VALUE_NAME] = {
        .path = "unit.values.name", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_name, .more = "a word of a-z, 0-9 and _ of 1 to 32 letters",
        .required = true, .min = 1, .max = UNIT_NAME_MAX, VALUE_FIELD(name),
        VALUE_AT(UNIT_AT_NAME),
        .sentence = "What the value is called; {NAME} stands for it in images.",
    },
    [RECIPE_KEY_UNIT_VALUE_FROM] = {
        .path = "unit.values.from", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("counter", "pool", "board", "scan", "recipe", "random"), .required = true,
        VALUE_FIELD(from), VALUE_AT(UNIT_AT_FROM),
        .also = LIST("source"),
        .sentence = "Where it comes from: the next number, a file with a row for each unit, the "
                    "board itself, a scanner or an operator, the recipe, or the station's source "
                    "of chance, anew each time the board is written.",
    },
    [RECIPE_KEY_UNIT_VALUE_TYPE] = {
        .path = "unit.values.type", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("text", "number", "hex"), VALUE_FIELD(type), VALUE_AT(UNIT_AT_TYPE),
        .preset = "text",
        .sentence = "A text, a whole number in decimal, or bytes in hexadecimal.",
    },
    [RECIPE_KEY_UNIT_VALUE_MIN] = {
        .path = "unit.values.min", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_number, .more = "a whole number", VALUE_FIELD(min),
        VALUE_AT(UNIT_AT_MIN),
        .also = LIST("minimum", "from_number"),
        .sentence = "Least number, least characters of a text, or least bytes of hex.",
    },
    [RECIPE_KEY_UNIT_VALUE_MAX] = {
        .path = "unit.values.max", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_number, .more = "a whole number", VALUE_FIELD(max),
        VALUE_AT(UNIT_AT_MAX),
        .also = LIST("maximum", "length"),
        .sentence = "Largest number, most characters of a text, or most bytes of hex.",
    },
    [RECIPE_KEY_UNIT_VALUE_CHARS] = {
        .path = "unit.values.chars", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("any", "ascii", "alnum", "upper", "digits"), VALUE_FIELD(chars),
        VALUE_AT(UNIT_AT_CHARS), .preset = "any",
        .also = LIST("charset", "characters"),
        .sentence = "Which characters a text may have: any, printable ASCII, letters and digits, "
                    "capitals and digits, or digits.",
    },
    [RECIPE_KEY_UNIT_VALUE_UNIQUE] = {
        .path = "unit.values.unique", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("false", "true"), VALUE_FIELD(unique_given), VALUE_AT(UNIT_AT_UNIQUE),
        .sentence = "No two units may have the same; true for the serial and for secrets unless "
                    "it says false.",
    },
    [RECIPE_KEY_UNIT_VALUE_SECRET] = {
        .path = "unit.values.secret", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("false", "true"), VALUE_FIELD(secret), VALUE_AT(UNIT_AT_SECRET),
        .sentence = "The record keeps a salted SHA-256 instead of the value, and no screen shows "
                    "it; for values from pool and scan. What is random is secret always.",
    },
    [RECIPE_KEY_UNIT_VALUE_PATTERN] = {
        .path = "unit.values.pattern", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_TEXT,
        .min = 1, .max = 100, VALUE_FIELD(pattern_text), VALUE_AT(UNIT_AT_PATTERN),
        .also = LIST("format"),
        .sentence = "Of a counter: how its number is written, as in EX{yy}-{n:6}-{damm}; of a "
                    "scan: an extended regular expression that it must match as a whole.",
    },
    [RECIPE_KEY_UNIT_VALUE_COUNTER] = {
        .path = "unit.values.counter", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_counter, .more = "a name of letters, digits and . _ - of 1 to 64 bytes",
        .min = 1, .max = 64, VALUE_FIELD(counter), VALUE_AT(UNIT_AT_COUNTER),
        .sentence = "Counter: its name in the record, which recipes may share; without it the "
                    "names of recipe and value.",
    },
    [RECIPE_KEY_UNIT_VALUE_START] = {
        .path = "unit.values.start", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_count, .more = "a whole number from 0 on", VALUE_FIELD(start),
        VALUE_AT(UNIT_AT_START),
        .also = LIST("first", "begin"),
        .sentence = "Counter: the first number; 1 if absent.",
    },
    [RECIPE_KEY_UNIT_VALUE_END] = {
        .path = "unit.values.end", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_count, .more = "a whole number from 0 on", VALUE_FIELD(end),
        VALUE_AT(UNIT_AT_END),
        .also = LIST("last", "stop"),
        .sentence = "Counter: the last number; what fits into the digits if absent.",
    },
    [RECIPE_KEY_UNIT_VALUE_STEP] = {
        .path = "unit.values.step", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_OWN,
        .store = store_unit_count, .more = "a whole number from 1 on", VALUE_FIELD(step),
        VALUE_AT(UNIT_AT_STEP),
        .sentence = "Counter: from one number to the next; 1 if absent.",
    },
    [RECIPE_KEY_UNIT_VALUE_RESTART] = {
        .path = "unit.values.restart", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("never", "day", "week", "month", "year"), VALUE_FIELD(restart),
        VALUE_AT(UNIT_AT_RESTART), .preset = "never",
        .sentence = "Counter: begins anew each day, week, month or year (UTC), which its pattern "
                    "must show.",
    },
    [RECIPE_KEY_UNIT_VALUE_FLEET] = {
        .path = "unit.values.fleet", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("false", "true"), VALUE_FIELD(fleet), VALUE_AT(UNIT_AT_FLEET),
        .sentence = "Counter: its numbers come from the fleet's server, so that all stations have "
                    "one counter. A station keeps some of them ahead.",
    },
    [RECIPE_KEY_UNIT_VALUE_POOL] = {
        .path = "unit.values.pool", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_TEXT,
        .min = 1, .max = UNIT_NAME_MAX, VALUE_FIELD(pool), VALUE_AT(UNIT_AT_POOL),
        .sentence = "Pool: which one; may be absent where there is one alone.",
    },
    [RECIPE_KEY_UNIT_VALUE_COLUMN] = {
        .path = "unit.values.column", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_TEXT,
        .min = 1, .max = 100, VALUE_FIELD(column), VALUE_AT(UNIT_AT_COLUMN),
        .sentence = "Pool: the column of the file; the value's name if absent. Of a folder: "
                    "`name`, the file's name without its ending.",
    },
    [RECIPE_KEY_UNIT_VALUE_FACT] = {
        .path = "unit.values.fact", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("mac", "mac_ap", "mac_bt", "mac_ethernet", "chip", "flash_id"),
        VALUE_FIELD(fact), VALUE_AT(UNIT_AT_FACT),
        .sentence = "Board: its base MAC, those that ESP-IDF makes of it, its chip, or the JEDEC "
                    "id of its flash.",
    },
    [RECIPE_KEY_UNIT_VALUE_FORM] = {
        .path = "unit.values.form", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_WORD,
        .words = LIST("lower", "upper", "lower-plain", "upper-plain"), VALUE_FIELD(form),
        VALUE_AT(UNIT_AT_FORM), .preset = "lower",
        .sentence = "Board: how a MAC is written: 24:6f:28.., 24:6F:28.., 246f28.. or 246F28..",
    },
    [RECIPE_KEY_UNIT_VALUE_CONSTANT] = {
        .path = "unit.values.value", .parent = RECIPE_KEY_UNIT_VALUES, .kind = KEY_TEXT,
        .min = 1, .max = 1024, VALUE_FIELD(constant), VALUE_AT(UNIT_AT_CONSTANT),
        .sentence = "Recipe: the value itself, the same for all units.",
    },
    [RECIPE_KEY_UNIT_POOLS] = {
        .path = "unit.pools", .parent = RECIPE_KEY_UNIT, .kind = KEY_ITEMS,
        .items_max = UNIT_POOLS_MAX, UNIT_FIELD(pools), UNIT_COUNT(pool_count), .item = "pool",
        .item_bytes = sizeof(struct unit_pool), POOL_AT(at),
        .item_form = "{ name: NAME, file: FILE }",
        .sentence = "Files that hold one set for each unit.",
    },
    [RECIPE_KEY_UNIT_POOL_NAME] = {
        .path = "unit.pools.name", .parent = RECIPE_KEY_UNIT_POOLS, .kind = KEY_OWN,
        .store = store_unit_name, .more = "a word of a-z, 0-9 and _ of 1 to 32 letters",
        .required = true, .min = 1, .max = UNIT_NAME_MAX, POOL_FIELD(name), POOL_AT(name_at),
        .sentence = "What the pool is called in recipe and record.",
    },
    [RECIPE_KEY_UNIT_POOL_FILE] = {
        .path = "unit.pools.file", .parent = RECIPE_KEY_UNIT_POOLS, .kind = KEY_OWN,
        .store = store_unit_pool_file, .more = "the path of a CSV file with a header",
        .min = 1, .max = 1024, POOL_FIELD(file), POOL_AT(file_at),
        .also = LIST("csv", "path"),
        .sentence = "A CSV file with a header and a row for each unit.",
    },
    [RECIPE_KEY_UNIT_POOL_FOLDER] = {
        .path = "unit.pools.folder", .parent = RECIPE_KEY_UNIT_POOLS, .kind = KEY_OWN,
        .store = store_unit_pool_folder, .more = "the path of a folder",
        .min = 1, .max = 1024, POOL_FIELD(folder), POOL_AT(folder_at),
        .also = LIST("dir", "directory"),
        .sentence = "A folder with one ready-made .bin file for each unit.",
    },
    [RECIPE_KEY_UNIT_POOL_MAC] = {
        .path = "unit.pools.mac", .parent = RECIPE_KEY_UNIT_POOLS, .kind = KEY_TEXT,
        .min = 1, .max = 100, POOL_FIELD(mac), POOL_AT(mac_at),
        .sentence = "The column whose MAC binds a row to one board; rows without are free. Of a "
                    "folder: `name`, where files are called by MAC.",
    },
    [RECIPE_KEY_UNIT_POOL_FLEET] = {
        .path = "unit.pools.fleet", .parent = RECIPE_KEY_UNIT_POOLS, .kind = KEY_WORD,
        .words = LIST("false", "true"), POOL_FIELD(fleet), POOL_AT(fleet_at), .preset = "false",
        .sentence = "All stations take from this pool: the fleet's server says which rows are a "
                    "station's. A station keeps some of them ahead.",
    },
    [RECIPE_KEY_UNIT_IMAGES] = {
        .path = "unit.images", .parent = RECIPE_KEY_UNIT, .kind = KEY_ITEMS,
        .items_max = UNIT_IMAGES_MAX, UNIT_FIELD(images), UNIT_COUNT(image_count),
        .item = "image", .item_bytes = sizeof(struct unit_image), UNIT_IMAGE_AT(at),
        .item_form = "{ partition: LABEL, keys: [...] }",
        .sentence = "What is made for each board, and written with the recipe's images.",
    },
    [RECIPE_KEY_UNIT_IMAGE_PARTITION] = {
        .path = "unit.images.partition", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_TEXT,
        .min = 1, .max = 16, UNIT_IMAGE_FIELD(partition), UNIT_IMAGE_AT(partition_at),
        .also = LIST("label"),
        .sentence = "Label of the partition that it fills as a whole; the recipe's partition table "
                    "must have it.",
    },
    [RECIPE_KEY_UNIT_IMAGE_OFFSET] = {
        .path = "unit.images.offset", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_BYTES,
        .max = 0x7FFFF000, UNIT_IMAGE_FIELD(offset_bytes), UNIT_IMAGE_AT(offset_at),
        .also = LIST("address", "addr"),
        .sentence = "Where it begins instead, a multiple of 0x1000; takes a size.",
    },
    [RECIPE_KEY_UNIT_IMAGE_SIZE] = {
        .path = "unit.images.size", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_BYTES,
        .min = 0x1000, .max = 16u << 20, UNIT_IMAGE_FIELD(size_bytes), UNIT_IMAGE_AT(size_at),
        .sentence = "Of the place at an offset, a multiple of 0x1000.",
    },
    [RECIPE_KEY_UNIT_IMAGE_ENTRIES] = {
        .path = "unit.images.keys", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_ITEMS,
        .items_max = UNIT_ENTRIES_MAX, .field = offsetof(struct unit_image, entries),
        .count_field = offsetof(struct unit_image, entry_count), .item = "key",
        .item_bytes = sizeof(struct unit_entry), ENTRY_AT(at),
        .item_form = "{ space: NAME, key: NAME, type: TYPE, value: TEXT }",
        .if_empty = "an NVS image has one key at least",
        .also = LIST("nvs", "entries"),
        .sentence = "The image is an NVS partition with these keys, in this order.",
    },
    [RECIPE_KEY_UNIT_ENTRY_SPACE] = {
        .path = "unit.images.keys.space", .parent = RECIPE_KEY_UNIT_IMAGE_ENTRIES,
        .kind = KEY_TEXT, .required = true, .min = 1, .max = NVS_NAME_CAP - 1, ENTRY_FIELD(space),
        ENTRY_AT(space_at),
        .also = LIST("namespace"),
        .sentence = "Its namespace; keys of one stand one after the other.",
    },
    [RECIPE_KEY_UNIT_ENTRY_KEY] = {
        .path = "unit.images.keys.key", .parent = RECIPE_KEY_UNIT_IMAGE_ENTRIES,
        .kind = KEY_TEXT, .required = true, .min = 1, .max = NVS_NAME_CAP - 1, ENTRY_FIELD(key),
        ENTRY_AT(key_at),
        .also = LIST("name"),
        .sentence = "Its name.",
    },
    [RECIPE_KEY_UNIT_ENTRY_TYPE] = {
        .path = "unit.images.keys.type", .parent = RECIPE_KEY_UNIT_IMAGE_ENTRIES,
        .kind = KEY_WORD, .required = true,
        .words = LIST("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "string", "blob",
                      "base64", "file-string", "file-hex2bin", "file-base64", "file-binary"),
        ENTRY_FIELD(type), ENTRY_AT(type_at),
        .also = LIST("encoding"),
        .sentence = "Its type, as in nvs.h of ESP-IDF; base64 is a blob that is written so. "
                    "file-...: the value is the path of a file, from the recipe's folder on, that "
                    "holds a string, or a blob in that form (binary: as it is).",
    },
    [RECIPE_KEY_UNIT_ENTRY_VALUE] = {
        .path = "unit.images.keys.value", .parent = RECIPE_KEY_UNIT_IMAGE_ENTRIES,
        .kind = KEY_TEXT, .required = true, .min = 1, .max = UNIT_TEXT_MAX, ENTRY_FIELD(value),
        ENTRY_AT(value_at),
        .sentence = "Its value, with {NAME} for those of the unit: a text, a whole number, or the "
                    "bytes of a blob in hexadecimal.",
    },
    [RECIPE_KEY_UNIT_IMAGE_VERSION] = {
        .path = "unit.images.version", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_NUMBER,
        .min = 1, .max = 2, UNIT_IMAGE_FIELD(version), UNIT_IMAGE_AT(version_at), .preset = "2",
        .sentence = "Keys: the version of the NVS format.",
    },
    [RECIPE_KEY_UNIT_IMAGE_ENCRYPT] = {
        .path = "unit.images.encrypt", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_WORD,
        .words = LIST("none", "keys", "hmac"), UNIT_IMAGE_FIELD(encrypt),
        UNIT_IMAGE_AT(encrypt_at), .preset = "none",
        .also = LIST("encryption", "encrypted"),
        .sentence = "Keys: encrypted by what a partition nvs_keys holds, or by keys that come from "
                    "an HMAC key in the eFuse.",
    },
    [RECIPE_KEY_UNIT_IMAGE_KEY] = {
        .path = "unit.images.key_file", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_OWN,
        .store = store_unit_path, .more = "the path of a file", .min = 1, .max = 1024,
        UNIT_IMAGE_FIELD(key_file), UNIT_IMAGE_AT(key_at),
        .sentence = "The keys to encrypt with: the image of a partition nvs_keys, or the 32 bytes "
                    "of the HMAC key; {NAME} may stand in it, for a file of each unit's own.",
    },
    [RECIPE_KEY_UNIT_IMAGE_KEY_VALUE] = {
        .path = "unit.images.key_value", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_TEXT,
        .min = 1, .max = UNIT_NAME_MAX, UNIT_IMAGE_FIELD(key_value), UNIT_IMAGE_AT(key_value_at),
        .sentence = "Instead of key_file: the keys are this value, hex of 64 bytes (the key, then "
                    "the tweak key), or of the 32 of the HMAC key.",
    },
    [RECIPE_KEY_UNIT_IMAGE_KEY_POOL] = {
        .path = "unit.images.key_pool", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_TEXT,
        .min = 1, .max = UNIT_NAME_MAX, UNIT_IMAGE_FIELD(key_pool), UNIT_IMAGE_AT(key_pool_at),
        .sentence = "Instead of key_file: the keys are the unit's file of this pool, which is a "
                    "folder.",
    },
    [RECIPE_KEY_UNIT_IMAGE_COMPARE] = {
        .path = "unit.images.compare", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_WORD,
        .words = LIST("md5", "keys"), UNIT_IMAGE_FIELD(compare), UNIT_IMAGE_AT(compare_at),
        .preset = "md5",
        .sentence = "How espstation verify judges it: by all of its bytes, or key by key, for "
                    "partitions that the firmware writes to as well.",
    },
    [RECIPE_KEY_UNIT_IMAGE_POOL] = {
        .path = "unit.images.pool", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_TEXT, .min = 1,
        .max = UNIT_NAME_MAX, UNIT_IMAGE_FIELD(pool), UNIT_IMAGE_AT(pool_at),
        .sentence = "The image is the unit's file of this pool, which is a folder.",
    },
    [RECIPE_KEY_UNIT_IMAGE_NVS_KEYS] = {
        .path = "unit.images.nvs_keys", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_TEXT,
        .min = 1, .max = UNIT_NAME_MAX, UNIT_IMAGE_FIELD(nvs_keys), UNIT_IMAGE_AT(nvs_keys_at),
        .sentence = "The image is a partition nvs_keys that holds this value, hex of 64 bytes.",
    },
    [RECIPE_KEY_UNIT_IMAGE_TEMPLATE] = {
        .path = "unit.images.template", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_OWN,
        .store = store_unit_template, .more = "the path of a file", .min = 1, .max = 1024,
        UNIT_IMAGE_FIELD(template_file), UNIT_IMAGE_AT(template_at),
        .sentence = "The image is this file, text or binary, with the unit's values for {{NAME}}.",
    },
    [RECIPE_KEY_UNIT_IMAGE_INSIST] = {
        .path = "unit.images.insist", .parent = RECIPE_KEY_UNIT_IMAGES, .kind = KEY_WORD,
        .words = LIST("false", "true"), UNIT_IMAGE_FIELD(insist), UNIT_IMAGE_AT(insist_at),
        .sentence = "Write it also into the first NVS partition of the table, which applications "
                    "erase when it does not start.",
    },

#undef UNIT_FIELD
#undef UNIT_COUNT
#undef VALUE_FIELD
#undef VALUE_AT
#undef POOL_FIELD
#undef POOL_AT
#undef UNIT_IMAGE_FIELD
#undef UNIT_IMAGE_AT
#undef ENTRY_FIELD
#undef ENTRY_AT
