/* What an image of NVS holds, and what the firmware would stumble over. */
#include "core/base/digest.h"
#include "station/base/infile.h"
#include "station/base/json.h"
#include "station/nvs/nvs_tool.h"

#include <inttypes.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_BYTES 32u /* of a blob, in a line */

/* An image, read. */
struct shown {
    const struct nvs_options *o;
    uint8_t *bytes;
    size_t n;
    struct nvs_image image;
    bool decrypted, hidden; /* values are not told */
    char *hex;              /* room for the largest blob as digits, in JSON */
};

static void close_image(struct shown *s)
{
    if (s->decrypted && s->image.blobs)
        OPENSSL_cleanse(s->image.blobs, s->n);
    if (s->decrypted && s->bytes)
        OPENSSL_cleanse(s->bytes, s->n);
    if (s->decrypted && s->hex)
        OPENSSL_cleanse(s->hex, 2 * s->n + 1);
    nvs_image_done(&s->image);
    free(s->hex);
    free(s->bytes);
}

static bool open_image(struct shown *s, struct err *e)
{
    struct nvs_keys keys;
    bool ok = infile_read(s->o->file, NVS_IMAGE_BYTES, &s->bytes, &s->n, e) &&
              nvs_keyfile_read(s->o, &keys, &s->decrypted, e);
    if (ok && s->decrypted)
        ok = nvs_decrypt(s->bytes, s->n, &keys, e);
    nvs_keys_wipe(&keys);
    s->hidden = s->decrypted && !s->o->show_secrets;
    if (!ok)
        return false;
    if (!nvs_read(s->bytes, s->n, s->o->read_only, &s->image, e))
        return err_wrap(e, "%.120s", s->o->file);
    s->hex = s->o->json ? malloc(2 * s->n + 1) : NULL;
    return !s->o->json || s->hex || err_set(e, ERR_STATION, "Out of memory to show an image");
}

/* ---- Values as text ---- */

static int64_t as_signed(const struct nvs_value *v)
{
    switch (v->type) {
    case NVS_I8:
        return (int8_t)v->bits;
    case NVS_I16:
        return (int16_t)v->bits;
    case NVS_I32:
        return (int32_t)v->bits;
    default:
        return (int64_t)v->bits;
    }
}

static double as_real(const struct nvs_value *v)
{
    float single;
    double real;
    const uint32_t low = (uint32_t)v->bits;
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &v->bits, sizeof real);
    return v->type == NVS_FLOAT ? (double)single : real;
}

/* Digits; "null" where a real number is none. */
static void number_text(const struct nvs_value *v, char *text, size_t cap)
{
    if (v->type == NVS_FLOAT || v->type == NVS_DOUBLE)
        snprintf(text, cap, isfinite(as_real(v)) ? "%.17g" : "null", as_real(v));
    else if (v->type & 0x10)
        snprintf(text, cap, "%" PRId64, as_signed(v));
    else
        snprintf(text, cap, "%" PRIu64, v->bits);
}

/* `text` holds two characters a byte, and a NUL. Gives `text`. */
static const char *hex_text(const uint8_t *bytes, size_t n, char *text)
{
    digest_hex(bytes, n, text);
    return text;
}

static void print_value(const struct shown *s, const struct nvs_value *v)
{
    char text[2 * SHOWN_BYTES + 1];
    const char *const word = nvs_type_word(v->type);
    if (s->hidden) {
        cmd_tell("  %-15s  %-7s (hidden)", v->key, word);
    } else if (nvs_number_bytes(v->type) > 0) {
        number_text(v, text, sizeof text);
        cmd_tell("  %-15s  %-7s %s", v->key, word, text);
    } else if (v->type == NVS_STRING) {
        cmd_tell("  %-15s  %-7s %.*s", v->key, word, (int)v->size_bytes, (const char *)v->bytes);
    } else {
        const size_t n = v->size_bytes < SHOWN_BYTES ? v->size_bytes : SHOWN_BYTES;
        hex_text(v->bytes, n, text);
        cmd_tell("  %-15s  %-7s %zu bytes %s%s", v->key, word, v->size_bytes, text,
                 n < v->size_bytes ? "..." : "");
    }
}

/* ---- On the screen ---- */

static size_t count_spaces(const struct nvs_image *image)
{
    size_t n = 0;
    for (size_t i = 0; i < 256; i++)
        n += image->spaces[i][0] != '\0';
    return n;
}

static void place_text(const struct nvs_problem *p, char *text, size_t cap)
{
    if (p->fault == NVS_NO_FREE_PAGE)
        snprintf(text, cap, "partition");
    else if (p->entry < 0)
        snprintf(text, cap, "page %zu (0x%zx)", p->page, p->page * NVS_PAGE_BYTES);
    else
        snprintf(text, cap, "page %zu (0x%zx), entry %d", p->page, p->page * NVS_PAGE_BYTES,
                 p->entry);
}

static void print_problems(const struct shown *s)
{
    char place[64];
    const struct nvs_image *image = &s->image;
    for (size_t i = 0; i < image->problem_count; i++) {
        place_text(&image->problems[i], place, sizeof place);
        cmd_tell("%s: %s: %s.", s->o->file, place, image->problems[i].what);
    }
    if (image->problem_total > image->problem_count)
        cmd_tell("%s: and %zu more", s->o->file, image->problem_total - image->problem_count);
    if (image->unreadable)
        cmd_tell(s->decrypted ? "No entry can be read: these are not the keys of this image, or it "
                                "is not encrypted."
                              : "No entry can be read: the image may be encrypted. Give its keys "
                                "with --keys or --hmac-key.");
}

static void print_pages(const struct nvs_image *image)
{
    for (size_t i = 0; i < image->page_count; i++) {
        const struct nvs_page *page = &image->pages[i];
        if (page->version == 0)
            cmd_tell("  page 0x%05zx  %s", i * NVS_PAGE_BYTES, nvs_page_word(page->state));
        else
            cmd_tell("  page 0x%05zx  %-7s number %u, version %u: %u written, %u erased, %u unused",
                     i * NVS_PAGE_BYTES, nvs_page_word(page->state), (unsigned)page->sequence,
                     page->version, page->written, page->erased, page->unused);
    }
}

static void print_values(const struct shown *s)
{
    const struct nvs_image *image = &s->image;
    for (size_t space = 0; space < 256; space++) {
        if (!image->spaces[space][0])
            continue;
        cmd_tell("%s", image->spaces[space]);
        for (size_t i = 0; i < image->value_count; i++) {
            if (image->values[i].space == image->spaces[space])
                print_value(s, &image->values[i]);
        }
    }
    if (s->hidden && image->value_count > 0)
        cmd_tell("The values of an encrypted image are hidden; to see them: --show-secrets");
}

static void print_image(const struct shown *s)
{
    const struct nvs_image *image = &s->image;
    cmd_tell("%s: %zu KiB, %zu namespace%s, %zu key%s, room for %zu more entries", s->o->file,
             s->n >> 10, count_spaces(image), count_spaces(image) == 1 ? "" : "s",
             image->value_count, image->value_count == 1 ? "" : "s", image->free_entries);
    print_pages(image);
    print_values(s);
    print_problems(s);
}

/* ---- JSON ---- */

static void json_value(const struct shown *s, const struct nvs_value *v)
{
    struct json_object o;
    char digits[40];
    json_begin(&o, stdout);
    json_text(&o, "namespace", v->space);
    json_text(&o, "key", v->key);
    json_text(&o, "type", nvs_type_word(v->type));
    json_integer(&o, "page", (int64_t)v->page);
    json_integer(&o, "entry", v->entry);
    if (nvs_number_bytes(v->type) == 0)
        json_integer(&o, "bytes", (int64_t)v->size_bytes);
    number_text(v, digits, sizeof digits);
    if (!s->hidden && nvs_number_bytes(v->type) > 0)
        json_number(&o, "value", digits);
    else if (!s->hidden && v->type == NVS_STRING)
        json_text_part(&o, "value", v->bytes, v->size_bytes, JSON_ALL);
    else if (!s->hidden)
        json_text(&o, "hex", hex_text(v->bytes, v->size_bytes, s->hex));
    json_end(&o);
}

static void json_page(const struct nvs_page *page, size_t i)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_integer(&o, "page", (int64_t)i);
    json_text(&o, "state", nvs_page_word(page->state));
    if (page->version > 0) {
        json_integer(&o, "number", page->sequence);
        json_integer(&o, "version", page->version);
        json_integer(&o, "written", page->written);
        json_integer(&o, "erased", page->erased);
        json_integer(&o, "unused", page->unused);
    }
    json_end(&o);
}

static void json_problem(const struct nvs_problem *p)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "problem", nvs_fault_word(p->fault));
    if (p->fault != NVS_NO_FREE_PAGE)
        json_integer(&o, "page", (int64_t)p->page);
    if (p->entry >= 0)
        json_integer(&o, "entry", p->entry);
    json_text(&o, "what", p->what);
    json_end(&o);
}

static void json_problems(const struct nvs_image *image)
{
    for (size_t i = 0; i < image->problem_count; i++)
        json_problem(&image->problems[i]);
}

static void json_head(const struct shown *s)
{
    struct json_object o;
    json_begin(&o, stdout);
    json_text(&o, "file", s->o->file);
    json_integer(&o, "bytes", (int64_t)s->n);
    json_integer(&o, "namespaces", (int64_t)count_spaces(&s->image));
    json_integer(&o, "keys", (int64_t)s->image.value_count);
    json_integer(&o, "free_entries", (int64_t)s->image.free_entries);
    json_integer(&o, "problems", (int64_t)s->image.problem_total);
    json_bool(&o, "decrypted", s->decrypted);
    json_end(&o);
}

static void json_image(const struct shown *s)
{
    const struct nvs_image *image = &s->image;
    json_head(s);
    for (size_t i = 0; i < image->page_count; i++)
        json_page(&image->pages[i], i);
    for (size_t i = 0; i < image->value_count; i++)
        json_value(s, &image->values[i]);
    json_problems(image);
}

/* ---- The two commands ---- */

enum exit_status nvs_show(const struct nvs_options *o, struct err *e)
{
    struct shown s = { .o = o };
    bool ok = open_image(&s, e);
    if (ok && o->json)
        json_image(&s);
    else if (ok)
        print_image(&s);
    close_image(&s);
    return ok ? EXIT_PASSED : cmd_status_of(e);
}

static void print_verdict(const struct shown *s)
{
    const size_t n = s->image.problem_total;
    if (n > 0)
        cmd_tell("%s: %zu problem%s", s->o->file, n, n == 1 ? "" : "s");
    else
        cmd_tell("%s: sound: %zu namespaces, %zu keys, room for %zu more entries", s->o->file,
                 count_spaces(&s->image), s->image.value_count, s->image.free_entries);
}

enum exit_status nvs_check(const struct nvs_options *o, struct err *e)
{
    struct shown s = { .o = o };
    enum exit_status status = EXIT_PASSED;
    if (!open_image(&s, e)) {
        status = cmd_status_of(e);
    } else if (s.image.problem_total > 0) {
        status = EXIT_BOARD;
    }
    if (e->code == ERR_NONE && o->json) {
        json_head(&s);
        json_problems(&s.image);
    } else if (e->code == ERR_NONE) {
        print_problems(&s);
        print_verdict(&s);
    }
    close_image(&s);
    return status;
}
