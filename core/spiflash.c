#include "core/spiflash.h"

enum { RDID = 0x9F };

/* Bits of the controller's registers, the same on all chips. */
#define USR_COMMAND    (1u << 31)
#define USR_ADDR       (1u << 30)
#define USR_MISO       (1u << 28)
#define USR_MOSI       (1u << 27)
#define CMD_USR        (1u << 18)
#define USR2_LEN_SHIFT 28
#define POLLS_MAX      10

/* Adesto and Renesas put the density into the low bits of the type byte (esptool issue 1045). */
#define VENDOR_ADESTO 0x1Fu

static bool set_lengths(struct loader *l, unsigned out_bits, unsigned in_bits, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    if (spi->mosi_dlen == 0) {
        uint32_t usr1 = (in_bits ? (in_bits - 1) << 8 : 0) | (out_bits ? (out_bits - 1) << 17 : 0);
        return loader_write_reg(l, spi->base_addr + spi->usr1, usr1, e);
    }
    if (out_bits && !loader_write_reg(l, spi->base_addr + spi->mosi_dlen, out_bits - 1, e))
        return false;
    return !in_bits || loader_write_reg(l, spi->base_addr + spi->miso_dlen, in_bits - 1, e);
}

static bool wait_done(struct loader *l, struct err *e)
{
    for (int i = 0; i < POLLS_MAX; i++) {
        uint32_t cmd;
        if (!loader_read_reg(l, l->chip->spi.base_addr, &cmd, e))
            return false;
        if (!(cmd & CMD_USR))
            return true;
    }
    return err_set(e, ERR_NO_FLASH, "The flash controller does not finish a command");
}

static bool run_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                        unsigned in_bits, uint32_t *in, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr = USR_COMMAND | (in_bits ? USR_MISO : 0) | (out_bits ? USR_MOSI : 0);
    if (!set_lengths(l, out_bits, in_bits, e) ||
        !loader_write_reg(l, spi->base_addr + spi->usr, usr, e) ||
        !loader_write_reg(l, spi->base_addr + spi->usr2, 7u << USR2_LEN_SHIFT | command, e) ||
        !loader_write_reg(l, spi->base_addr + spi->w0, out, e) ||
        !loader_write_reg(l, spi->base_addr, CMD_USR, e) || !wait_done(l, e) ||
        !loader_read_reg(l, spi->base_addr + spi->w0, in, e))
        return false;
    if (in_bits < 32)
        *in &= (1u << in_bits) - 1;
    return true;
}

bool spiflash_command(struct loader *l, uint8_t command, uint32_t out, unsigned out_bits,
                      unsigned in_bits, uint32_t *in, struct err *e)
{
    const struct chip_spi *spi = &l->chip->spi;
    uint32_t usr, usr2;
    return loader_read_reg(l, spi->base_addr + spi->usr, &usr, e) &&
           loader_read_reg(l, spi->base_addr + spi->usr2, &usr2, e) &&
           run_command(l, command, out, out_bits, in_bits, in, e) &&
           loader_write_reg(l, spi->base_addr + spi->usr, usr, e) &&
           loader_write_reg(l, spi->base_addr + spi->usr2, usr2, e);
}

bool spiflash_identify(struct loader *l, struct spiflash *flash, struct err *e)
{
    uint32_t id;
    if (!spiflash_command(l, RDID, 0, 0, 24, &id, e))
        return false;
    if (id == 0 || id == 0xFFFFFF || id == 0xFFFF3F)
        return err_set(e, ERR_NO_FLASH, "The flash chip does not answer: its id reads %06X", id);
    flash->id = id;
    flash->size_bytes = spiflash_size_bytes(id);
    return true;
}

static uint32_t adesto_size_bytes(uint32_t density)
{
    return density >= 4 && density <= 9 ? 512u << 10 << (density - 4) : 0;
}

/* The capacity byte is the exponent on most parts; some vendors use ranges of their own. */
uint32_t spiflash_size_bytes(uint32_t id)
{
    uint32_t capacity = id >> 16 & 0xFF;
    if ((id & 0xFF) == VENDOR_ADESTO)
        return adesto_size_bytes(id >> 8 & 0x1F);
    if (capacity >= 0x12 && capacity <= 0x1C)
        return 1u << capacity;
    if (capacity >= 0x20 && capacity <= 0x22)
        return 64u << 20 << (capacity - 0x20);
    if (capacity >= 0x32 && capacity <= 0x39)
        return 256u << 10 << (capacity - 0x32);
    return capacity == 0x3A ? 64u << 20 : 0;
}

const char *spiflash_vendor(uint32_t id)
{
    static const struct {
        uint8_t id;
        const char *name;
    } vendors[] = {
        { 0x1F, "Adesto" },     { 0x20, "XMC" },  { 0x5E, "Zbit" },    { 0x68, "Boya" },
        { 0x85, "Puya" },       { 0x9D, "ISSI" }, { 0xA1, "Fudan" },   { 0xC2, "Macronix" },
        { 0xC8, "GigaDevice" }, { 0xCD, "TH" },   { 0xEF, "Winbond" }, { 0x1C, "EON" },
        { 0x0B, "XTX" },        { 0x46, "FM" },
    };
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++) {
        if (vendors[i].id == (id & 0xFF))
            return vendors[i].name;
    }
    return NULL;
}
