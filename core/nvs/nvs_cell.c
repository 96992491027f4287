/* One value of a table: the encodings of nvs_partition_gen. */
#include "core/base/bytes.h"
#include "core/base/err.h"
#include "core/base/plain.h"
#include "core/nvs/nvs_table_priv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL_BYTES_MAX 508000u /* the largest blob */

/* ---- Encodings ---- */

enum kind { KIND_NUMBER, KIND_STRING, KIND_HEX, KIND_BASE64, KIND_BINARY, KIND_FILL, KIND_SZ_FILL };

static const struct encoding {
    const char *word;
    enum kind kind;
    enum nvs_type type;
    bool is_signed;
    unsigned bits;
} encodings[] = {
    { "u8", KIND_NUMBER, NVS_U8, false, 8 },     { "i8", KIND_NUMBER, NVS_I8, true, 8 },
    { "u16", KIND_NUMBER, NVS_U16, false, 16 },  { "i16", KIND_NUMBER, NVS_I16, true, 16 },
    { "u32", KIND_NUMBER, NVS_U32, false, 32 },  { "i32", KIND_NUMBER, NVS_I32, true, 32 },
    { "u64", KIND_NUMBER, NVS_U64, false, 64 },  { "i64", KIND_NUMBER, NVS_I64, true, 64 },
    { "string", KIND_STRING, NVS_STRING, 0, 0 }, { "hex2bin", KIND_HEX, NVS_BLOB, 0, 0 },
    { "base64", KIND_BASE64, NVS_BLOB, 0, 0 },   { "binary", KIND_BINARY, NVS_BLOB, 0, 0 },
    { "blob_fill", KIND_FILL, NVS_BLOB, 0, 0 },  { "blob_sz_fill", KIND_SZ_FILL, NVS_BLOB, 0, 0 },
};

/* The word up to a bracket. */
static const struct encoding *find_encoding(const char *text)
{
    size_t n = strcspn(text, "(");
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        const struct encoding *enc = &encodings[i];
        bool filled = enc->kind == KIND_FILL || enc->kind == KIND_SZ_FILL;
        if (strlen(enc->word) == n && strncmp(enc->word, text, n) == 0 &&
            (text[n] == '(') == filled)
            return enc;
    }
    return NULL;
}

/* blob_fill(N;0xPP): padded to N bytes with the byte PP. */
static bool parse_fill(const char *text, size_t *bytes, uint8_t *pad)
{
    const char *p = strchr(text, '(');
    char *end;
    if (!p || p[1] < '0' || p[1] > '9')
        return false;
    errno = 0;
    unsigned long n = strtoul(p + 1, &end, 10);
    if (errno != 0 || n > FILL_BYTES_MAX || strncmp(end, ";0x", 3) != 0)
        return false;
    const char *digits = end + 3;
    if (strspn(digits, "0123456789abcdefABCDEF") != 2 || strcmp(digits + 2, ")") != 0)
        return false;
    *bytes = n;
    *pad = (uint8_t)strtoul(digits, NULL, 16);
    return true;
}

bool nvs_check_encoding(struct nvs_judge *j, const struct csv_field *field, bool file)
{
    char shown[NVS_SHOWN_CAP];
    size_t bytes;
    uint8_t pad;
    const struct encoding *enc = find_encoding(field->text);
    if (!enc)
        return nvs_mistake(j, field,
                           "'%s' is no encoding; there are u8 i8 u16 i16 u32 i32 u64 i64 string "
                           "hex2bin base64 binary",
                           nvs_shown(field, shown));
    bool fill = enc->kind == KIND_FILL || enc->kind == KIND_SZ_FILL;
    if (fill && !parse_fill(field->text, &bytes, &pad))
        return nvs_mistake(j, field, "'%s' is not of the form %s(BYTES;0xNN), up to %u bytes",
                           nvs_shown(field, shown), enc->word, FILL_BYTES_MAX);
    if (file && (fill || enc->kind == KIND_NUMBER))
        return nvs_mistake(j, field,
                           "a file has the encoding string, hex2bin, base64 or binary, not '%s'",
                           nvs_shown(field, shown));
    return file || enc->kind != KIND_BINARY ||
           nvs_mistake(j, field, "binary is for rows of type file; here write hex2bin or base64");
}

/* ---- Numbers ---- */

static bool is_decimal(const char *text)
{
    text += *text == '-';
    return *text && strspn(text, "0123456789") == strlen(text);
}

static bool refuse_number(struct nvs_judge *j, const struct csv_field *value)
{
    char shown[NVS_SHOWN_CAP];
    nvs_shown(value, shown);
    if (value->n > 1 && value->text[0] == '0' && strchr("xXoObB", value->text[1]))
        return nvs_mistake(j, value, "'%s' must be written as a decimal number", shown);
    return nvs_mistake(j, value, "'%s' is no decimal number: digits, and a minus sign in front",
                       shown);
}

static bool take_number(struct nvs_judge *j, const struct encoding *enc,
                        const struct csv_field *value, struct nvs_row *row)
{
    char shown[NVS_SHOWN_CAP];
    bool negative = value->text[0] == '-';
    uint64_t max =
        enc->is_signed ? (UINT64_C(1) << (enc->bits - 1)) - 1 : UINT64_MAX >> (64 - enc->bits);
    uint64_t least = enc->is_signed ? max + 1 : 0; /* how far below zero */
    if (!is_decimal(value->text))
        return refuse_number(j, value);
    errno = 0;
    uint64_t size = strtoull(value->text + negative, NULL, 10);
    if (errno != 0 || size > (negative ? least : max))
        return nvs_mistake(j, value, "%s is out of range: %s goes from %s%llu to %llu",
                           nvs_shown(value, shown), enc->word, enc->is_signed ? "-" : "",
                           (unsigned long long)least, (unsigned long long)max);
    row->bits = negative ? 0 - size : size;
    return true;
}

/* ---- Texts ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* In place: hexadecimal digits and base64 may be broken into lines in a file. */
static size_t without_blanks(uint8_t *bytes, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_blank(bytes[i]))
            bytes[kept++] = bytes[i];
    }
    return kept;
}

/* What is left over behind a value that got shorter may be a secret. */
static void shrink(struct nvs_row *row, size_t n)
{
    OPENSSL_cleanse(row->bytes + n, row->n - n);
    row->n = n;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, for the bytes are fewer. */
static bool take_hex(struct nvs_judge *j, const struct csv_field *at, struct nvs_row *row)
{
    size_t n = without_blanks(row->bytes, row->n);
    if (n % 2 != 0)
        return nvs_mistake(j, at, "the hexadecimal digits are %zu, an odd number", n);
    for (size_t i = 0; i < n / 2; i++) {
        int high = hex_digit(row->bytes[2 * i]), low = hex_digit(row->bytes[2 * i + 1]);
        if (high < 0 || low < 0)
            return nvs_mistake(j, at, "character %zu of the value is no hexadecimal digit",
                               2 * i + (high < 0 ? 1 : 2));
        row->bytes[i] = (uint8_t)(high << 4 | low);
    }
    shrink(row, n / 2);
    return true;
}

/* What is base64 comes out the same when it is encoded again. */
static bool decode_base64(const uint8_t *text, size_t n, uint8_t *out, size_t *out_n)
{
    int pads = (n > 0 && text[n - 1] == '=') + (n > 1 && text[n - 2] == '=');
    char group[5];
    uint8_t bytes[3];
    *out_n = 0;
    if (n == 0 || n % 4 != 0)
        return false;
    for (size_t at = 0; at < n; at += 4) {
        int pad = at + 4 == n ? pads : 0;
        if (EVP_DecodeBlock(bytes, text + at, 4) != 3 ||
            EVP_EncodeBlock((unsigned char *)group, bytes, 3 - pad) != 4 ||
            memcmp(group, text + at, 4) != 0)
            return false;
        memcpy(out + *out_n, bytes, (size_t)(3 - pad));
        *out_n += (size_t)(3 - pad);
    }
    return true;
}

static bool take_base64(struct nvs_judge *j, const struct csv_field *at, struct nvs_row *row)
{
    size_t n = without_blanks(row->bytes, row->n), bytes;
    if (!decode_base64(row->bytes, n, row->bytes, &bytes))
        return nvs_mistake(
            j, at,
            "the value is no base64: groups of four of A-Z a-z 0-9 + /, the last filled up with =");
    shrink(row, bytes);
    return true;
}

static bool check_string(struct nvs_judge *j, const struct csv_field *at, const struct nvs_row *row)
{
    for (size_t i = 0; i < row->n;) {
        uint32_t code = 0;
        size_t size = plain_decode((const char *)row->bytes + i, row->n - i, &code);
        if (size == 0 || code == 0)
            return nvs_mistake(j, at, "byte %zu of the string is %s", i + 1,
                               size == 0 ? "no UTF-8" : "00, where it would end");
        i += size;
    }
    return true;
}

/* sz_fill puts the length of the value in front, as u32. */
static bool take_filled(struct nvs_judge *j, const struct csv_field *encoding, bool with_size,
                        const struct csv_field *value, struct nvs_row *row)
{
    size_t bytes, head = with_size ? 4 : 0;
    uint8_t pad;
    if (!parse_fill(encoding->text, &bytes, &pad))
        return false;
    if (value->n > bytes)
        return nvs_mistake(j, value, "the value has %zu bytes, and the encoding leaves %zu",
                           value->n, bytes);
    row->bytes = malloc(head + bytes + 1);
    if (!row->bytes) {
        j->no_memory = true;
        return false;
    }
    row->n = head + bytes;
    memset(row->bytes, pad, row->n);
    if (with_size)
        store_u32(row->bytes, (uint32_t)value->n);
    memcpy(row->bytes + head, value->text, value->n);
    return true;
}

/* ---- The value ---- */

static bool copy_text(struct nvs_judge *j, const struct csv_field *value, struct nvs_row *row)
{
    row->bytes = malloc(value->n + 1);
    if (!row->bytes) {
        j->no_memory = true;
        return false;
    }
    memcpy(row->bytes, value->text, value->n);
    row->n = value->n;
    return true;
}

static bool copy_file(struct nvs_judge *j, const struct csv_field *value, struct nvs_row *row)
{
    struct err why = { 0 };
    if (!j->files)
        return nvs_mistake(j, value, "files are not read here");
    bool ok = j->files->read(j->files->ctx, value->text, &row->bytes, &row->n, &why);
    if (!ok && why.code == ERR_STATION) {
        j->no_memory = true;
        return false;
    }
    if (!ok)
        return nvs_mistake(j, value, "%s", why.what);
    return row->n > 0 || nvs_mistake(j, value, "the file is empty");
}

static bool check_blanks(struct nvs_judge *j, const struct csv_field *value)
{
    const uint8_t *text = (const uint8_t *)value->text;
    if (value->quoted || value->n == 0 || (!is_blank(text[0]) && !is_blank(text[value->n - 1])))
        return true;
    return nvs_mistake(j, value,
                       "blanks around the value would become part of it; take them away, or write "
                       "the value between quotation marks");
}

static bool check_size(struct nvs_judge *j, const struct csv_field *at, const struct nvs_row *row)
{
    bool string = row->type == NVS_STRING;
    size_t most = j->version == 1 ? NVS_V1_BYTES : string ? NVS_STRING_BYTES : FILL_BYTES_MAX;
    most -= string ? 1 : 0;
    return row->n <= most || nvs_mistake(j, at, "the value has %zu bytes, and %zu are the most%s",
                                         row->n, most, j->version == 1 ? " in version 1" : "");
}

static bool take_bytes(struct nvs_judge *j, enum kind kind, bool file,
                       const struct csv_field *value, struct nvs_row *row)
{
    if (file ? !copy_file(j, value, row) : !copy_text(j, value, row))
        return false;
    if (kind == KIND_STRING)
        return check_string(j, value, row);
    if (kind == KIND_HEX)
        return take_hex(j, value, row);
    return kind == KIND_BINARY || take_base64(j, value, row);
}

bool nvs_take_value(struct nvs_judge *j, const struct csv_field *encoding, bool file,
                    const struct csv_field *value, struct nvs_row *row)
{
    if (!nvs_check_encoding(j, encoding, file))
        return false;
    const struct encoding *enc = find_encoding(encoding->text);
    row->type = enc->type;
    bool fill = enc->kind == KIND_FILL || enc->kind == KIND_SZ_FILL;
    if (value->n == 0 && !fill)
        return nvs_mistake(j, value,
                           file ? "the name of the file is missing" : "the value is missing");
    if (!check_blanks(j, value))
        return false;
    if (enc->kind == KIND_NUMBER)
        return take_number(j, enc, value, row);
    if (fill ? !take_filled(j, encoding, enc->kind == KIND_SZ_FILL, value, row)
             : !take_bytes(j, enc->kind, file, value, row))
        return false;
    return check_size(j, value, row);
}

bool nvs_table_value(const char *encoding, bool file, const char *text,
                     const struct nvs_files *files, unsigned version, struct nvs_row *row,
                     struct err *e)
{
    const struct csv_field word = { .text = encoding, .n = strlen(encoding) };
    const struct csv_field value = { .text = text, .n = strlen(text), .quoted = true };
    struct nvs_report report = { .total = 0 };
    struct nvs_judge j = { .file = "", .files = files, .version = version, .report = &report };
    memset(row, 0, sizeof *row);
    if (nvs_take_value(&j, &word, file, &value, row))
        return true;
    if (j.no_memory)
        return err_set(e, ERR_STATION, "Out of memory for a value");
    return err_set(e, ERR_USAGE, "%s", report.mistakes[0].sentence);
}
