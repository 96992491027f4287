/*
 * The values that only station files have, each into its field.
 */
#include "core/ports/port_net.h"
#include "core/ports/usb_socket.h"
#include "recipes/station/station_file_priv.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As seen from the station file's folder. */
static char **path_of(struct station *station, unsigned id)
{
    switch (id) {
    case STATION_KEY_PEOPLE:
        return &station->people_path;
    case STATION_KEY_RECIPE_KEYS:
        return &station->recipe_keys_path;
    case STATION_KEY_MQTT_PASSWORD:
        return &station->mqtt.password_path;
    case STATION_KEY_MQTT_CA:
        return &station->mqtt.ca_path;
    case STATION_KEY_WEBHOOK_KEY:
        return &station->webhook.key_path;
    case STATION_KEY_WEBHOOK_CA:
        return &station->webhook.ca_path;
    default:
        return &station->record_path;
    }
}

bool store_path(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    char **const path = path_of(target, id);
    if (!value_store_text(v, id, s, target))
        return false;
    *path = file_join(v->base_dir ? v->base_dir : "", s->text);
    return *path || value_no_memory(v);
}

/* HOST:PORT; an address of IPv6 stands in brackets. */
bool store_listen(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const char *const colon = strrchr(s->text, ':');
    const char *end = NULL;
    if (!colon || colon == s->text || colon[1] == '\0' || strchr(s->text, '/'))
        return value_refuse(v, id, s, "write 0.0.0.0:1502 for all addresses of this computer");
    const uint64_t port = value_read_digits(colon + 1, &end);
    if (*end != '\0' || port < 1 || port > 65535)
        return value_refuse(v, id, s, "a port is a number from 1 to 65535");
    return value_store_text(v, id, s, target);
}

/* It is typed behind --slot, stands in file names and on tiles: nothing that a shell, a list or a
 * screen could take for something else. */
bool station_is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_";
    const size_t n = strlen(text);
    return n <= station_kind.keys[STATION_KEY_SLOT_NAME].max && strspn(text, letters) == n &&
           strspn(text, "-_") == 0 && n > 0;
}

bool store_name(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    if (!station_is_name(s->text))
        return value_refuse(v, id, s, NULL);
    return value_store_text(v, id, s, target);
}

/* Why people's other ways to name a port do not do. */
static const char *usb_advice(const char *text)
{
    if (strstr(text, "://"))
        return "that is a port: write it behind port";
    if (strstr(text, "by-id"))
        return "by-id names the adapter, not the socket; see: espstation ports";
    if (strncmp(text, "/dev/tty", 8) == 0)
        return "the kernel gives that name anew at each plug; see: espstation ports";
    return "see: espstation ports";
}

bool store_usb(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station_slot *const slot = target;
    char socket[USB_SOCKET_BYTES];
    if (!usb_socket_parse(s->text, socket))
        return value_refuse(v, id, s, usb_advice(s->text));
    if (!value_store_text(v, id, s, slot))
        return false;
    slot->usb = strdup(socket);
    return slot->usb || value_no_memory(v);
}

bool store_port(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    char socket[USB_SOCKET_BYTES];
    struct err e = { 0 };
    if (usb_socket_parse(s->text, socket))
        return value_refuse(v, id, s, "that is a socket: write it behind usb");
    if (strncmp(s->text, "/dev/ttyUSB", 11) == 0 || strncmp(s->text, "/dev/ttyACM", 11) == 0)
        return value_refuse(v, id, s,
                            "the kernel gives that name anew at each plug; write its "
                            "socket behind usb");
    if (port_ops_for(s->text, &e))
        return value_store_text(v, id, s, target);
    doc_report_add(v->report, s->at, "'%s': %s%s %s", key_row(v->kind, id)->path, e.what,
                   err_stop(e.what), e.hint);
    return false;
}

/* ---- Printers ---- */

static bool is_word(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    return text[0] != '\0' && text[strspn(text, letters)] == '\0';
}

/* Its port is the one that printers listen at, unless one is given. */
static char *spell_tcp(const char *text, struct err *e)
{
    struct port_net_where where;
    char full[512];
    const char *const host = text + 6;
    const char *const bracket = strrchr(host, ']');
    const bool has_port = strchr(bracket ? bracket : host, ':') != NULL;
    snprintf(full, sizeof full, "%s%s", text, has_port ? "" : ":9100");
    return port_net_parse(full, "tcp://", NULL, &where, e) ? strdup(full) : NULL;
}

static char *spell_file(const struct values *v, const char *path)
{
    char *const joined = file_join(v->base_dir ? v->base_dir : "", path);
    char *full = NULL;
    if (joined && (full = malloc(strlen(joined) + 6)))
        snprintf(full, strlen(joined) + 6, "file:%s", joined);
    free(joined);
    return full;
}

bool store_printer(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station_printer *const printer = &((struct station *)target)->printer;
    struct err e = { 0 };
    if (!value_store_text(v, id, s, target))
        return false;
    if (strncmp(s->text, "tcp://", 6) == 0) {
        printer->to = spell_tcp(s->text, &e);
        if (!printer->to && e.code != ERR_NONE)
            return value_refuse(v, id, s, "as in tcp://10.0.0.9 or tcp://10.0.0.9:9100");
    } else if (strncmp(s->text, "cups://", 7) == 0) {
        if (!is_word(s->text + 7))
            return value_refuse(v, id, s, "a queue is a name; to see them: lpstat -e");
        printer->to = strdup(s->text);
    } else if (strncmp(s->text, "/dev/", 5) == 0) {
        printer->to = strdup(s->text);
    } else if (strncmp(s->text, "file:", 5) == 0 && s->text[5] != '\0') {
        printer->to = spell_file(v, s->text + 5);
    } else {
        return value_refuse(v, id, s, NULL);
    }
    return printer->to || value_no_memory(v);
}

/* Numbers alone: a name could be somebody else's tomorrow. Whether it may be listened at is judged
 * by who listens. */
bool store_screen_listen(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const char *const colon = strrchr(s->text, ':');
    const bool address = colon && colon > s->text &&
                         strspn(s->text, "0123456789abcdefABCDEF.:[]") == strlen(s->text);
    const bool port = address && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
                      strtoul(colon + 1, NULL, 10) <= 65535;
    if (!port && strcmp(s->text, "none") != 0)
        return value_refuse(v, id, s, "a name could be another computer's tomorrow");
    return value_store_text(v, id, s, target);
}

bool store_screen_pem(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station_screen *const screen = &((struct station *)target)->screen;
    const bool is_key = id == STATION_KEY_SCREEN_KEY;
    char **const path = is_key ? &screen->key_path : &screen->certificate_path;
    if (!value_store_text(v, id, s, target))
        return false;
    *path = file_join(v->base_dir ? v->base_dir : "", is_key ? screen->key : screen->certificate);
    return *path || value_no_memory(v);
}

/* ---- Scanners ---- */

/* What comes behind the kind of scanner; NULL: it is another one. */
static const char *behind(const char *text, const char *kind)
{
    const size_t n = strlen(kind);
    return strncmp(text, kind, n) == 0 ? text + n : NULL;
}

bool store_scanner(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station_scanner *const scanner = target;
    const char *path = "";
    if (strcmp(s->text, "stdin") == 0)
        scanner->kind = SCAN_STDIN;
    else if ((path = behind(s->text, "keyboard:")) != NULL)
        scanner->kind = SCAN_KEYBOARD;
    else if ((path = behind(s->text, "serial:")) != NULL)
        scanner->kind = SCAN_SERIAL;
    if (!path || (scanner->kind != SCAN_STDIN && strncmp(path, "/dev/", 5) != 0))
        return value_refuse(v, id, s,
                            "to see what is plugged in: ls /dev/input/by-id "
                            "/dev/serial/by-id");
    if (!value_store_text(v, id, s, target))
        return false;
    scanner->path = scanner->from + (path - s->text);
    if (scanner->kind == SCAN_STDIN)
        scanner->path = "";
    return true;
}

const struct station_scanner *station_scanner_at(const struct station *station, const char *path)
{
    struct stat one, other;
    if (stat(path, &one) != 0)
        one.st_rdev = 0;
    for (size_t i = 0; i < station->scanner_count; i++) {
        const struct station_scanner *const s = &station->scanners[i];
        if (s->kind != SCAN_SERIAL)
            continue;
        if (strcmp(s->path, path) == 0 ||
            (one.st_rdev != 0 && stat(s->path, &other) == 0 && other.st_rdev == one.st_rdev))
            return s;
    }
    return NULL;
}

/* ---- The fleet ---- */

/* libpq's own mistakes quote the text, and so perhaps a password: they are not passed on. */
static const char *fault_of(const PQconninfoOption *options)
{
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        if (!o->val || o->val[0] == '\0')
            continue;
        if (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0)
            return "a password stands in it, where anybody can read it: write it into ~/.pgpass "
                   "(HOST:PORT:DATABASE:USER:PASSWORD, mode 0600) and take it out here";
        if (strcmp(o->keyword, "sslmode") == 0 && strcmp(o->val, "verify-full") != 0)
            return "sslmode is always verify-full: anything less does not know who the server is; "
                   "leave it out";
    }
    return NULL;
}

bool station_server_is_fit(const char *text, const char **fault)
{
    char *why = NULL;
    if (text[strspn(text, " \t\r\n")] ==
        '\0') { /* libpq would take whatever the environment says */
        *fault = "it is empty";
        return false;
    }
    PQconninfoOption *const options = PQconninfoParse(text, &why);
    *fault = options ? fault_of(options)
                     : "it is not what libpq reads: service=NAME, or host=HOST dbname=DATABASE "
                       "user=USER, or postgresql://USER@HOST/DATABASE";
    PQfreemem(why);
    PQconninfoFree(options);
    return !*fault;
}

bool store_server(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const char *fault;
    if (station_server_is_fit(s->text, &fault))
        return value_store_text(v, id, s, target);
    doc_report_add(v->report, s->at, "'%s': %s", key_row(v->kind, id)->path, fault);
    return false;
}

/* ---- Where events go ---- */

/* The port behind a host, if there is one; an address of IPv6 stands in brackets. */
static bool split_host(const char *text, struct station_broker *b)
{
    const bool bracket = text[0] == '[';
    const size_t n = bracket ? strcspn(text, "]") : strcspn(text, ":/");
    const char *rest = text + n + (bracket && text[n] == ']');
    const char *end = rest;
    snprintf(b->host, sizeof b->host, "%.*s", (int)(n - bracket), text + bracket);
    if (*rest == ':') {
        const uint64_t port = value_read_digits(rest + 1, &end);
        if (end == rest + 1 || port < 1 || port > 65535)
            return false;
        b->port = (uint16_t)port;
    }
    return n > bracket && n < sizeof b->host && *end == '\0';
}

bool station_broker_of(const char *text, struct station_broker *b)
{
    const char *const plain = behind(text, "mqtt://"), *const tls = behind(text, "mqtts://");
    *b = (struct station_broker){ .tls = tls != NULL, .port = tls ? 8883 : 1883 };
    return (plain || tls) && !strchr(text, '@') && split_host(tls ? tls : plain, b);
}

bool station_broker_is_private(const struct station_broker *b)
{
    return b->tls || strcmp(b->host, "localhost") == 0 || strncmp(b->host, "127.", 4) == 0 ||
           strcmp(b->host, "::1") == 0;
}

bool store_broker(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station_broker broker;
    return station_broker_of(s->text, &broker)
               ? value_store_text(v, id, s, target)
               : value_refuse(v, id, s,
                              "user and password have keys of their own: mqtt.user, "
                              "mqtt.password_file");
}

bool store_hook(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    const char *rest = behind(s->text, "https://");
    if (!rest)
        rest = behind(s->text, "http://");
    const bool fit = rest && *rest != '\0' && *rest != '/' && !strpbrk(rest, " \t@");
    return fit ? value_store_text(v, id, s, target)
               : value_refuse(v, id, s, "no password belongs into it: requests are signed");
}
