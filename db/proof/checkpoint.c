/*
 * A checkpoint: a short text about the end of the chain at one moment, with a signature.
 *
 *   espstation checkpoint 1
 *   lot: 2026-11                 (only where it closes a lot)
 *   made: 2026-03-04T05:06:07.089Z
 *   by: Eve
 *   host: line3
 *   link: 4711
 *   sha256: 9f2c...              of that link, and so of every row up to it
 *   runs: 120
 *   passed: 118
 *   key: MCowBQYDK2Vw...         the public key, base64 of its DER form
 *   signature: kYvm...           base64; of all bytes before this line
 */
#include "db/proof/checkpoint_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE "espstation checkpoint 1\n"

/* One line for each value: a name that held a line feed could say more than it is asked. */
static bool is_one_line(const char *text)
{
    for (; text && *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return false;
    }
    return true;
}

static void append(char text[static DB_CHECKPOINT_CAP], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char text[static DB_CHECKPOINT_CAP], const char *fmt, ...)
{
    const size_t used = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + used, DB_CHECKPOINT_CAP - used, fmt, ap);
    va_end(ap);
}

bool checkpoint_write(const struct checkpoint *c, const struct key *key,
                      char text[static DB_CHECKPOINT_CAP], char signature[static KEY_SIGNATURE_CAP],
                      struct err *e)
{
    char utc[DB_UTC_CAP];
    if (!is_one_line(c->lot) || !is_one_line(c->operator_name) || !is_one_line(c->host)) {
        err_set(e, ERR_USAGE,
                "A name with a line feed or another control character in it cannot "
                "be signed");
        return err_hint(e, "Check the names of lot, operator and host.");
    }
    if (!db_utc_text(c->utc_ms, utc))
        return err_set(e, ERR_STATION, "The clock shows no year from 1970 to 9999");
    snprintf(text, DB_CHECKPOINT_CAP, FIRST_LINE);
    if (c->lot)
        append(text, "lot: %s\n", c->lot);
    append(text, "made: %s\nby: %.200s\nhost: %s\n", utc, !c->operator_name ? "" : c->operator_name,
           c->host);
    append(text, "link: %" PRId64 "\nsha256: %s\n", c->end.link, c->end.sha256);
    append(text, "runs: %" PRId64 "\npassed: %" PRId64 "\nkey: %s\n", c->runs, c->passed,
           key_public(key));
    return key_sign(key, text, signature, e);
}

void checkpoint_join(const char *text, const char *signature, char file[static DB_CHECKPOINT_CAP])
{
    snprintf(file, DB_CHECKPOINT_CAP, "%s", text);
    append(file, "signature: %s\n", signature);
}

/* ---- Reading ---- */

/* The value behind "NAME: " at the start of a line. False: missing, doubled or too long. */
static bool value_of(const char *text, const char *name, char *value, size_t cap)
{
    int found = 0;
    for (const char *line = text; line[0] != '\0';) {
        const size_t length = strcspn(line, "\n");
        const size_t n = strlen(name);
        if (length >= n && strncmp(line, name, n) == 0) {
            if (length - n >= cap)
                return false;
            snprintf(value, cap, "%.*s", (int)(length - n), line + n);
            found++;
        }
        line += length + (line[length] == '\n');
    }
    return found == 1;
}

static bool parse_number(const char *text, int64_t *number)
{
    *number = 0;
    if (text[0] == '\0' || strlen(text) > 18 || text[strspn(text, "0123456789")] != '\0')
        return false;
    for (; *text != '\0'; text++)
        *number = *number * 10 + (*text - '0');
    return true;
}

bool checkpoint_read(const char *text, const char *signature, struct checkpoint_said *said)
{
    char number[32];
    memset(said, 0, sizeof *said);
    if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 ||
        !value_of(text, "link: ", number, sizeof number) || !parse_number(number, &said->link) ||
        !value_of(text, "sha256: ", said->sha256, sizeof said->sha256) ||
        !value_of(text, "key: ", said->public_key, sizeof said->public_key))
        return false;
    if (!value_of(text, "lot: ", said->lot, sizeof said->lot))
        said->lot[0] = '\0';
    return key_verifies(said->public_key, text, strlen(text), signature);
}

bool checkpoint_is_one(const char *file)
{
    return strncmp(file, FIRST_LINE, strlen(FIRST_LINE) - 1) == 0;
}

bool checkpoint_read_file(const char *file, struct checkpoint_said *said)
{
    static const char mark[] = "\nsignature: ";
    char text[DB_CHECKPOINT_CAP], signature[KEY_SIGNATURE_CAP];
    const char *line = strstr(file, mark);
    if (!line || (size_t)(line - file) + 2 > sizeof text)
        return false;
    const char *value = line + strlen(mark);
    const size_t n = strcspn(value, "\r\n");
    if (n >= sizeof signature || value[n + strspn(value + n, "\r\n")] != '\0')
        return false;
    snprintf(text, sizeof text, "%.*s\n", (int)(line - file), file);
    snprintf(signature, sizeof signature, "%.*s", (int)n, value);
    return checkpoint_read(text, signature, said);
}

/* ---- Of the whole record ---- */

bool db_checkpoint_text(const struct db_audit *audit, const struct key *key,
                        const char *operator_name, const char *host, int64_t utc_ms,
                        char text[static DB_CHECKPOINT_CAP], struct err *e)
{
    char signature[KEY_SIGNATURE_CAP];
    struct checkpoint c = { .operator_name = operator_name,
                            .host = host,
                            .utc_ms = utc_ms,
                            .end.link = audit->links,
                            .runs = audit->runs,
                            .passed = audit->passed };
    snprintf(c.end.sha256, sizeof c.end.sha256, "%s", audit->end_sha256);
    char body[DB_CHECKPOINT_CAP];
    if (!checkpoint_write(&c, key, body, signature, e))
        return false;
    checkpoint_join(body, signature, text);
    return true;
}
