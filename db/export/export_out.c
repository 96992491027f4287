/* The bytes of an export: cleaned and escaped. */
#include "core/base/plain.h"
#include "db/export/export_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void out_bytes(struct out *out, const char *bytes, size_t n)
{
    collector_bytes(&out->to, bytes, n);
}

void out_text(struct out *out, const char *text)
{
    collector_text(&out->to, text);
}

void out_number(struct out *out, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    out_text(out, digits);
}

/* 9.500; `digits` has room for any. */
static const char *seconds(int64_t ms, char digits[static 32])
{
    const uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    snprintf(digits, 32, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "", size / 1000,
             (unsigned)(size % 1000));
    return digits;
}

void out_seconds(struct out *out, int64_t ms)
{
    char digits[32];
    out_text(out, seconds(ms, digits));
}

/* ---- Text: UTF-8, character by character ---- */

static void out_replacement(struct out *out)
{
    out_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
}

void out_utf8(struct out *out, const void *text, size_t n, size_t units, out_special *special)
{
    const unsigned char *p = text;
    while (n > 0) {
        uint32_t code = 0;
        const size_t length = plain_decode((const char *)p, n, &code);
        const size_t width = length == 4 ? 2 : 1;
        if (width > units)
            break;
        if (length == 0)
            out_replacement(out);
        else if (!special(out, p, length))
            out_bytes(out, (const char *)p, length);
        p += length == 0 ? 1 : length;
        n -= length == 0 ? 1 : length;
        units -= width;
    }
}

/* U+0080 to U+009F, which some terminals obey. */
static bool is_c1(const unsigned char *p, size_t length)
{
    return length == 2 && p[0] == 0xC2 && p[1] < 0xA0;
}

bool out_control_picture(struct out *out, const unsigned char *p, size_t length)
{
    if (is_c1(p, length)) {
        out_replacement(out);
        return true;
    }
    if (length > 1 || (p[0] >= 0x20 && p[0] != 0x7F))
        return false;
    const char picture[3] = { '\xE2', '\x90', (char)(p[0] == 0x7F ? 0xA1 : 0x80 + p[0]) };
    out_bytes(out, picture, sizeof picture);
    return true;
}

/* ---- XML ---- */

/* As numbers, because a reader turns CR into LF, and in attributes both and TAB into spaces. */
static const char *xml_escape(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

static bool special_in_xml(struct out *out, const unsigned char *p, size_t length)
{
    const char *escaped = length == 1 ? xml_escape(p[0]) : NULL;
    if (escaped) {
        out_text(out, escaped);
        return true;
    }
    if (is_c1(p, length)) {
        out_text(out, "&#");
        out_number(out, p[1]);
        out_text(out, ";");
        return true;
    }
    /* U+FFFE and U+FFFF are no characters to XML. */
    if (length == 3 && p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE) {
        out_replacement(out);
        return true;
    }
    return out_control_picture(out, p, length);
}

void out_xml(struct out *out, const char *text)
{
    if (text)
        out_utf8(out, text, strlen(text), OUT_ALL, special_in_xml);
}

void out_xml_column(struct out *out, sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);
    out_utf8(out, text, (size_t)sqlite3_column_bytes(s, column), OUT_ALL, special_in_xml);
}

/* ---- JSON ---- */

static void put_json(void *ctx, const char *bytes, size_t n)
{
    out_bytes(ctx, bytes, n);
}

static struct json_object *json_of(struct out *out)
{
    out->json.put = put_json;
    out->json.ctx = out;
    return &out->json;
}

void out_json_open(struct out *out, const char *name, char bracket)
{
    json_open(json_of(out), name, bracket);
}

void out_json_close(struct out *out, char bracket)
{
    json_close(json_of(out), bracket);
}

void out_json_null(struct out *out, const char *name)
{
    json_null(json_of(out), name);
}

void out_json_bool(struct out *out, const char *name, bool value)
{
    json_bool(json_of(out), name, value);
}

void out_json_number(struct out *out, const char *name, int64_t number)
{
    json_integer(json_of(out), name, number);
}

void out_json_seconds(struct out *out, const char *name, int64_t ms)
{
    char digits[32];
    json_number(json_of(out), name, seconds(ms, digits));
}

void out_json_text(struct out *out, const char *name, const char *text)
{
    json_text(json_of(out), name, text);
}

void out_json_cut(struct out *out, const char *name, const char *text, size_t units)
{
    if (!text)
        json_null(json_of(out), name);
    else
        json_text_part(json_of(out), name, text, strlen(text), units);
}

void out_json_column(struct out *out, const char *name, sqlite3_stmt *s, int column)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        out_json_null(out, name);
        break;
    case SQLITE_INTEGER:
        out_json_number(out, name, sqlite3_column_int64(s, column));
        break;
    default: {
        const unsigned char *text = sqlite3_column_text(s, column);
        json_text_part(json_of(out), name, text, (size_t)sqlite3_column_bytes(s, column), JSON_ALL);
    }
    }
}

void out_json_columns(struct out *out, sqlite3_stmt *s, const struct column *columns, int count)
{
    for (int i = 0; i < count; i++) {
        if (!columns[i].csv_only)
            out_json_column(out, columns[i].name, s, i);
    }
}
