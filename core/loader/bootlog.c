#include "core/loader/bootlog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BY_ITS_LABEL                                                                               \
    "Nothing can be written, read or proved by wire any more. What was burnt, and what it holds: " \
    "espstation history, with the MAC of its label."

/* Gravest first: a brown-out explains the crash that follows it. Sources: boot messages of the
 * mask ROMs and of the ESP-IDF boot loader; esptool issues 774 and 877 for what users made of them.
 */
static const struct bootlog_row rows[] = {
    { "Brownout detector was triggered", ERR_BOOT, "brown-out, the supply collapsed",
      "Use a short cable or a powered hub; put 100 uF beside the module.", true },
    { "BROWN_OUT_RESET", ERR_BOOT, "brown-out, the supply collapsed",
      "Use a short cable or a powered hub; put 100 uF beside the module.", true },
    { "Download mode is disabled", ERR_SECURED, "a fuse has closed it", BY_ITS_LABEL, false },
    { "Download boot modes disabled", ERR_SECURED, "a fuse has closed it", BY_ITS_LABEL, false },
    { "No signature block magic byte found", ERR_BOOT,
      "secure boot finds no signature behind the boot loader",
      "Sign the boot loader, and put nothing between it and its signature: espstation image sign.",
      false },
    { "Image digest does not match", ERR_BOOT, "the boot loader is not what was signed",
      "Sign it last of all, and keep its header as it is: flash: { size: keep } in the recipe.",
      false },
    { "secure boot verification failed", ERR_BOOT, "secure boot does not trust the boot loader",
      "Compare the key it is signed with and the digest in the fuses: espstation check, espstation "
      "fuses.",
      false },
    { "invalid header: 0xffffffff", ERR_BOOT,
      "no image at the boot offset (the flash is blank there)",
      "Check the offset of the first image in the recipe.", false },
    { "invalid header", ERR_BOOT, "no valid image at the boot offset",
      "Check the offset of the first image in the recipe, then the flash mode.", false },
    { "flash read err", ERR_BOOT, "the ROM cannot read an image from the flash",
      "Check flash mode and size in the recipe: dio runs on every board, dout on ESP8285.", false },
    { "ets_main.c 371", ERR_BOOT, "no bootable image",
      "Check the boot loader's offset and the flash mode in the recipe.", false },
    { "csum err", ERR_BOOT, "the image in the flash fails its checksum",
      "Check flash mode and size in the recipe.", false },
    { "invalid segment length", ERR_BOOT, "the image in the flash is damaged",
      "Check flash mode and size in the recipe.", false },
    { "No bootable app", ERR_BOOT, "the boot loader finds no application",
      "Check the partition table and the application's offset in the recipe.", false },
    { "Guru Meditation", ERR_BOOT, "the application crashed", "Show the console to the developer.",
      false },
    { "Fatal exception", ERR_BOOT, "the application crashed", "Show the console to the developer.",
      false },
    { "SPI_DOWNLOAD_BOOT", ERR_WRONG_BOOT_MODE, "wrong download mode, the second strap pin is low",
      "Pull the second strap pin high (GPIO8 on ESP32-C3).", false },
    { "wait spi download", ERR_WRONG_BOOT_MODE, "wrong download mode, the second strap pin is low",
      "Pull the second strap pin high (GPIO8 on ESP32-C3).", false },
};

const struct bootlog_row *bootlog_find(const char *log)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strstr(log, rows[i].text))
            return &rows[i];
    }
    return NULL;
}

static const char *last_of(const char *log, const char *text)
{
    const char *found = NULL;
    for (const char *p = strstr(log, text); p; p = strstr(p + 1, text))
        found = p;
    return found;
}

static int count_of(const char *log, const char *text)
{
    int n = 0;
    for (const char *p = strstr(log, text); p; p = strstr(p + 1, text))
        n++;
    return n;
}

static int banners(const char *log)
{
    return count_of(log, "rst:0x") + count_of(log, "rst cause:");
}

bool bootlog_has_banner(const char *log)
{
    return banners(log) > 0;
}

bool bootlog_loops(const char *log)
{
    return banners(log) >= 3;
}

static const char last_words[] = "waiting for download";

bool bootlog_in_loader(const char *log)
{
    const char *boot = last_of(log, "boot:0x");
    const char *waiting = last_of(log, last_words);
    if (waiting)
        return !boot || waiting > boot;
    return bootlog_boot_mode(log) == 1 && !boot; /* ESP8266: boot mode:(1,x) */
}

bool bootlog_is_entering(const char *log)
{
    const char *word = last_of(log, "waiting ");
    size_t n = word ? strlen(word) : 0;
    return n > 0 && n < sizeof last_words - 1 && memcmp(word, last_words, n) == 0 &&
           last_of(log, "boot:0x");
}

int bootlog_boot_mode(const char *log)
{
    const char *boot = last_of(log, "boot:0x");
    if (boot)
        return (int)(strtoul(boot + strlen("boot:0x"), NULL, 16) & 0xFFFF);
    const char *mode = last_of(log, "boot mode:(");
    if (mode && isdigit((unsigned char)mode[strlen("boot mode:(")]))
        return (int)(strtoul(mode + strlen("boot mode:("), NULL, 10) & 0xFFFF);
    return -1;
}
