/* The bytes of an export: collected, cleaned and escaped. */
#include "core/base/plain.h"
#include "db/export/export_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void out_flush(struct out *out)
{
    if (out->used > 0 && !out->refused)
        out->refused = !out->sink->emit(out->sink->ctx, out->bytes, out->used);
    out->used = 0;
}

void out_bytes(struct out *out, const char *bytes, size_t n)
{
    while (n > 0) {
        if (out->used == sizeof out->bytes)
            out_flush(out);
        const size_t room = sizeof out->bytes - out->used;
        const size_t part = n < room ? n : room;
        memcpy(out->bytes + out->used, bytes, part);
        out->used += part;
        bytes += part;
        n -= part;
    }
}

void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

void out_number(struct out *out, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    out_text(out, digits);
}

void out_seconds(struct out *out, int64_t ms)
{
    char digits[32];
    const uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    snprintf(digits, sizeof digits, "%s%" PRIu64 ".%03u", ms < 0 ? "-" : "", size / 1000,
             (unsigned)(size % 1000));
    out_text(out, digits);
}

/* ---- Text: UTF-8, character by character ------------------------------------------------------*/

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

/* ---- XML --------------------------------------------------------------------------------------*/

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
    if (escaped != NULL) {
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
    if (text != NULL)
        out_utf8(out, text, strlen(text), OUT_ALL, special_in_xml);
}

void out_xml_column(struct out *out, sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);
    out_utf8(out, text, (size_t)sqlite3_column_bytes(s, column), OUT_ALL, special_in_xml);
}

/* ---- JSON -------------------------------------------------------------------------------------*/

static bool special_in_json(struct out *out, const unsigned char *p, size_t length)
{
    char escaped[8];
    const unsigned char c = is_c1(p, length) ? p[1] : p[0];
    const bool control = c < 0x20 || c == 0x7F || is_c1(p, length);
    if (!control && (length > 1 || (c != '"' && c != '\\')))
        return false;
    if (control)
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else
        snprintf(escaped, sizeof escaped, "\\%c", c);
    out_text(out, escaped);
    return true;
}

/* Names are ours, and need no escapes. */
static void begin_value(struct out *out, const char *name)
{
    if (out->comma)
        out_text(out, ",");
    out->comma = true;
    if (name == NULL)
        return;
    out_text(out, "\"");
    out_text(out, name);
    out_text(out, "\":");
}

void out_json_open(struct out *out, const char *name, char bracket)
{
    begin_value(out, name);
    out_bytes(out, &bracket, 1);
    out->comma = false;
}

void out_json_close(struct out *out, char bracket)
{
    out_bytes(out, &bracket, 1);
    out->comma = true;
}

void out_json_null(struct out *out, const char *name)
{
    begin_value(out, name);
    out_text(out, "null");
}

void out_json_bool(struct out *out, const char *name, bool value)
{
    begin_value(out, name);
    out_text(out, value ? "true" : "false");
}

void out_json_number(struct out *out, const char *name, int64_t number)
{
    begin_value(out, name);
    out_number(out, number);
}

void out_json_seconds(struct out *out, const char *name, int64_t ms)
{
    begin_value(out, name);
    out_seconds(out, ms);
}

static void put_string(struct out *out, const void *text, size_t n, size_t units)
{
    out_text(out, "\"");
    out_utf8(out, text, n, units, special_in_json);
    out_text(out, "\"");
}

void out_json_text(struct out *out, const char *name, const char *text)
{
    out_json_cut(out, name, text, OUT_ALL);
}

void out_json_cut(struct out *out, const char *name, const char *text, size_t units)
{
    if (text == NULL) {
        out_json_null(out, name);
        return;
    }
    begin_value(out, name);
    put_string(out, text, strlen(text), units);
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
        begin_value(out, name);
        put_string(out, text, (size_t)sqlite3_column_bytes(s, column), OUT_ALL);
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
