/* NVS for want of memory at every allocation: a sentence that says so, and nothing leaked. */
#include "tests/unit/alloc_help.h"
#include "tests/unit/nvs_help.h"

static uint8_t *bytes;
static size_t size;

/* ---- An image ---- */

static bool call_read(void *ctx, struct err *e)
{
    return nvs_read(bytes, size, false, ctx, e);
}

static void after_read(void *ctx, bool ok)
{
    struct nvs_image *image = ctx;
    if (ok)
        assert_int_equal(image->value_count, 78);
    nvs_image_done(image);
}

static void nvs_read_without_memory(void **state)
{
    static struct nvs_image image;
    const struct alloc_case c = { NULL, call_read, after_read, &image, false };
    (void)state;
    bytes = nvs_load("6-pages-v2.bin", &size);
    alloc_try_all(&c);
    free(bytes);
}

static bool call_crypt(void *ctx, struct err *e)
{
    return nvs_encrypt(bytes, size, ctx, e);
}

static void after_crypt(void *ctx, bool ok)
{
    (void)ctx;
    (void)ok;
}

/* OpenSSL sets itself up at its first use, and does not try again when that has failed. */
static void nvs_encrypt_without_memory(void **state)
{
    struct nvs_keys keys = { { 1, 2, 3 } };
    const struct alloc_case c = { NULL, call_crypt, after_crypt, &keys, false };
    struct err e = { 0 };
    (void)state;
    bytes = nvs_load("1-basic.bin", &size);
    assert_ok(nvs_encrypt(bytes, size, &keys, &e), &e);
    alloc_try_all(&c);
    free(bytes);
}

/* ---- Tables ---- */

struct reading {
    struct nvs_report report;
    struct nvs_table table;
    struct nvs_units *units;
};

static bool call_table(void *ctx, struct err *e)
{
    static const char csv[] = "key,type,encoding,value\na,namespace,,\nx,data,u8,1\n"
                              "s,data,string,text\nb,data,base64,AAEC\nf,file,binary,blob500\n"
                              "p,data,blob_fill(9;0x00),ab\n";
    const struct nvs_text text = nvs_text_of("t.csv", csv);
    struct reading *r = ctx;
    return nvs_table_read(&text, &nvs_fake_files, 2, &r->table, &r->report, e);
}

static void after_table(void *ctx, bool ok)
{
    struct reading *r = ctx;
    assert_int_equal(r->report.total, 0); /* no want of memory is a mistake of the table */
    assert_int_equal(r->table.count, ok ? 6 : 0);
    nvs_table_done(&r->table);
}

static void table_without_memory(void **state)
{
    static struct reading r;
    const struct alloc_case c = { NULL, call_table, after_table, &r, false };
    (void)state;
    alloc_try_all(&c);
}

static bool call_units(void *ctx, struct err *e)
{
    static const char *const unique[] = { "serial" };
    const struct nvs_text config =
        nvs_text_of("c.csv", "a,namespace,\nserial,data,string\nf,file,binary,REPEAT\n");
    const struct nvs_text values = nvs_text_of("v.csv", "id,serial,f\n1,EX1,blob9\n2,EX2,\n");
    struct reading *r = ctx;
    r->units = nvs_units_open(&config, &values, "id", unique, 1, &nvs_fake_files, 2, &r->report, e);
    return r->units && nvs_units_table(r->units, 1, &r->table, &r->report, e);
}

static void after_units(void *ctx, bool ok)
{
    struct reading *r = ctx;
    assert_int_equal(r->report.total, 0);
    if (ok)
        nvs_table_done(&r->table);
    nvs_units_free(r->units);
}

static void units_without_memory(void **state)
{
    static struct reading r;
    const struct alloc_case c = { NULL, call_units, after_units, &r, false };
    (void)state;
    alloc_try_all(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvs_read_without_memory),
        cmocka_unit_test(nvs_encrypt_without_memory),
        cmocka_unit_test(table_without_memory),
        cmocka_unit_test(units_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
