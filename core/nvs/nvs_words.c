/* The words of NVS: types, states of pages, faults. */
#include "core/nvs/nvs.h"

const char *nvs_type_word(unsigned type)
{
    static const struct {
        unsigned type;
        const char *word;
    } words[] = {
        { NVS_U8, "u8" },           { NVS_U16, "u16" },       { NVS_U32, "u32" },
        { NVS_U64, "u64" },         { NVS_I8, "i8" },         { NVS_I16, "i16" },
        { NVS_I32, "i32" },         { NVS_I64, "i64" },       { NVS_STRING, "string" },
        { NVS_FLOAT, "float" },     { NVS_DOUBLE, "double" }, { NVS_BLOB_V1, "blob" },
        { NVS_BLOB_DATA, "chunk" }, { NVS_BLOB, "blob" },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].type == type)
            return words[i].word;
    }
    return NULL;
}

/* The low half of a number's code is its size. */
size_t nvs_number_bytes(unsigned type)
{
    switch (type) {
    case NVS_U8:
    case NVS_U16:
    case NVS_U32:
    case NVS_U64:
    case NVS_I8:
    case NVS_I16:
    case NVS_I32:
    case NVS_I64:
    case NVS_FLOAT:
    case NVS_DOUBLE:
        return type & 0xF;
    default:
        return 0;
    }
}

const char *nvs_page_word(enum nvs_page_state state)
{
    static const char *const words[] = { "empty", "active", "full", "freeing", "corrupt" };
    return words[state];
}

const char *nvs_fault_word(enum nvs_fault fault)
{
    static const char *const words[NVS_FAULT_COUNT] = {
        [NVS_NO_FREE_PAGE] = "no-free-page",
        [NVS_NEW_VERSION] = "new-version",
        [NVS_PAGE_CRC] = "page-crc",
        [NVS_PAGE_STATE] = "page-state",
        [NVS_PAGE_MOVING] = "page-freeing",
        [NVS_PAGE_SEQUENCE] = "page-sequence",
        [NVS_PAGE_STRAY] = "stray-bytes",
        [NVS_BITMAP] = "bitmap",
        [NVS_ENTRY_CRC] = "entry-crc",
        [NVS_ENTRY_TYPE] = "entry-type",
        [NVS_ENTRY_SPAN] = "entry-span",
        [NVS_ENTRY_KEY] = "entry-key",
        [NVS_VALUE_CRC] = "value-crc",
        [NVS_VALUE_NUL] = "value-without-nul",
        [NVS_DOUBLE_KEY] = "double-key",
        [NVS_DOUBLE_SPACE] = "double-namespace",
        [NVS_NO_SPACE] = "no-namespace",
        [NVS_BLOB_PARTS] = "blob-parts",
        [NVS_BLOB_STRAY] = "blob-without-index",
    };
    return words[fault];
}
