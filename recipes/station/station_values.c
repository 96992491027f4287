/*
 * The values that only station files have, each into its field.
 */
#include "core/ports/usb_socket.h"
#include "recipes/station/station_file_priv.h"

#include <stdlib.h>
#include <string.h>

bool store_record(struct values *v, unsigned id, const struct scalar *s, void *target)
{
    struct station *const station = target;
    if (!value_store_text(v, id, s, station))
        return false;
    station->record_path = file_join(v->base_dir ? v->base_dir : "", station->record);
    return station->record_path || value_no_memory(v);
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
    doc_report_add(v->report, s->at, "'%s': %s. %s", key_row(v->kind, id)->path, e.what, e.hint);
    return false;
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
