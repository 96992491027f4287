/* The chip's own loader, in its ROM. */
#include "core/loader/kind_priv.h"

#include <string.h>

#define SECTOR_BYTES      4096u
#define SECTORS_PER_BLOCK 16u
#define SLOW_BYTES        64u /* of a READ_FLASH_SLOW */
#define ANSWER_MS         3000u

/* It works off what waits in its FIFO, and how long it takes for that nobody has said: so only up
 * to the rate at which real ROMs were seen to do it (ESP32 and ESP32-C3 at 115200 to 921600 baud;
 * at 2000000 one did not answer a WRITE_REG that others followed). */
#define QUEUE_MAX_BAUD 921600u

/* Nor does anybody say which rates it bears: seen to write were both at this one; at 2000000 that
 * of the ESP32 lost bytes of FLASH_DATA (docs/fixture.md). That of the ESP8266 takes its rate from
 * how long a bit of the SYNC is in clocks: 56 at this rate, so that one more or less is 2 %; at
 * twice as much it would be 4 %. */
#define ROM_MAX_BAUD 921600u

static bool ask_chip_for_baud(struct loader *l, uint32_t baud, uint32_t *request, struct err *e)
{
    return l->chip->rom_baud(l, baud, request, e);
}

/* It has no command for that, but erases what a write announces before it answers; nothing forces
 * the data to follow. */
static bool erase(struct loader *l, uint32_t addr, uint32_t bytes, uint32_t timeout_ms,
                  struct err *e)
{
    const struct loader_begin announced = { .bytes = l->kind->begin_bytes(addr, bytes),
                                            .blocks = bytes / LOADER_ROM_BLOCK_BYTES,
                                            .block_bytes = LOADER_ROM_BLOCK_BYTES,
                                            .addr = addr,
                                            .timeout_ms = timeout_ms };
    return loader_flash_begin(l, &announced, e);
}

static bool erase_all(struct loader *l, uint32_t flash_bytes, uint32_t timeout_ms, struct err *e)
{
    return erase(l, 0, flash_bytes, timeout_ms, e);
}

static bool read_flash(struct loader *l, uint32_t addr, uint8_t *bytes, uint32_t n, struct err *e)
{
    uint8_t said[LOADER_MD5_BYTES];
    for (uint32_t at = 0; at < n; at += SLOW_BYTES) {
        uint32_t want = n - at < SLOW_BYTES ? n - at : SLOW_BYTES;
        const uint32_t words[2] = { addr + at, want };
        struct reply r;
        if (!kind_ask(l, CMD_READ_FLASH_SLOW, words, 2, SLOW_BYTES, ANSWER_MS, &r, e))
            return false;
        if (r.data_bytes < SLOW_BYTES + 2)
            return err_set(e, ERR_FRAME, "a reply holds %zu bytes, %u expected", r.data_bytes,
                           SLOW_BYTES + 2);
        memcpy(bytes + at, r.data, want);
    }
    return loader_md5(l, addr, n, loader_timeout_ms(n, LOADER_MD5_MS_PER_MB), said, e) &&
           kind_check_md5(bytes, n, said, e);
}

static bool end_read(struct loader *l, struct err *e)
{
    return link_discard(&l->link, e);
}

/* ---- The ESP8266's ---- */

static bool attach_by_begin(struct loader *l, uint32_t pins, struct err *e)
{
    (void)pins;
    return loader_flash_begin(l, &loader_begin_nothing, e);
}

/* It counts the sectors up to the next 64 KiB boundary twice: what it must be told so that it
 * erases no less than what is wanted. */
static uint32_t less_the_head(uint32_t addr, uint32_t size_bytes)
{
    uint32_t sectors = (size_bytes + SECTOR_BYTES - 1) / SECTOR_BYTES;
    uint32_t head = SECTORS_PER_BLOCK - addr / SECTOR_BYTES % SECTORS_PER_BLOCK;
    if (head > sectors)
        head = sectors;
    if (sectors < 2 * head)
        return (sectors + 1) / 2 * SECTOR_BYTES;
    return (sectors - head) * SECTOR_BYTES;
}

/* ---- The rows ---- */

/* What all ROMs have in common. */
#define A_ROM                                                                                      \
    .word = "rom", .dialect = &packet_dialect_rom, .has_chip_info = true, .restarts_chip = true,   \
    .fills_sync_value = true, .frames = FRAMES_ROM, .frames_over_otg = FRAMES_ROM,                 \
    .attach_words = 2, .in_flight = 1, .max_baud = ROM_MAX_BAUD, .queue_max_baud = QUEUE_MAX_BAUD, \
    .baud_settle_ms = 10, .read_chunk_bytes = 32u << 10, .baud_request = ask_chip_for_baud,        \
    .erase = erase, .erase_all = erase_all, .read = read_flash, .end_read = end_read

#define A_ROM_SINCE_ESP32                                                                          \
    A_ROM, .changes_baud = true, .has_md5 = true, .has_set_params = true, .erases_exactly = true,  \
           .attach = loader_spi_attach, .begin_bytes = kind_bytes_as_they_are

const struct loader_kind loader_rom = { A_ROM_SINCE_ESP32, .begin_words = 4 };

const struct loader_kind loader_rom_s2 = { A_ROM_SINCE_ESP32, .begin_words = 5 };

const struct loader_kind loader_rom_esp8266 = {
    A_ROM,
    .begin_words = 4,
    .attach = attach_by_begin,
    .begin_bytes = less_the_head,
};
