/* Requests and replies: layout, checksum, where the status is, what it means. */
#include "core/base/bytes.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static void packet_encodes_the_documented_request(void **state)
{
    static const uint8_t expected[] = { 0xC0, 0, 0x0A, 4, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x40, 0xC0 };
    uint8_t buf[64], addr[4];
    (void)state;
    store_u32(addr, 0x40001000);
    size_t n = packet_encode(buf, sizeof buf, CMD_READ_REG, 0, addr, 4, NULL, 0);
    assert_int_equal(n, sizeof expected);
    assert_memory_equal(buf, expected, n);
}

static void packet_checksum_starts_at_ef(void **state)
{
    (void)state;
    assert_int_equal(packet_checksum(NULL, 0), 0xEF);
    assert_int_equal(packet_checksum((const uint8_t[]){ 0xEF }, 1), 0);
    assert_int_equal(packet_checksum((const uint8_t[]){ 1, 2, 4, 0x80 }, 4), 0xEF ^ 0x87);
}

static void packet_encodes_a_block_with_header_and_checksum(void **state)
{
    const uint8_t data[] = { 0xC0, 0x01, 0xDB, 0x7F };
    uint8_t wire[128], frame[64];
    struct slip_decoder s;
    enum slip_event event;
    (void)state;
    size_t n = packet_encode_block(wire, sizeof wire, CMD_FLASH_DATA, 0x01020304, data, 4);
    slip_decoder_init(&s, frame, sizeof frame);
    assert_int_equal(slip_decode(&s, wire, n, &event), n);
    assert_int_equal(event, SLIP_FRAME);
    assert_int_equal(s.have, 8 + 16 + 4);
    assert_int_equal(frame[0], 0);
    assert_int_equal(frame[1], CMD_FLASH_DATA);
    assert_int_equal(load_u16(frame + 2), 20);
    assert_int_equal(load_u32(frame + 4), 0xEF ^ 0xC0 ^ 0x01 ^ 0xDB ^ 0x7F);
    assert_int_equal(load_u32(frame + 8), 4);
    assert_int_equal(load_u32(frame + 12), 0x01020304);
    assert_int_equal(load_u32(frame + 16), 0);
    assert_int_equal(load_u32(frame + 20), 0);
    assert_memory_equal(frame + 24, data, 4);
}

static void packet_refuses_what_does_not_fit(void **state)
{
    uint8_t *big = calloc(1, 0x10000);
    uint8_t *wire = malloc(SLIP_ENCODED_MAX(0x10000 + 24));
    (void)state;
    assert_non_null(big);
    assert_non_null(wire);
    const size_t cap = SLIP_ENCODED_MAX(0x10000 + 24);
    assert_int_equal(packet_encode(wire, cap, 3, 0, big, 16, big, 0xFFF0), 0);
    assert_int_not_equal(packet_encode(wire, cap, 3, 0, big, 16, big, 0xFFEF), 0);
    assert_int_equal(packet_encode_block(wire, cap, 3, 0, big, 0x10000), 0);
    assert_int_equal(packet_encode_block(wire, cap, 3, 0, big, 0xFFF0), 0);
    size_t n = packet_encode(wire, cap, CMD_SYNC, 0, big, 36, NULL, 0);
    assert_int_equal(n, 46);
    assert_int_equal(packet_encode(wire, 45, CMD_SYNC, 0, big, 36, NULL, 0), 0);
    free(big);
    free(wire);
}

static void packet_parses_only_replies(void **state)
{
    uint8_t f[] = { 1, 0x0A, 4, 0, 0x83, 0x1D, 0xF0, 0, 0, 0, 0, 0 };
    struct reply r;
    (void)state;
    assert_true(packet_parse(f, sizeof f, &r));
    assert_int_equal(r.command, 0x0A);
    assert_int_equal(r.value, 0x00F01D83);
    assert_int_equal(r.data_bytes, 4);
    assert_ptr_equal(r.data, f + 8);
    for (size_t n = 0; n < sizeof f; n++)
        assert_false(packet_parse(f, n, &r)); /* the length field promises more */
    f[2] = 2; /* a byte that came from nowhere: the value may stand one place off */
    assert_false(packet_parse(f, sizeof f, &r));
    f[1] = CMD_GET_SECURITY_INFO; /* where stub v1 forgets its status bytes */
    assert_true(packet_parse(f, sizeof f, &r));
    assert_int_equal(r.data_bytes, 4);
    f[2] = 3;
    assert_false(packet_parse(f, sizeof f, &r));
    f[1] = 0x0A;
    f[2] = 5;
    assert_false(packet_parse(f, sizeof f, &r));
    f[2] = 4;
    f[3] = 1;
    assert_false(packet_parse(f, sizeof f, &r));
    f[3] = 0;
    f[0] = 0; /* our own request, as an echo */
    assert_false(packet_parse(f, sizeof f, &r));
}

/* A reply whose data are `data`. */
static struct reply reply_of(uint8_t command, const uint8_t *data, size_t n)
{
    return (struct reply){ .command = command, .data = data, .data_bytes = n };
}

static void packet_finds_the_status_behind_the_payload(void **state)
{
    uint8_t d[40] = { 0 };
    (void)state;
    struct reply r = reply_of(CMD_READ_REG, d, 4);
    d[2] = 0x36; /* a ROM's reserved bytes hold stale text */
    d[3] = 0x37;
    assert_true(packet_judge(&r, 0));
    assert_int_equal(r.status[0], 0);
    memset(d, '7', 32); /* MD5 of a ROM */
    d[32] = 1;
    d[33] = 6;
    r = reply_of(CMD_SPI_FLASH_MD5, d, 36);
    assert_true(packet_judge(&r, 32));
    assert_int_equal(r.status[0], 1);
    assert_int_equal(r.status[1], 6);
    r = reply_of(CMD_SPI_FLASH_MD5, d, 34); /* a status of two bytes */
    assert_true(packet_judge(&r, 32));
    assert_int_equal(r.status[0], 1);
}

static void packet_finds_the_status_of_a_failure_in_front(void **state)
{
    const uint8_t d[] = { 0xC4, 0, 0, 0 };
    (void)state;
    for (size_t n = 2; n <= 4; n++) {
        struct reply r = reply_of(CMD_SPI_FLASH_MD5, d, n);
        assert_true(packet_judge(&r, 16));
        assert_int_equal(r.status[0], 0xC4);
    }
    for (size_t n = 0; n < 2; n++) {
        struct reply r = reply_of(CMD_SPI_FLASH_MD5, d, n);
        assert_false(packet_judge(&r, 16));
        assert_false(packet_judge(&r, 0));
    }
}

static void packet_has_words_for_commands_and_statuses(void **state)
{
    char spare[16];
    (void)state;
    assert_string_equal(packet_command_name(CMD_FLASH_DEFL_BEGIN, spare), "FLASH_DEFL_BEGIN");
    assert_string_equal(packet_command_name(CMD_GET_SECURITY_INFO, spare), "GET_SECURITY_INFO");
    assert_string_equal(packet_command_name(0x5A, spare), "command 5A");
    for (unsigned a = 0; a < 256; a++) {
        const uint8_t rom[2] = { 1, (uint8_t)a }, stub[2] = { (uint8_t)a, 0 };
        assert_true(strlen(packet_status_text(&packet_dialect_rom, rom)) > 3);
        assert_true(strlen(packet_status_text(&packet_dialect_stub, stub)) > 3);
    }
    const uint8_t checksum[2] = { 0xC1, 0 }, unknown[2] = { 1, 5 };
    assert_string_equal(packet_status_text(&packet_dialect_stub, checksum), "data checksum wrong");
    assert_has(packet_status_text(&packet_dialect_rom, unknown), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_encodes_the_documented_request),
        cmocka_unit_test(packet_checksum_starts_at_ef),
        cmocka_unit_test(packet_encodes_a_block_with_header_and_checksum),
        cmocka_unit_test(packet_refuses_what_does_not_fit),
        cmocka_unit_test(packet_parses_only_replies),
        cmocka_unit_test(packet_finds_the_status_behind_the_payload),
        cmocka_unit_test(packet_finds_the_status_of_a_failure_in_front),
        cmocka_unit_test(packet_has_words_for_commands_and_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
