#include "core/fuses/fuse_plan_priv.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *fuse_stage_word(enum fuse_stage stage)
{
    static const char *const words[] = { "keys",       "purposes", "hide",     "digests", "slots",
                                         "seal",       "revoke",   "identity", "close",   "enable",
                                         "after boot", "lock",     "loader" };
    return words[stage];
}

/* ---- What goes wrong ---- */

static bool refuse(struct planner *p, enum err_code code, const char *fmt, va_list args)
{
    char text[240];
    vsnprintf(text, sizeof text, fmt, args);
    return err_set(p->e, code, "%s", text);
}

bool plan_refuse(struct planner *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    refuse(p, ERR_SECURED, fmt, args);
    va_end(args);
    return err_hint(p->e, "Nothing was burnt. Set the board aside; what it has: espstation fuses "
                          "--set.");
}

bool plan_cannot(struct planner *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    refuse(p, ERR_USAGE, fmt, args);
    va_end(args);
    return err_hint(p->e, "Change the recipe's section 'security'.");
}

/* ---- Items ---- */

const struct fuse_field *planner_field(const struct planner *p, const char *name)
{
    return fuse_by_name(p->set, p->revision, name);
}

uint32_t planner_value(const struct planner *p, const char *name)
{
    const struct fuse_field *field = planner_field(p, name);
    return field ? fuse_value(p->words, field) : 0;
}

static struct fuse_item *add(struct planner *p, enum fuse_stage stage,
                             const struct fuse_field *field, const char *why)
{
    struct fuse_plan *plan = p->plan;
    if (plan->count == FUSE_ITEMS_MAX) {
        plan_cannot(p, "More than %d fuses are wished", FUSE_ITEMS_MAX);
        return NULL;
    }
    struct fuse_item *item = &plan->items[plan->count++];
    *item = (struct fuse_item){ .stage = stage,
                                .field = field,
                                .burn = { .block = field->block,
                                          .kind = FUSE_BURN_BITS,
                                          .count = p->set->blocks[field->block].words },
                                .why = why };
    return item;
}

static void set_bit(struct fuse_burn *burn, const struct fuse_field *field, unsigned i)
{
    const unsigned at = field->bit + i;
    burn->word[field->word + at / 32] |= 1u << at % 32;
}

bool plan_number(struct planner *p, enum fuse_stage stage, const char *name, uint32_t value,
                 const char *why)
{
    const struct fuse_field *field = planner_field(p, name);
    if (!field)
        return plan_cannot(p, "The %s has no fuse %s", p->chip, name);
    if (field->bits < 32 && value >> field->bits != 0)
        return plan_cannot(p, "%s of the %s has %u bits: %u does not fit", name, p->chip,
                           field->bits, value);
    for (size_t i = 0; i < p->plan->count; i++) {
        struct fuse_item *item = &p->plan->items[i];
        if (item->field != field)
            continue;
        if (item->value != value)
            return plan_cannot(p, "%s would have to be both %u and %u", name, item->value, value);
        return true; /* two reasons for one fuse */
    }
    struct fuse_item *item = add(p, stage, field, why);
    if (!item)
        return false;
    item->value = value;
    for (unsigned i = 0; i < field->bits; i++) {
        if (value >> i & 1)
            set_bit(&item->burn, field, i);
    }
    return true;
}

static bool is_planned_bit(const struct planner *p, const struct fuse_field *field, int bit)
{
    for (size_t i = 0; i < p->plan->count; i++) {
        if (p->plan->items[i].field == field && p->plan->items[i].value == 1u << bit)
            return true;
    }
    return false;
}

bool plan_bit(struct planner *p, enum fuse_stage stage, const char *name, int bit, const char *why)
{
    const struct fuse_field *field = planner_field(p, name);
    if (!field || bit < 0 || bit >= field->bits)
        return plan_cannot(p, "No bit of %s of the %s is known for what is to be locked", name,
                           p->chip);
    if (is_planned_bit(p, field, bit))
        return true;
    struct fuse_item *item = add(p, stage, field, why);
    if (!item)
        return false;
    item->value = 1u << bit;
    set_bit(&item->burn, field, (unsigned)bit);
    return true;
}

struct fuse_item *plan_bytes(struct planner *p, enum fuse_stage stage,
                             const struct fuse_field *field, const uint8_t *bytes, size_t n,
                             enum fuse_burn_kind kind, const char *why)
{
    struct fuse_item *item = add(p, stage, field, why);
    if (!item)
        return NULL;
    item->burn.kind = kind;
    for (unsigned i = 0; bytes && i < 8 * n; i++) {
        if (bytes[i / 8] >> i % 8 & 1)
            set_bit(&item->burn, field, i);
    }
    return item;
}

/* ---- Secure boot, but for its keys ---- */

static bool plan_names(struct planner *p, enum fuse_stage stage, const char *const *names,
                       const char *why)
{
    for (; *names; names++) {
        if (!plan_number(p, stage, *names, 1, why))
            return false;
    }
    return true;
}

static bool judge_boot(struct planner *p)
{
    const struct fuse_rules *r = p->rules;
    const struct fuse_wish *w = p->wish;
    if (w->boot == FUSE_BOOT_V1 && !p->is_esp32)
        return plan_cannot(p, "Secure boot v1 is the ESP32's alone; the %s has v2", p->chip);
    if (w->boot == FUSE_BOOT_V1)
        return true;
    if (r->boot_missing)
        return plan_cannot(p, "Secure boot of the %s is not burnt: %s", p->chip, r->boot_missing);
    if ((w->schemes & ~(unsigned)r->boot_schemes) != 0)
        return plan_cannot(p, "The %s takes %s signatures, and the images have others", p->chip,
                           r->boot_schemes == FUSE_SIGNED_RSA    ? "RSA-3072"
                           : r->boot_schemes == FUSE_SIGNED_P256 ? "ECDSA P-256"
                                                                 : "RSA-3072 or ECDSA P-256");
    if ((w->schemes & (w->schemes - 1)) != 0)
        return plan_cannot(p, "All keys of a board are of one kind, and the images have several");
    if (p->revision != FUSE_NEWEST && p->revision < r->boot_min_revision)
        return plan_refuse(p, "Secure boot v2 needs an %s from v%u.%u on, and this is v%u.%u",
                           p->chip, r->boot_min_revision / 100, r->boot_min_revision % 100,
                           p->revision / 100, p->revision % 100);
    if (p->is_esp32 && planner_value(p, "CODING_SCHEME") != 0)
        return plan_refuse(p, "Secure boot v2 needs the coding scheme 0, and this board has %u",
                           planner_value(p, "CODING_SCHEME"));
    return true;
}

static bool plan_revoked(struct planner *p)
{
    char name[32];
    for (unsigned i = 0; i < FUSE_DIGESTS_MAX; i++) {
        snprintf(name, sizeof name, "SECURE_BOOT_KEY_REVOKE%u", i);
        if (p->wish->revoked[i] && planner_field(p, name) &&
            !plan_number(p, FUSE_STAGE_REVOKE, name, 1, "no key of this slot counts"))
            return false;
    }
    return true;
}

static bool plan_boot(struct planner *p)
{
    const struct fuse_wish *w = p->wish;
    static const char why[] = "secure boot";
    const char *enable = !p->is_esp32              ? "SECURE_BOOT_EN"
                         : w->boot == FUSE_BOOT_V1 ? "ABS_DONE_0"
                                                   : "ABS_DONE_1";
    if (w->boot == FUSE_BOOT_NONE)
        return true;
    return judge_boot(p) && plan_revoked(p) &&
           plan_names(p, FUSE_STAGE_CLOSE, p->rules->boot_with, why) &&
           plan_number(p, FUSE_STAGE_ENABLE, enable, 1, "secure boot is on") &&
           (!w->aggressive || plan_number(p, FUSE_STAGE_AFTER_BOOT, "SECURE_BOOT_AGGRESSIVE_REVOKE",
                                          1, "a wrong signature revokes its key")) &&
           plan_bit(p, FUSE_STAGE_LOCK, "WR_DIS", 0, "no digest can be hidden");
}

/* ---- Flash encryption, but for its key ---- */

static bool lock_field(struct planner *p, const char *name, const char *why)
{
    const struct fuse_field *field = planner_field(p, name);
    if (!field)
        return plan_cannot(p, "The %s has no fuse %s", p->chip, name);
    if (field->lock_bit == FUSE_NO_BIT)
        return plan_cannot(p, "%s of the %s cannot be locked", name, p->chip);
    return plan_bit(p, FUSE_STAGE_LOCK, "WR_DIS", field->lock_bit, why);
}

static bool is_half_key(const struct planner *p)
{
    for (size_t i = 0; i < p->wish->key_count; i++) {
        if (p->wish->keys[i].use == FUSE_KEY_FLASH)
            return p->wish->keys[i].count == 16;
    }
    return false;
}

/* ESP32-C2: which half of its block is the key's, must not be switched any more. */
static bool lock_crypt(struct planner *p)
{
    const char *name = p->rules->crypt_lock;
    if (!name && !p->is_esp32 && !p->has_purposes && p->wish->crypt == FUSE_CRYPT_RELEASE &&
        is_half_key(p))
        name = "XTS_KEY_LENGTH_256";
    return !name || lock_field(p, name, "flash encryption cannot be got round");
}

static bool plan_level(struct planner *p)
{
    const char *name = "XTS_DPA_PSEUDO_LEVEL";
    return !p->rules->pseudo_level || planner_value(p, name) > 1 ||
           plan_number(p, FUSE_STAGE_CLOSE, name, 1, "flash encryption tells less by its current");
}

static bool plan_crypt(struct planner *p)
{
    const bool release = p->wish->crypt == FUSE_CRYPT_RELEASE;
    const char *count = p->is_esp32 ? "FLASH_CRYPT_CNT" : "SPI_BOOT_CRYPT_CNT";
    static const char why[] = "flash encryption";
    if (p->wish->crypt == FUSE_CRYPT_NONE)
        return true;
    const uint32_t all = p->is_esp32 ? 0x7F : 7;
    return plan_names(p, FUSE_STAGE_CLOSE, p->rules->crypt_with, why) && plan_level(p) &&
           (!p->is_esp32 || plan_number(p, FUSE_STAGE_CLOSE, "FLASH_CRYPT_CONFIG", 0xF,
                                        "the key changes with the address")) &&
           (!release || plan_number(p, FUSE_STAGE_CLOSE, p->rules->crypt_release, 1,
                                    "nobody lets the loader encrypt")) &&
           plan_number(p, FUSE_STAGE_ENABLE, count, release ? all : 1,
                       release ? "flash encryption is on, for ever" : "flash encryption is on") &&
           lock_crypt(p);
}

/* ---- The rest ---- */

static bool has_jtag_key(const struct fuse_wish *w)
{
    for (size_t i = 0; i < w->key_count; i++) {
        if (w->keys[i].use == FUSE_KEY_HMAC_JTAG || w->keys[i].use == FUSE_KEY_HMAC_ALL)
            return true;
    }
    return false;
}

static bool plan_jtag(struct planner *p)
{
    const struct fuse_field *soft = planner_field(p, "SOFT_DIS_JTAG");
    if (p->wish->jtag == FUSE_JTAG_OFF)
        return plan_names(p, FUSE_STAGE_CLOSE, p->rules->jtag, "no JTAG");
    if (p->wish->jtag == FUSE_JTAG_KEEP)
        return true;
    if (!soft)
        return plan_cannot(p, "JTAG of the %s can be switched off for ever alone", p->chip);
    if (!has_jtag_key(p->wish))
        return plan_cannot(p, "JTAG that a key can open needs a key for it: hmac-jtag or hmac-all");
    return plan_number(p, FUSE_STAGE_CLOSE, "SOFT_DIS_JTAG", (1u << soft->bits) - 1,
                       "no JTAG but with a key");
}

/* Before that revision the ESP32's fuse can be burnt and does nothing. */
static bool plan_download(struct planner *p)
{
    if (p->wish->download == FUSE_DOWNLOAD_OPEN)
        return true;
    if (p->wish->download == FUSE_DOWNLOAD_SECURE)
        return plan_number(p, FUSE_STAGE_LOADER, "ENABLE_SECURITY_DOWNLOAD", 1,
                           "the loader only writes");
    if (!p->is_esp32)
        return plan_number(p, FUSE_STAGE_LOADER, "DIS_DOWNLOAD_MODE", 1, "no loader any more");
    if (p->revision < 300)
        return plan_refuse(p,
                           "UART_DOWNLOAD_DIS does nothing on an ESP32 before v3.0, and this is "
                           "v%u.%u",
                           p->revision / 100, p->revision % 100);
    return plan_number(p, FUSE_STAGE_LOADER, "UART_DOWNLOAD_DIS", 1, "no loader any more");
}

static uint8_t mac_crc(const uint8_t *mac)
{
    uint8_t crc = 0;
    for (int i = 0; i < 6; i++) {
        crc ^= mac[i];
        for (int k = 0; k < 8; k++)
            crc = (uint8_t)(crc & 1 ? crc >> 1 ^ 0x8C : crc >> 1);
    }
    return crc;
}

/* Bits of the ESP32's block 3 can be burnt one by one where it is not coded. */
static enum fuse_burn_kind kind_of_mac(const struct planner *p)
{
    return p->is_esp32 && planner_value(p, "CODING_SCHEME") != 1 ? FUSE_BURN_BITS : FUSE_BURN_KEY;
}

static bool plan_esp32_mac(struct planner *p, struct fuse_item *item)
{
    const struct fuse_field *crc = planner_field(p, "CUSTOM_MAC_CRC");
    const struct fuse_field *version = planner_field(p, "MAC_VERSION");
    if (!crc || !version)
        return plan_cannot(p, "Where the %s has its MAC's CRC is not known", p->chip);
    for (unsigned i = 0; i < 8; i++) {
        if (mac_crc(p->wish->mac) >> i & 1)
            set_bit(&item->burn, crc, i);
    }
    set_bit(&item->burn, version, 0);
    return true;
}

static bool plan_mac(struct planner *p)
{
    static const char why[] = "the product's own MAC";
    const struct fuse_field *field = planner_field(p, "CUSTOM_MAC");
    const bool given = p->wish->use_mac == FUSE_MAC_GIVEN;
    if (p->wish->use_mac == FUSE_MAC_FACTORY)
        return true;
    if (!field)
        return plan_cannot(p, "The %s has no place for a MAC of its own", p->chip);
    if (given && (p->wish->mac[0] & 1) != 0)
        return plan_cannot(p, "A MAC whose first byte is odd is none of a board");
    if (given && memcmp(p->wish->mac, (const uint8_t[6]){ 0 }, 6) == 0)
        return plan_cannot(p, "A MAC of zeros is none of a board");
    struct fuse_item *item = plan_bytes(p, FUSE_STAGE_IDENTITY, field, given ? p->wish->mac : NULL,
                                        6, kind_of_mac(p), why);
    if (!item)
        return false;
    item->made = !given;
    if (p->is_esp32 && given && !plan_esp32_mac(p, item))
        return false;
    return !planner_field(p, "CUSTOM_MAC_USED") ||
           plan_number(p, FUSE_STAGE_IDENTITY, "CUSTOM_MAC_USED", 1, why);
}

static bool plan_version(struct planner *p)
{
    const uint8_t n = p->wish->secure_version;
    if (n == 0)
        return true;
    if (n > 31)
        return plan_cannot(p, "A secure version is 31 at most");
    if (p->is_esp32 && planner_value(p, "CODING_SCHEME") != 0)
        return plan_refuse(p, "The secure version needs the coding scheme 0, and this board has "
                              "another");
    return plan_number(p, FUSE_STAGE_IDENTITY, "SECURE_VERSION", (1u << n) - 1,
                       "no older application starts");
}

static bool plan_others(struct planner *p)
{
    const struct fuse_wish *w = p->wish;
    for (size_t i = 0; i < w->fuse_count; i++) {
        const struct fuse_field *field = planner_field(p, w->fuses[i].name);
        const char *refusal = field ? fuse_refusal(field) : NULL;
        if (refusal)
            return plan_cannot(p, "%s is not burnt by its name: %s", field->name, refusal);
        if (!plan_number(p, FUSE_STAGE_CLOSE, w->fuses[i].name, w->fuses[i].value, "as wished"))
            return false;
    }
    for (size_t i = 0; i < w->lock_count; i++) {
        if (!lock_field(p, w->locks[i], "locked, as wished"))
            return false;
    }
    return true;
}

static bool plan_print(struct planner *p)
{
    return p->wish->uart_print == 0 || plan_number(p, FUSE_STAGE_AFTER_BOOT, "UART_PRINT_CONTROL",
                                                   p->wish->uart_print, "what the ROM prints");
}

/* ESP32-S3: with both its ROM stops in the loader. Source: espefuse refuses the pair. */
static bool judge_pairs(struct planner *p)
{
    unsigned have = 0;
    for (size_t i = 0; i < p->plan->count; i++) {
        have += strcmp(p->plan->items[i].field->name, "DIS_USB_JTAG") == 0;
        have += strcmp(p->plan->items[i].field->name, "DIS_USB_SERIAL_JTAG") == 0;
    }
    have += planner_value(p, "DIS_USB_SERIAL_JTAG") != 0;
    return strcmp(p->chip, "ESP32-S3") != 0 || have < 2 ||
           plan_cannot(p, "DIS_USB_JTAG and DIS_USB_SERIAL_JTAG together stop the ESP32-S3's ROM "
                          "in its loader");
}

static bool make(struct planner *p)
{
    if (!p->rules || p->rules->missing)
        return plan_cannot(p, "No fuse of the %s is planned: %s", p->chip,
                           p->rules ? p->rules->missing : "nothing is known of them");
    return plan_keys(p) && plan_boot(p) && plan_crypt(p) && plan_jtag(p) && plan_mac(p) &&
           plan_version(p) && plan_others(p) && plan_print(p) && plan_download(p) &&
           judge_pairs(p) && plan_judge(p);
}

bool fuse_plan_make(const struct fuse_set *set, const char *chip, uint32_t revision,
                    const struct fuse_words *words, const struct fuse_wish *wish,
                    struct fuse_plan *plan, struct err *e)
{
    struct planner p = { .set = set,
                         .rules = fuse_rules_of(set),
                         .chip = chip,
                         .revision = revision,
                         .words = words,
                         .wish = wish,
                         .plan = plan,
                         .e = e };
    memset(plan, 0, sizeof *plan);
    plan->set = set;
    plan->revision = revision;
    p.is_esp32 = planner_field(&p, "ABS_DONE_0") != NULL;
    p.has_purposes = planner_field(&p, "KEY_PURPOSE_0") != NULL;
    if (make(&p))
        return true;
    fuse_plan_wipe(plan);
    return false;
}

/* ---- A plan that is made ---- */

void fuse_plan_step(const struct fuse_plan *plan, unsigned step, struct fuse_burn *burn)
{
    memset(burn, 0, sizeof *burn);
    for (size_t i = 0; i < plan->count; i++) {
        const struct fuse_item *item = &plan->items[i];
        if (item->step != step)
            continue;
        burn->block = item->burn.block;
        burn->kind = item->burn.kind;
        burn->count = item->burn.count;
        for (size_t k = 0; k < FUSE_WORDS_MAX; k++)
            burn->word[k] |= item->burn.word[k];
    }
}

/* All that a bit of WR_DIS locks, by their names. */
static void list_locked(const struct fuse_plan *plan, uint32_t bits,
                        char text[static FUSE_LOSS_CAP])
{
    size_t at = 0;
    for (const struct fuse_field *f = plan->set->fields; f->name && at < FUSE_LOSS_CAP - 1; f++) {
        if (f->lock_bit == FUSE_NO_BIT || !(bits >> f->lock_bit & 1) ||
            (f->below_revision != 0 && plan->revision >= f->below_revision))
            continue;
        int n = snprintf(text + at, FUSE_LOSS_CAP - at, "%s%s",
                         at ? ", " : "nothing more in: ", f->name);
        at += n > 0 ? (size_t)n : 0;
    }
}

void fuse_item_loss(const struct fuse_plan *plan, const struct fuse_item *item,
                    char text[static FUSE_LOSS_CAP])
{
    const char *loss = fuse_loss(item->field->name);
    text[0] = '\0';
    if (strcmp(item->field->name, "WR_DIS") == 0)
        list_locked(plan, item->value, text);
    else if (item->field->bits > 48)
        snprintf(text, FUSE_LOSS_CAP, "the block is used up");
    else
        snprintf(text, FUSE_LOSS_CAP, "%s", loss ? loss : "");
}

void fuse_plan_wipe(struct fuse_plan *plan)
{
    OPENSSL_cleanse(plan, sizeof *plan);
}
