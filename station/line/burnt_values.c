#include "station/line/burnt_values.h"

#include "db/store/db.h"
#include "station/attempt/key_file.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 32u

bool burnt_mac_read(const char *name, const char *text, uint8_t mac[static 6], struct err *e)
{
    char plain[DB_MAC_CAP];
    struct err not_one = { 0 };
    if (!db_mac_normalise(text, plain, &not_one) || strlen(plain) != 17)
        return err_set(e, ERR_UNIT, "The unit's value '%.32s' is no MAC of six bytes", name);
    for (size_t k = 0; k < 6; k++) {
        unsigned byte = 0;
        sscanf(plain + 3 * k, "%2x", &byte);
        mac[k] = (uint8_t)byte;
    }
    if (memcmp(mac, (const uint8_t[6]){ 0 }, 6) == 0)
        return err_set(e, ERR_UNIT, "The unit's value '%.32s' is a MAC of zeros: none of a board",
                       name);
    if ((mac[0] & 1) != 0)
        return err_set(e, ERR_UNIT,
                       "The unit's value '%.32s' is a MAC whose first byte is odd, which is for "
                       "groups: none of a board",
                       name);
    return true;
}

static bool judge_key(const char *name, const char *text, struct err *e)
{
    uint8_t bytes[KEY_BYTES];
    size_t n = 0;
    const bool ok = OPENSSL_hexstr2buf_ex(bytes, sizeof bytes, &n, text, '\0') == 1 &&
                    n == sizeof bytes && !key_is_pattern(bytes, n);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok || err_set(e, ERR_UNIT,
                         "The unit's value '%.32s' is no key of 32 bytes, or a pattern (zeros, "
                         "counted up, one half twice)",
                         name);
}

/* NULL: no value has the name, or it is not known yet. */
static const char *text_of(const struct recipe *r, const char *const *texts, const char *name)
{
    const size_t i = name ? unit_value_find(&r->unit, name, strlen(name)) : UNIT_NO_VALUE;
    return i != UNIT_NO_VALUE ? texts[i] : NULL;
}

static bool judge_all(const struct recipe *r, const char *const *texts, struct err *e)
{
    uint8_t mac[6];
    const char *text = text_of(r, texts, r->security.mac);
    bool ok = !text || burnt_mac_read(r->security.mac, text, mac, e);
    for (size_t i = 0; ok && i < r->security.key_count; i++) {
        const char *name = r->security.keys[i].value;
        text = text_of(r, texts, name);
        ok = !text || judge_key(name, text, e);
    }
    return ok;
}

bool burnt_values_judge(const struct recipe *r, const char *const *texts, struct err *e)
{
    return judge_all(r, texts, e) ||
           err_hint(e, "Mend it where it comes from, then run the board again: the board has not "
                       "got it, and nothing was burnt.");
}
