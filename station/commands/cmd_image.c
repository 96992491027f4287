/* espstation image: images signed for secure boot, and encrypted for the flash, as espsecure does;
 * and partitions of certificates. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"

#include "core/facts/chip.h"
#include "core/fuses/fuse_rules.h"
#include "core/images/flash_crypt.h"
#include "core/images/image.h"
#include "core/images/partitions.h"
#include "core/images/sign.h"
#include "station/attempt/key_file.h"
#include "station/attempt/key_token.h"
#include "station/base/infile.h"
#include "station/base/locked.h"
#include "station/base/outfile.h"
#include "station/cli/ask.h"
#include "station/commands/image_cert.h"
#include "station/hand/hand.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_FILE_MAX_BYTES ((size_t)128 << 20)

static const char examples[] =
    "\n"
    "  espstation image sign app.bin --key one.pem -o app-signed.bin\n"
    "  espstation image sign bootloader.bin --key one.pem --key two.pem -o bootloader-signed.bin\n"
    "  espstation image sign app.bin --key 'pkcs11:token=line;object=one?pin-source=pin' -o "
    "app-signed.bin\n"
    "  espstation image encrypt app-signed.bin --chip esp32c3 --offset 0x10000 --key flash.bin "
    "-o app-enc.bin\n"
    "  espstation image cert device.key --cert device.pem --ca ca.pem --key ds.key --chip esp32c3 "
    "--block 1 -o esp_secure_cert.bin\n"
    "\n"
    "Sign first, then encrypt. Key files belong to you and have mode 0600. Keys that sign have no\n"
    "place on a station: sign where the firmware is built.\n";

struct image_options {
    const char *out_path, *chip, *offset, *cert_path, *ca_path, *block;
    struct option_list keys;
    const char *path;
};

/* What the code's own hint says is for who has a recipe. */
static bool refuse_image(struct err *e)
{
    return err_hint(e, "Give the image as the build made it.");
}

/* ---- Signing ---- */

/* What the ROM looks for stands behind the image, rounded up to a sector, and nothing else may. */
static bool judge_image(const uint8_t *bytes, size_t n, const struct image *image, struct err *e)
{
    const size_t sector =
        (image->end + SIGNATURE_SECTOR_BYTES - 1) / SIGNATURE_SECTOR_BYTES * SIGNATURE_SECTOR_BYTES;
    size_t i = image->end;
    while (i < n && bytes[i] == 0xFF)
        i++;
    if (image->kind != IMAGE_LONG)
        err_set(e, ERR_IMAGE, "The file is no firmware image of an ESP32 or later%s%s",
                image->kind == IMAGE_DAMAGED ? ": " : "",
                image->kind == IMAGE_DAMAGED ? image->problem : "");
    else if (image->signature != IMAGE_UNSIGNED)
        err_set(e, ERR_IMAGE,
                "The image is signed already: sign what it was made from, with all keys at once");
    else if (n > sector)
        err_set(e, ERR_IMAGE,
                "The file goes on behind its image: a ROM would look for the signature at 0x%zx",
                sector);
    else if (i < n)
        err_set(e, ERR_IMAGE, "Behind the image, at 0x%zx, the file has other bytes than FF", i);
    else
        return true;
    return refuse_image(e);
}

static unsigned scheme_bit(enum signature_scheme scheme)
{
    return scheme == SIGNATURE_RSA_3072     ? FUSE_SIGNED_RSA
           : scheme == SIGNATURE_ECDSA_P256 ? FUSE_SIGNED_P256
                                            : FUSE_SIGNED_OTHER;
}

/* Of chips that we know, what their secure boot would refuse is not made. */
static bool judge_signed(const struct image *image, const uint8_t *made, size_t n, struct err *e)
{
    struct signature s;
    const struct chip *chip = chip_by_image_id(image->chip_id);
    const struct fuse_set *set = chip ? chip_fuses(chip, UINT32_MAX) : NULL;
    const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
    const char *problem = signature_read(made, n, n - SIGNATURE_SECTOR_BYTES, &s);
    if (problem)
        return err_set(e, ERR_STATION, "The signature is wrong: %s", problem);
    if (!rules || rules->boot_missing || rules->missing)
        return true;
    if (s.count > rules->digests)
        return err_set(e, ERR_USAGE, "The %s looks at %u signature%s, and these are %zu",
                       chip->name, rules->digests, rules->digests == 1 ? "" : "s", s.count);
    if (!(scheme_bit(s.keys[0].scheme) & rules->boot_schemes))
        return err_set(e, ERR_USAGE, "Secure boot of the %s does not take %s", chip->name,
                       signature_scheme_word(s.keys[0].scheme));
    for (size_t i = 0; i < s.count; i++) {
        char digest[2 * SIGNATURE_DIGEST_BYTES + 1] = "";
        for (size_t k = 0; k < SIGNATURE_DIGEST_BYTES; k++)
            snprintf(digest + 2 * k, 3, "%02x", s.keys[i].digest[k]);
        cmd_tell("signed, %s, key %s", signature_scheme_word(s.keys[i].scheme), digest);
    }
    return true;
}

static bool write_out(const struct image_options *o, const uint8_t *bytes, size_t n, struct err *e)
{
    struct outfile out = OUTFILE_CLOSED;
    const bool ok = outfile_open(&out, o->out_path, e) && outfile_write(&out, bytes, n, e) &&
                    outfile_keep(&out, e);
    outfile_drop(&out);
    return ok;
}

/* Keys while they are in use: from files, or in tokens. */
struct signers {
    uint8_t pem[SIGNATURE_KEYS_MAX][SIGN_PEM_MAX_BYTES];
    struct key_token *tokens[SIGNATURE_KEYS_MAX];
    struct sign_key keys[SIGNATURE_KEYS_MAX];
};

static bool take_signer(struct signers *s, size_t i, const char *name, struct err *e)
{
    if (!key_token_is_named(name)) {
        s->keys[i].pem = s->pem[i];
        return key_file_read_any(name, name, s->pem[i], SIGN_PEM_MAX_BYTES, &s->keys[i].pem_bytes,
                                 e);
    }
    s->tokens[i] = key_token_open(name, KEY_TOKEN_PRIVATE, "", ask_secret, e);
    s->keys[i].held = s->tokens[i] ? key_token_key(s->tokens[i]) : NULL;
    return s->tokens[i] != NULL;
}

static bool take_signers(const struct image_options *o, struct signers *s, struct err *e)
{
    if (o->keys.count > SIGNATURE_KEYS_MAX)
        return err_set(e, ERR_USAGE, "An image is signed by %u keys at most", SIGNATURE_KEYS_MAX);
    for (size_t i = 0; i < o->keys.count; i++) {
        if (!take_signer(s, i, o->keys.values[i], e))
            return false;
    }
    return true;
}

static void let_go(struct signers *s)
{
    for (size_t i = 0; s && i < SIGNATURE_KEYS_MAX; i++)
        key_token_free(s->tokens[i]);
    locked_free(s, sizeof *s);
}

static bool sign_bytes(const struct image_options *o, const uint8_t *bytes, size_t n, struct err *e)
{
    struct image image;
    uint8_t *made = NULL;
    size_t made_bytes = 0;
    struct signers *s = locked_new(sizeof *s, e);
    image_read(bytes, n, false, &image);
    const bool ok = s && judge_image(bytes, n, &image, e) && take_signers(o, s, e) &&
                    sign_image(bytes, n, s->keys, o->keys.count, &made, &made_bytes, e) &&
                    judge_signed(&image, made, made_bytes, e) && write_out(o, made, made_bytes, e);
    let_go(s);
    free(made);
    return ok;
}

/* ---- Encrypting ---- */

static bool choose_scheme(const struct image_options *o, struct flash_crypt_key *key,
                          uint32_t *addr, struct err *e)
{
    const struct chip *chip = o->chip ? chip_by_name(o->chip) : NULL;
    if (!o->chip || !o->offset)
        return err_set(e, ERR_USAGE,
                       "Where bytes stand, and on which chip, makes what they become: "
                       "give --chip and --offset");
    if (!chip || !chip_fuses(chip, UINT32_MAX))
        return err_set(e, ERR_USAGE, "There is no flash encryption on '%.40s'", o->chip);
    key->scheme = strcmp(chip->id_name, "esp32") == 0 ? FLASH_CRYPT_ESP32 : FLASH_CRYPT_XTS;
    key->config = 0xF;
    return hand_parse_bytes("--offset", o->offset, addr, e);
}

/* With another one the chip would start nothing; and past its flash there is nothing to start. */
static bool judge_crypt(const struct image_options *o, const struct flash_crypt_key *key,
                        uint32_t addr, size_t n, struct err *e)
{
    const struct chip *chip = chip_by_name(o->chip);
    const struct fuse_rules *rules = fuse_rules_of(chip_fuses(chip, UINT32_MAX));
    if (n == 0) {
        err_set(e, ERR_IMAGE, "%.100s is empty", o->path);
        return refuse_image(e);
    }
    if (rules->missing)
        return err_set(e, ERR_USAGE, "Nothing is encrypted for the %s: %s", chip->name,
                       rules->missing);
    if (!fuse_takes_flash_key(rules, key->count))
        return err_set(e, ERR_USAGE, "The %s has no flash key of %u bytes", chip->name, key->count);
    if (n > CHIP_FLASH_4_BYTES_MAX || addr > CHIP_FLASH_4_BYTES_MAX - n)
        return err_set(e, ERR_USAGE, "%zu bytes at 0x%x end behind the largest flash, 128 MiB", n,
                       (unsigned)addr);
    return true;
}

/* A wrong key gives bytes as well. Data may look like anything: it is said, no more. */
static void tell_if_strange(const uint8_t *plain, size_t n)
{
    struct image image;
    struct partitions *table = calloc(1, sizeof *table);
    image_read(plain, n, false, &image);
    const bool is_known = image.kind == IMAGE_LONG || (table && partitions_read(plain, n, table));
    free(table);
    if (!is_known)
        cmd_tell("What came out is no firmware image and no partition table. If it should be one: "
                 "another key, chip or offset, or the file is not encrypted.");
}

static bool take_flash_key(const struct image_options *o, struct flash_crypt_key *key,
                           uint32_t *addr, size_t n, struct err *e)
{
    return choose_scheme(o, key, addr, e) &&
           (o->keys.count == 1 || err_set(e, ERR_USAGE, "One key encrypts: give --key once")) &&
           key_file_read(o->keys.values[0], o->keys.values[0], key->bytes, &key->count, e) &&
           judge_crypt(o, key, *addr, n, e);
}

static bool crypt_with(const struct image_options *o, const struct flash_crypt_key *key,
                       uint32_t addr, const uint8_t *bytes, size_t n, bool encrypts, struct err *e)
{
    const size_t step = flash_crypt_step(key->scheme);
    const size_t whole = (n + step - 1) / step * step;
    if (!encrypts && whole != n)
        return err_set(e, ERR_USAGE, "%zu bytes are no ciphertext: it comes in steps of %zu", n,
                       step);
    uint8_t *made = malloc(whole);
    if (!made)
        return err_set(e, ERR_STATION, "Out of memory");
    memcpy(made, bytes, n);
    memset(made + n, 0xFF, whole - n);
    const bool ok = (encrypts ? flash_crypt : flash_decrypt)(key, addr, made, whole, e) &&
                    write_out(o, made, whole, e);
    if (ok && !encrypts)
        tell_if_strange(made, whole);
    free(made);
    return ok;
}

static bool crypt_bytes(const struct image_options *o, const uint8_t *bytes, size_t n,
                        bool encrypts, struct err *e)
{
    uint32_t addr = 0;
    struct flash_crypt_key *key = locked_new(sizeof *key, e);
    const bool ok = key && take_flash_key(o, key, &addr, n, e) &&
                    crypt_with(o, key, addr, bytes, n, encrypts, e);
    locked_free(key, sizeof *key);
    return ok;
}

static bool encrypt_bytes(const struct image_options *o, const uint8_t *bytes, size_t n,
                          struct err *e)
{
    return crypt_bytes(o, bytes, n, true, e);
}

static bool decrypt_bytes(const struct image_options *o, const uint8_t *bytes, size_t n,
                          struct err *e)
{
    return crypt_bytes(o, bytes, n, false, e);
}

/* ---- Certificates ---- */

static bool cert_bytes(const struct image_options *o, const uint8_t *bytes, size_t n, struct err *e)
{
    uint8_t made[SECURE_CERT_BYTES];
    const char *ds_key = o->keys.values[0];
    const struct image_cert cert = { .key_path = o->path,
                                     .cert_path = o->cert_path,
                                     .ca_path = o->ca_path,
                                     .ds_key_path = ds_key,
                                     .chip = o->chip,
                                     .block = o->block };
    (void)bytes, (void)n;
    if (o->keys.count != 1)
        return err_set(e, ERR_USAGE, "One key encrypts: give --key once");
    if (!image_cert_make(&cert, made, e) || !write_out(o, made, sizeof made, e))
        return false;
    cmd_tell("for key block %s: security.keys: [ { use: ds, key: %s, block: %s } ]", o->block,
             ds_key, o->block);
    return true;
}

/* ---- The command ---- */

static const struct action {
    struct action_word word;
    bool (*work)(const struct image_options *o, const uint8_t *bytes, size_t n, struct err *e);
} actions[] = {
    { { "sign", 1, "an image" }, sign_bytes },
    { { "encrypt", 1, "an image" }, encrypt_bytes },
    { { "decrypt", 1, "an image" }, decrypt_bytes },
    { { "cert", 1, "a private key" }, cert_bytes },
};

/* A key that is gone cannot be made again, nor an image that was not signed yet. */
static bool spares_inputs(const struct image_options *o, struct err *e)
{
    return outfile_spares(o->out_path, &o->path, 1, e) &&
           outfile_spares(o->out_path, o->keys.values, o->keys.count, e) &&
           outfile_spares(o->out_path, &o->cert_path, 1, e) &&
           outfile_spares(o->out_path, &o->ca_path, 1, e);
}

static bool work(const struct action *action, const struct image_options *o, struct err *e)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (!o->out_path || o->keys.count == 0)
        return err_set(e, ERR_USAGE, "What is made goes into -o FILE, with the key of --key FILE");
    if (action->work == sign_bytes && (o->chip || o->offset))
        return err_set(e, ERR_USAGE, "--chip and --offset are for encrypt and decrypt");
    if (action->work != cert_bytes && (o->cert_path || o->ca_path || o->block))
        return err_set(e, ERR_USAGE, "--cert, --ca and --block are for cert");
    const bool is_key = action->work == cert_bytes; /* which is read as keys are */
    const bool ok = spares_inputs(o, e) &&
                    (is_key || infile_read(o->path, IMAGE_FILE_MAX_BYTES, &bytes, &n, e)) &&
                    action->work(o, bytes, n, e);
    free(bytes);
    return ok;
}

static enum exit_status image(int argc, char **argv)
{
    struct image_options o = { 0 };
    const struct option_row rows[] = {
        { "-o", "FILE", "what is made", NULL, &o.out_path, NULL },
        { "--key", "FILE",
          "sign: a private key, in PEM or as pkcs11:... in a token, for several repeat it; else "
          "the flash's key",
          NULL, NULL, &o.keys },
        { "--chip", "NAME", "encrypt, decrypt, cert: for which chip", NULL, &o.chip, NULL },
        { "--offset", "ADDR", "encrypt, decrypt: where it stands in the flash", NULL, &o.offset,
          NULL },
        { "--cert", "FILE", "cert: the device's certificate in PEM", NULL, &o.cert_path, NULL },
        { "--ca", "FILE", "cert: that of who has signed it", NULL, &o.ca_path, NULL },
        { "--block", "N", "cert: the key block with the key, as in the recipe", NULL, &o.block,
          NULL },
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[2];
    size_t count;
    if (!cmd_parse(&cmd_image, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status)) {
        if (status == EXIT_PASSED)
            cmd_say_more(examples);
        return status;
    }
    const struct action *const action = ACTION_OF("image", actions, args, count, &e);
    o.path = count > 1 ? args[1] : NULL;
    if (action && work(action, &o, &e))
        return EXIT_PASSED;
    cmd_print_err(&e);
    return cmd_status_of(&e);
}

const struct cmd cmd_image = { "image", "sign|encrypt|decrypt|cert FILE",
                               "Signs an image, encrypts it, or makes a partition of certificates.",
                               image };
