/* What the keys of the section `security` say to each other, and to the chip. */
#include "core/base/nearest.h"
#include "core/facts/chip.h"
#include "core/fuses/fuse_rules.h"
#include "recipes/security/security_priv.h"

#include <stdlib.h>
#include <string.h>

struct check {
    struct doc_report *report;
    const struct security *s;
    const struct security_places *at;
    const struct chip *chip;
    const struct fuse_set *set; /* of the newest revision */
    const struct fuse_rules *rules;
};

static bool given(struct doc_pos at)
{
    return at.line > 0;
}

/* ---- Secure boot ---- */

static void check_digest(const struct check *c, size_t i)
{
    const struct security_digest *d = &c->s->boot.keys[i];
    if (!d->key.file && !d->given)
        doc_report_add(c->report, d->at,
                       "this key has neither 'file' nor 'digest': give one of them");
    if (d->key.file && d->given)
        doc_report_add(c->report, d->digest_at, "this key has both 'file' and 'digest': give one");
    if (i >= c->rules->digests)
        doc_report_add(c->report, d->at, "the %s trusts %u key%s, and this is number %zu",
                       c->chip->name, c->rules->digests, c->rules->digests == 1 ? "" : "s", i + 1);
}

static void check_v2(const struct check *c)
{
    if (c->s->boot.key_count == 0)
        doc_report_add(c->report, c->at->boot,
                       "secure boot v2 without 'keys': nothing would ever start");
    if (given(c->at->boot_key))
        doc_report_add(c->report, c->at->boot_key, "'key' is of secure boot v1; v2 has 'keys'");
    for (size_t i = 0; i < c->s->boot.key_count; i++)
        check_digest(c, i);
}

static void check_v1(const struct check *c)
{
    if (strcmp(c->chip->id_name, "esp32") != 0)
        doc_report_add(c->report, c->at->boot, "secure boot v1 is the ESP32's alone; the %s has v2",
                       c->chip->name);
    if (!given(c->at->boot_key))
        doc_report_add(c->report, c->at->boot, "secure boot v1 without 'key': nothing would start");
    if (c->s->boot.key.board)
        doc_report_add(c->report, c->at->boot_key,
                       "a board's own key of secure boot v1 is not made here: give its file");
    for (size_t i = 0; i < c->s->boot.key_count; i++)
        doc_report_add(c->report, c->s->boot.keys[i].at,
                       "'keys' are of secure boot v2; v1 has 'key'");
    if (given(c->at->unused) || given(c->at->aggressive))
        doc_report_add(c->report, given(c->at->unused) ? c->at->unused : c->at->aggressive,
                       "secure boot v1 revokes no keys");
}

static void check_boot(const struct check *c)
{
    if (c->s->boot.asked)
        (c->s->boot.version == SECURITY_BOOT_V2 ? check_v2 : check_v1)(c);
}

/* ---- Flash encryption ---- */

static void check_flash_key(const struct check *c)
{
    const struct security_key *key = &c->s->crypt.key;
    if (key->file && c->s->crypt.mode == SECURITY_RELEASE && c->s->crypt.shared == SECURITY_FALSE)
        doc_report_add(c->report, c->at->key,
                       "one key for all boards, in release mode: one board that leaks it opens "
                       "all; expected key: board, or shared: true as well, if that is meant");
    if (key->board && c->s->crypt.shared == SECURITY_TRUE)
        doc_report_add(c->report, c->at->shared,
                       "'shared' says that all boards have one key, and key: board that each has "
                       "its own");
    if (!key->board && given(c->at->bits))
        doc_report_add(c->report, c->at->bits, "'bits' means nothing for a key from a file");
    if (c->s->crypt.bits == SECURITY_BITS_256 && !c->rules->long_flash_key)
        doc_report_add(c->report, c->at->bits, "the %s has XTS-AES-128 alone", c->chip->name);
}

static void check_release(const struct check *c)
{
    if (c->s->crypt.mode != SECURITY_RELEASE)
        return;
    if (!given(c->at->download))
        doc_report_add(c->report, c->at->mode,
                       "release mode without 'download': say what becomes of the loader (secure, "
                       "none, or open if that is meant)");
    if (c->s->jtag == SECURITY_JTAG_KEEP)
        doc_report_add(c->report, c->at->jtag,
                       "JTAG that stays open reads what flash encryption hides");
}

static void check_crypt(const struct check *c)
{
    if (!c->s->crypt.asked)
        return;
    check_flash_key(c);
    check_release(c);
}

/* ---- Names of fuses ---- */

/* The field; NULL: a mistake, with the nearest name. */
static const struct fuse_field *find(const struct check *c, const char *name, struct doc_pos at)
{
    struct nearest near;
    const struct fuse_field *field = fuse_by_name(c->set, UINT32_MAX, name);
    if (field)
        return field;
    nearest_init(&near, name);
    for (const struct fuse_field *f = c->set->fields; f->name; f++)
        nearest_offer(&near, f->name, f->name);
    doc_report_add(c->report, at, "the %s has no fuse '%.64s'%s%s%s", c->chip->name, name,
                   near.best ? "; did you mean '" : "", near.best ? near.best : "",
                   near.best ? "'?" : "; its names: espstation fuses");
    return NULL;
}

static void check_fuse(const struct check *c, size_t i)
{
    const struct security_fuse *f = &c->s->fuses[i];
    const struct fuse_field *field = find(c, f->name, f->name_at);
    const char *refusal = field ? fuse_refusal(field) : NULL;
    if (!field)
        return;
    if (refusal)
        doc_report_add(c->report, f->name_at, "%s is not burnt by its name: %s", f->name, refusal);
    else if (field->bits < 32 && f->value >> field->bits != 0)
        doc_report_add(c->report, f->value_at, "%s has %u bit%s: %u does not fit", f->name,
                       field->bits, field->bits == 1 ? "" : "s", f->value);
    for (size_t k = 0; k < i; k++) {
        if (strcmp(c->s->fuses[k].name, f->name) == 0)
            doc_report_add(c->report, f->name_at, "%s is in the list twice", f->name);
    }
}

static void check_names(const struct check *c)
{
    for (size_t i = 0; i < c->s->fuse_count; i++)
        check_fuse(c, i);
    for (size_t i = 0; i < c->s->lock_count; i++) {
        const struct fuse_field *field = find(c, c->s->locks[i], c->at->lock);
        if (field && field->lock_bit == FUSE_NO_BIT)
            doc_report_add(c->report, c->at->lock, "%s of the %s cannot be locked", field->name,
                           c->chip->name);
    }
}

/* ---- Keys for HMAC and signatures ---- */

static void check_source(const struct check *c, const struct security_hmac *h)
{
    const bool has_key = h->key.board || h->key.file;
    if (!has_key && !h->value)
        doc_report_add(c->report, h->at,
                       "this key has neither 'key' nor 'value': give one of them");
    if (has_key && h->value)
        doc_report_add(c->report, h->value_at, "this key has both 'key' and 'value': give one");
    if (h->use == SECURITY_DS && h->key.board)
        doc_report_add(c->report, h->key.file_at,
                       "what signs is encrypted for this key beforehand (image cert), which nobody "
                       "could do for one that is made for the board alone; expected a file, or a "
                       "value of the unit");
    if (h->use == SECURITY_ECDSA && h->key.board)
        doc_report_add(c->report, h->key.file_at,
                       "nobody would know the public half of a key that is made for the board "
                       "alone; expected a file, or a value of the unit");
}

static void check_use(const struct check *c, const struct security_hmac *h)
{
    if (h->use == SECURITY_ECDSA ? !c->rules->ecdsa : !c->rules->hmac)
        doc_report_add(c->report, h->at, "the %s has no %s", c->chip->name,
                       h->use == SECURITY_ECDSA ? "peripheral for ECDSA" : "HMAC");
    else if (h->use == SECURITY_DS && c->rules->ds_number_bytes == 0)
        doc_report_add(c->report, h->at,
                       "no source says with which RSA keys the %s signs: no key for it is burnt",
                       c->chip->name);
}

static void check_hmacs(const struct check *c)
{
    for (size_t i = 0; i < c->s->key_count; i++) {
        check_source(c, &c->s->keys[i]);
        check_use(c, &c->s->keys[i]);
    }
}

/* ---- Key blocks ---- */

static void check_block(const struct check *c, const struct security_key *key, struct doc_pos at,
                        bool *taken)
{
    char name[] = "BLOCK_KEY0";
    if (!given(at))
        return;
    name[sizeof name - 2] = (char)('0' + key->block);
    if (!fuse_by_name(c->set, UINT32_MAX, "KEY_PURPOSE_0"))
        doc_report_add(c->report, at, "the %s has no choice of key blocks: leave 'block' out",
                       c->chip->name);
    else if (!fuse_by_name(c->set, UINT32_MAX, name))
        doc_report_add(c->report, at, "the %s has no key block %u", c->chip->name, key->block);
    else if (taken[key->block])
        doc_report_add(c->report, at, "key block %u is given to two keys", key->block);
    taken[key->block] = true;
}

static void check_blocks(const struct check *c)
{
    bool taken[6] = { false };
    for (size_t i = 0; i < c->s->boot.key_count; i++)
        check_block(c, &c->s->boot.keys[i].key, c->s->boot.keys[i].key.block_at, taken);
    check_block(c, &c->s->crypt.key, c->at->block, taken);
    for (size_t i = 0; i < c->s->key_count; i++)
        check_block(c, &c->s->keys[i].key, c->s->keys[i].key.block_at, taken);
}

/* What a chip is to hold leaves a token only where it is none. */
static void check_token(const struct check *c, const struct security_key *key)
{
    if (key->token)
        doc_report_add(c->report, key->file_at,
                       "a key in a token cannot be burnt, for it never leaves it: expected a file");
}

static void check_tokens(const struct check *c)
{
    check_token(c, &c->s->boot.key);
    check_token(c, &c->s->crypt.key);
    check_token(c, &c->s->keep.folder);
    for (size_t i = 0; i < c->s->key_count; i++)
        check_token(c, &c->s->keys[i].key);
}

/* ---- The rest ---- */

/* What cannot be read back any more must have been proved before. */
static void check_download(const struct check *c, bool proved)
{
    if (c->s->download != SECURITY_LOADER_OPEN && !proved)
        doc_report_add(c->report, c->at->download,
                       "'download' closes the loader for good, and verify: none proves nothing "
                       "before; expected verify: md5");
    if (c->s->download == SECURITY_LOADER_SECURE &&
        !fuse_by_name(c->set, UINT32_MAX, "ENABLE_SECURITY_DOWNLOAD"))
        doc_report_add(c->report, c->at->download, "the %s has no Secure Download Mode",
                       c->chip->name);
}

static void check_has_fuse(const struct check *c, bool wished, struct doc_pos at, const char *name)
{
    if (wished && !fuse_by_name(c->set, UINT32_MAX, name))
        doc_report_add(c->report, at, "the %s has no fuse for that (%s)", c->chip->name, name);
}

static void check_mac(const struct check *c, bool has_value)
{
    if (c->s->mac && !has_value)
        doc_report_add(c->report, c->at->mac,
                       "'custom_mac' names '%.32s', which is no value of the section 'unit': a MAC "
                       "is each board's own",
                       c->s->mac);
}

static bool has_own_keys(const struct security *s)
{
    for (size_t i = 0; i < s->key_count; i++) {
        if (s->keys[i].key.board)
            return true;
    }
    return s->crypt.asked && s->crypt.key.board;
}

static void check_keep(const struct check *c)
{
    if (c->s->keep.asked && !has_own_keys(c->s))
        doc_report_add(c->report, c->at->keep,
                       "'keep' is for keys that are each board's own, and none is: key: board");
}

static void check_empty(const struct check *c)
{
    const struct security *s = c->s;
    if (!s->boot.asked && !s->crypt.asked && s->jtag <= SECURITY_JTAG_KEEP &&
        s->download == SECURITY_LOADER_OPEN && s->print == SECURITY_PRINT_KEEP && !s->mac &&
        s->secure_version == 0 && s->key_count == 0 && s->fuse_count == 0 && s->lock_count == 0)
        doc_report_add(c->report, c->at->section, "'security' wishes nothing: leave it out");
}

void security_check(struct doc_report *report, struct security *s, const struct chip *chip,
                    const struct security_places *at, bool proved, bool has_value)
{
    const struct fuse_set *set = chip_fuses(chip, UINT32_MAX);
    const struct fuse_rules *rules = set ? fuse_rules_of(set) : NULL;
    const struct check c = { report, s, at, chip, set, rules };
    if (!rules || rules->missing) {
        doc_report_add(report, at->section, "no fuse of the %s is burnt: %s", chip->name,
                       rules ? rules->missing : "it has none with names here");
        return;
    }
    check_boot(&c);
    check_crypt(&c);
    check_hmacs(&c);
    check_names(&c);
    check_blocks(&c);
    check_tokens(&c);
    check_download(&c, proved);
    check_has_fuse(&c, s->print != SECURITY_PRINT_KEEP, at->print, "UART_PRINT_CONTROL");
    check_has_fuse(&c, s->boot.aggressive == SECURITY_TRUE, at->aggressive,
                   "SECURE_BOOT_AGGRESSIVE_REVOKE");
    check_has_fuse(&c, s->jtag == SECURITY_JTAG_SOFT, at->jtag, "SOFT_DIS_JTAG");
    check_has_fuse(&c, s->secure_version != 0, at->version, "SECURE_VERSION");
    check_has_fuse(&c, s->mac != NULL, at->mac, "CUSTOM_MAC");
    check_mac(&c, has_value);
    check_keep(&c);
    check_empty(&c);
}
