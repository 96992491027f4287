/* The engine's interface is deprecated, and the only one that Debian 12 has for tokens. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "station/attempt/key_token.h"

#include "station/attempt/key_file.h"
#include "station/base/locked.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CAP     1024
#define LIBRARY      "pkcs11" /* of the provider, and of the engine */
#define PIN_SOURCE   "pin-source="
#define WRAPPED_BITS 2048

struct key_token {
    EVP_PKEY *key, *public_key; /* the latter is held by libcrypto itself */
    pthread_mutex_t lock;       /* one operation in the token at a time */
    OSSL_PROVIDER *provider;
#ifndef OPENSSL_NO_ENGINE
    ENGINE *engine;
#endif
};

/* While it is opened. */
struct opening {
    char name[NAME_CAP]; /* without what says where the PIN is */
    char source[NAME_CAP];
    char *pin; /* in locked memory */
    struct err *e;
};

/* ---- Names ---- */

bool key_token_is_named(const char *name)
{
    return strncmp(name, KEY_TOKEN_NAME, strlen(KEY_TOKEN_NAME)) == 0;
}

const char *key_token_problem(const char *name)
{
    if (strlen(name) >= NAME_CAP)
        return "the name of a key in a token is too long";
    if (strstr(name, "pin-value"))
        return "a PIN has no place in a key's name, which others read: put it into a file of mode "
               "0600, and give pin-source=FILE";
    if (strcmp(name, KEY_TOKEN_NAME) == 0)
        return "the name of a key in a token says which, as in pkcs11:token=line;object=one";
    return NULL;
}

/* Takes `pin-source=...` out, which is for us alone: libraries differ in what they make of it. */
static bool split_name(struct opening *o, const char *name)
{
    const char *problem = key_token_problem(name);
    if (problem)
        return err_set(o->e, ERR_USAGE, "%s", problem);
    snprintf(o->name, sizeof o->name, "%s", name);
    char *at = strstr(o->name, PIN_SOURCE);
    if (!at)
        return true;
    if (at == o->name || !strchr("?&;", at[-1]))
        return err_set(o->e, ERR_USAGE, "'pin-source' stands behind a ? in a key's name");
    const char *value = at + strlen(PIN_SOURCE);
    const size_t n = strcspn(value, "&;");
    if (strncmp(value, "file:", 5) == 0)
        snprintf(o->source, sizeof o->source, "%.*s", (int)n - 5, value + 5);
    else
        snprintf(o->source, sizeof o->source, "%.*s", (int)n, value);
    const char *rest = value + n;
    if (*rest != '\0')
        memmove(at, rest + 1, strlen(rest));
    else
        at[-1] = '\0';
    return o->source[0] != '\0' || err_set(o->e, ERR_USAGE, "'pin-source' names no file");
}

/* ---- The PIN ---- */

static bool read_pin(struct opening *o, const char *folder)
{
    char path[2 * NAME_CAP];
    size_t n = 0;
    const bool is_relative = o->source[0] != '/' && folder[0] != '\0';
    snprintf(path, sizeof path, "%s%s%s", is_relative ? folder : "", is_relative ? "/" : "",
             o->source);
    if (!key_file_read_any(path, o->source, (uint8_t *)o->pin, KEY_TOKEN_PIN_CAP - 1, &n, o->e))
        return false;
    o->pin[n] = '\0';
    o->pin[strcspn(o->pin, "\r\n")] = '\0';
    return o->pin[0] != '\0' ||
           err_set(o->e, ERR_USAGE, "The file '%.100s' holds no PIN", o->source);
}

static bool get_pin(struct opening *o, enum key_token_half half, const char *folder,
                    key_token_ask ask)
{
    if (o->source[0] != '\0')
        return read_pin(o, folder);
    if (half == KEY_TOKEN_PUBLIC)
        return true;
    if (ask)
        return ask("PIN of the token", o->pin, o->e);
    err_set(o->e, ERR_USAGE, "The key '%.100s' needs a PIN, and here is nobody to ask", o->name);
    return err_hint(o->e, "Put the PIN into a file of mode 0600, and add to the key's name: "
                          "?pin-source=FILE");
}

/* ---- What libcrypto says ---- */

static bool fail(const struct opening *o, const char *what)
{
    const unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    err_set(o->e, ERR_USAGE, "The key '%.90s' %s%s%s", o->name, what, reason ? ": " : "",
            reason ? reason : "");
    ERR_clear_error();
    return err_hint(o->e, "Whether it is there: pkcs11-tool -O --login. A PIN that is told wrong a "
                          "few times locks the token.");
}

/* ---- The provider ---- */

/* Libraries ask again after a wrong PIN: they get no second answer. */
static int open_ui(UI *ui)
{
    (void)ui;
    return 1;
}

static int give_pin(UI *ui, UI_STRING *wanted)
{
    struct opening *o = UI_get0_user_data(ui);
    const enum UI_string_types type = UI_get_string_type(wanted);
    if (type != UIT_PROMPT && type != UIT_VERIFY)
        return 1;
    if (!o || !o->pin || o->pin[0] == '\0')
        return 0;
    const int set = UI_set_result(ui, wanted, o->pin);
    OPENSSL_cleanse(o->pin, KEY_TOKEN_PIN_CAP);
    return set >= 0;
}

static UI_METHOD *new_ui(void)
{
    UI_METHOD *method = UI_create_method("espstation");
    if (method) {
        UI_method_set_opener(method, open_ui);
        UI_method_set_reader(method, give_pin);
    }
    return method;
}

static EVP_PKEY *take_key(OSSL_STORE_CTX *store, enum key_token_half half)
{
    EVP_PKEY *key = NULL;
    while (!key && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        const int type = info ? OSSL_STORE_INFO_get_type(info) : 0;
        if (type == OSSL_STORE_INFO_PKEY && half == KEY_TOKEN_PRIVATE)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        else if (type == OSSL_STORE_INFO_PUBKEY)
            key = half == KEY_TOKEN_PUBLIC ? OSSL_STORE_INFO_get1_PUBKEY(info) : NULL;
        OSSL_STORE_INFO_free(info);
        if (!info && OSSL_STORE_error(store))
            break;
    }
    return key;
}

static bool load_by_provider(struct key_token *t, struct opening *o, enum key_token_half half)
{
    UI_METHOD *ui = new_ui();
    OSSL_STORE_CTX *store = ui ? OSSL_STORE_open(o->name, ui, o, NULL, NULL) : NULL;
    if (store && OSSL_STORE_expect(store, half == KEY_TOKEN_PRIVATE ? OSSL_STORE_INFO_PKEY
                                                                    : OSSL_STORE_INFO_PUBKEY) == 1)
        t->key = take_key(store, half);
    OSSL_STORE_close(store);
    UI_destroy_method(ui);
    return t->key || fail(o, "is not found in any token, or the PIN is wrong");
}

/* ---- The engine ---- */

#ifndef OPENSSL_NO_ENGINE
static bool load_by_engine(struct key_token *t, struct opening *o, enum key_token_half half)
{
    ENGINE_load_builtin_engines();
    t->engine = ENGINE_by_id(LIBRARY);
    if (!t->engine || ENGINE_init(t->engine) != 1) {
        ENGINE_free(t->engine);
        t->engine = NULL;
        return fail(o, "cannot be used: libcrypto has neither a provider nor an engine 'pkcs11'") ||
               err_hint(o->e, "Install pkcs11-provider, or libengine-pkcs11-openssl on Debian 12.");
    }
    ENGINE_ctrl_cmd_string(t->engine, "QUIET", NULL, 0); /* it prints what fails */
    UI_METHOD *ui = new_ui();
    if (ui && o->pin[0] != '\0')
        ENGINE_ctrl_cmd_string(t->engine, "PIN", o->pin, 0);
    t->key = !ui                         ? NULL
             : half == KEY_TOKEN_PRIVATE ? ENGINE_load_private_key(t->engine, o->name, ui, o)
                                         : ENGINE_load_public_key(t->engine, o->name, ui, o);
    UI_destroy_method(ui);
    return t->key || fail(o, "is not found in any token, or the PIN is wrong");
}

static void end_engine(struct key_token *t)
{
    if (!t->engine)
        return;
    ENGINE_ctrl_cmd_string(t->engine, "PIN", "", 0); /* wipes the one it has */
    ENGINE_finish(t->engine);
    ENGINE_free(t->engine);
}
#else
static bool load_by_engine(struct key_token *t, struct opening *o, enum key_token_half half)
{
    (void)t, (void)half;
    return fail(o, "cannot be used: libcrypto has no provider 'pkcs11'") ||
           err_hint(o->e, "Install pkcs11-provider.");
}

static void end_engine(struct key_token *t)
{
    (void)t;
}
#endif

/* ---- Its life ---- */

/* What is public libcrypto reckons with by itself. */
static bool copy_public(struct key_token *t, struct opening *o)
{
    unsigned char *der = NULL;
    const int n = i2d_PUBKEY(t->key, &der);
    const unsigned char *at = der;
    t->public_key = n > 0 ? d2i_PUBKEY(NULL, &at, n) : NULL;
    OPENSSL_free(der);
    return t->public_key || fail(o, "does not tell its public half");
}

static bool load(struct key_token *t, struct opening *o, enum key_token_half half)
{
    ERR_clear_error();
    t->provider = OSSL_PROVIDER_try_load(NULL, LIBRARY, 1);
    ERR_clear_error();
    const bool ok = t->provider ? load_by_provider(t, o, half) : load_by_engine(t, o, half);
    return ok && copy_public(t, o);
}

struct key_token *key_token_open(const char *name, enum key_token_half half, const char *folder,
                                 key_token_ask ask, struct err *e)
{
    struct opening o = { .e = e };
    struct key_token *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(e, ERR_STATION, "Out of memory for a key in a token");
        return NULL;
    }
    pthread_mutex_init(&t->lock, NULL);
    o.pin = locked_new(KEY_TOKEN_PIN_CAP, e);
    const bool ok =
        o.pin && split_name(&o, name) && get_pin(&o, half, folder, ask) && load(t, &o, half);
    locked_free(o.pin, KEY_TOKEN_PIN_CAP);
    if (ok)
        return t;
    key_token_free(t);
    return NULL;
}

void key_token_free(struct key_token *t)
{
    if (!t)
        return;
    EVP_PKEY_free(t->key);
    EVP_PKEY_free(t->public_key);
    end_engine(t);
    if (t->provider)
        OSSL_PROVIDER_unload(t->provider);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

struct evp_pkey_st *key_token_key(const struct key_token *t)
{
    return t->key;
}

/* ---- Wrapping ---- */

size_t key_token_wrapped_bytes(const struct key_token *t)
{
    const int bits = EVP_PKEY_get_bits(t->public_key);
    const bool wraps = EVP_PKEY_is_a(t->public_key, "RSA") && bits >= WRAPPED_BITS &&
                       bits <= 8 * KEY_TOKEN_WRAPPED_MAX_BYTES;
    return wraps ? (size_t)(bits + 7) / 8 : 0;
}

/* OAEP as all tokens have it, with SHA-1 inside: what breaks SHA-1 elsewhere is of no use there. */
static bool choose_oaep(EVP_PKEY_CTX *c)
{
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha1()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha1()) == 1;
}

bool key_token_wrap(const struct key_token *t, const uint8_t *bytes, size_t count, uint8_t *out,
                    size_t *n, struct err *e)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(t->public_key, NULL);
    const bool ok = c && EVP_PKEY_encrypt_init(c) == 1 && choose_oaep(c) &&
                    EVP_PKEY_encrypt(c, out, n, bytes, count) == 1;
    EVP_PKEY_CTX_free(c);
    return ok || err_set(e, ERR_STATION, "Keys cannot be wrapped for the token");
}

bool key_token_unwrap(struct key_token *t, const uint8_t *bytes, size_t count, uint8_t *out,
                      size_t *n, struct err *e)
{
    pthread_mutex_lock(&t->lock);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(t->key, NULL);
    const bool ok = c && EVP_PKEY_decrypt_init(c) == 1 && choose_oaep(c) &&
                    EVP_PKEY_decrypt(c, out, n, bytes, count) == 1;
    EVP_PKEY_CTX_free(c);
    ERR_clear_error();
    pthread_mutex_unlock(&t->lock);
    return ok || err_set(e, ERR_STATION, "The token does not unwrap the keys of this board");
}
