/* What chips sign digitally with, and the partition that holds it: equal to what the vendor's tool
 * makes, opened by its key alone, and judged for whom it is. */
#include "core/images/secure_cert.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define SMALL 384u /* bytes of the largest number of an ESP32-C3 */

struct file {
    uint8_t bytes[SECURE_CERT_BYTES];
    size_t n;
};

static struct file device, ca, private_key, other_key, vector;
static uint8_t key[DS_KEY_BYTES];

static void load(const char *name, struct file *f)
{
    char path[80];
    snprintf(path, sizeof path, "tests/data/security/%s", name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    f->n = fread(f->bytes, 1, sizeof f->bytes, in);
    assert_true(f->n > 0);
    fclose(in);
}

static int load_all(void **state)
{
    (void)state;
    load("device.crt.pem", &device);
    load("ca.crt.pem", &ca);
    load("rsa3072-1.pem", &private_key);
    load("rsa3072-2.pem", &other_key);
    load("esp_secure_cert.bin", &vector);
    for (unsigned i = 0; i < DS_KEY_BYTES; i++)
        key[i] = (uint8_t)(0x80 + i);
    return 0;
}

static struct ds_params sealed(const struct file *pem, size_t number_bytes)
{
    struct ds_params p = { .bits = 0 };
    for (unsigned i = 0; i < DS_IV_BYTES; i++)
        p.iv[i] = (uint8_t)(0x40 + i);
    assert_null(ds_seal(pem->bytes, pem->n, key, number_bytes, &p));
    return p;
}

static void parameters_are_those_of_the_official_tool(void **state)
{
    static const struct {
        const char *name;
        size_t number_bytes;
    } chips[] = { { "ds-c-esp32c3.bin", SMALL }, { "ds-c-esp32s2.bin", DS_NUMBER_MAX_BYTES } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        static struct file wanted;
        load(chips[i].name, &wanted);
        const struct ds_params p = sealed(&private_key, chips[i].number_bytes);
        assert_int_equal(p.bits, 3072);
        assert_int_equal(p.cipher_bytes, wanted.n);
        assert_memory_equal(p.cipher, wanted.bytes, wanted.n);
    }
}

static struct secure_cert whole(void)
{
    return (struct secure_cert){ .device = device.bytes,
                                 .device_bytes = device.n,
                                 .ca = ca.bytes,
                                 .ca_bytes = ca.n,
                                 .block = 1,
                                 .has_ds = true,
                                 .ds = sealed(&private_key, SMALL) };
}

static void so_is_the_partition(void **state)
{
    static uint8_t made[SECURE_CERT_BYTES];
    const struct secure_cert c = whole();
    (void)state;
    assert_null(secure_cert_make(&c, made, sizeof made));
    assert_int_equal(vector.n, sizeof made);
    assert_memory_equal(made, vector.bytes, sizeof made);
}

static void the_key_opens_it_and_no_other(void **state)
{
    struct secure_cert c;
    uint8_t strange[DS_KEY_BYTES];
    (void)state;
    assert_true(secure_cert_is_one(vector.bytes, vector.n));
    assert_null(secure_cert_read(vector.bytes, vector.n, &c));
    assert_int_equal(c.block, 1);
    assert_null(secure_cert_judge(&c, key));
    for (unsigned bit = 0; bit < 8 * DS_KEY_BYTES; bit += 37) {
        memcpy(strange, key, sizeof key);
        strange[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_has(secure_cert_judge(&c, strange), "for another key");
    }
}

static void a_certificate_of_another_key_is_told(void **state)
{
    static uint8_t made[SECURE_CERT_BYTES];
    struct secure_cert c = whole(), read;
    (void)state;
    c.ds = sealed(&other_key, SMALL);
    assert_null(secure_cert_make(&c, made, sizeof made));
    assert_null(secure_cert_read(made, sizeof made, &read));
    assert_has(secure_cert_judge(&read, key), "certificate is another key's");
}

/* Of all bytes that say something. */
static void a_changed_byte_is_found(void **state)
{
    static uint8_t changed[SECURE_CERT_BYTES];
    (void)state;
    for (size_t at = 0; at < 0xD60; at += 7) {
        struct secure_cert c;
        memcpy(changed, vector.bytes, sizeof changed);
        changed[at] ^= 0x10;
        assert_true(secure_cert_read(changed, sizeof changed, &c) || secure_cert_judge(&c, key));
    }
}

static void a_partition_that_is_cut_off_is_no_more_than_its_whole_records(void **state)
{
    (void)state;
    for (size_t n = 0; n < 0xD60; n += 61) {
        struct secure_cert c;
        uint8_t *part = malloc(n + 1);
        assert_non_null(part);
        memcpy(part, vector.bytes, n); /* of its own, so that what is read behind it is seen */
        assert_true(secure_cert_read(part, n, &c) || !c.has_ds);
        free(part);
    }
}

static void keys_that_the_chip_cannot_take_are_refused(void **state)
{
    static struct file curve;
    struct ds_params p = { .bits = 0 };
    (void)state;
    load("p256.pem", &curve);
    assert_has(ds_seal(curve.bytes, curve.n, key, SMALL, &p), "no RSA key");
    assert_has(ds_seal(device.bytes, device.n, key, SMALL, &p), "no private key");
    assert_has(ds_seal(private_key.bytes, private_key.n, key, 256, &p), "all that the chip takes");
}

static void what_does_not_fit_is_refused(void **state)
{
    static uint8_t made[0xD60];
    const struct secure_cert c = whole();
    (void)state;
    assert_null(secure_cert_make(&c, made, sizeof made));
    assert_has(secure_cert_make(&c, made, sizeof made - 16), "larger than the partition");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_those_of_the_official_tool),
        cmocka_unit_test(so_is_the_partition),
        cmocka_unit_test(the_key_opens_it_and_no_other),
        cmocka_unit_test(a_certificate_of_another_key_is_told),
        cmocka_unit_test(a_changed_byte_is_found),
        cmocka_unit_test(a_partition_that_is_cut_off_is_no_more_than_its_whole_records),
        cmocka_unit_test(keys_that_the_chip_cannot_take_are_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, load_all, NULL);
}
