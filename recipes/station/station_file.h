/*
 * The station file: which slots a station has, where each hangs, and where its record is. A recipe
 * is free of all that.
 *
 * Read as recipes are (recipes/doc/doc.h): a table of keys, all mistakes in one pass. It is
 * complete or none; nothing changes it afterwards, so threads may share it.
 */
#ifndef RECIPES_STATION_FILE_H
#define RECIPES_STATION_FILE_H

#include "recipes/doc/doc.h"
#include "recipes/label/label_dpi.h"
#include "recipes/station/slot_rules.h"

struct err;

#define STATION_SLOTS_MAX    256
#define STATION_GROUPS_MAX   64
#define STATION_SCANNERS_MAX 64
#define STATION_GOLDEN_MAX   32
#define STATION_ROWS_MAX     64 /* of the grid */
#define STATION_COLUMNS_MAX  64
#define STATION_EMPTY_PLACE  "." /* in the grid: no slot stands here */

/* One row of the key table each; indexes station.at. */
enum station_key {
    STATION_KEY_ROOT,
    STATION_KEY_STATION,
    STATION_KEY_RECORD,
    STATION_KEY_START,
    STATION_KEY_WATCH,
    STATION_KEY_ASK_S,
    STATION_KEY_SWITCH,
    STATION_KEY_SWITCH_ON,
    STATION_KEY_ATTENTION_AFTER,
    STATION_KEY_GOLDEN,
    STATION_KEY_SLOTS,
    STATION_KEY_SLOT_NAME, /* those of a slot: see struct station_slot, station.at has none */
    STATION_KEY_SLOT_USB,
    STATION_KEY_SLOT_PORT,
    STATION_KEY_SLOT_START,
    STATION_KEY_SLOT_WATCH,
    STATION_KEY_SLOT_SWITCH,
    STATION_KEY_GROUPS,
    STATION_KEY_GROUP_NAME,
    STATION_KEY_GROUP_SLOTS,
    STATION_KEY_SCREEN,
    STATION_KEY_SCREEN_LISTEN,
    STATION_KEY_SCREEN_HOST,
    STATION_KEY_SCREEN_LANGUAGE,
    STATION_KEY_SCREEN_PALETTE,
    STATION_KEY_SCREEN_SOUND,
    STATION_KEY_SCREEN_CERTIFICATE,
    STATION_KEY_SCREEN_KEY,
    STATION_KEY_GRID,
    STATION_KEY_GRID_ROW,
    STATION_KEY_PRINTER,
    STATION_KEY_PRINTER_TO,
    STATION_KEY_PRINTER_DPI,
    STATION_KEY_PRINTER_ASK,
    STATION_KEY_SCANNERS,
    STATION_KEY_SCANNER_NAME,
    STATION_KEY_SCANNER_FROM,
    STATION_KEY_SCANNER_BAUD,
    STATION_KEY_SCANNER_END,
    STATION_KEY_SCANNER_PREFIX,
    STATION_KEY_SCANNER_AIM,
    STATION_KEY_SCANNER_GS,
    STATION_KEY_SCANNER_SLOT,
    STATION_KEY_PEOPLE,
    STATION_KEY_RECIPES,
    STATION_KEY_RECIPE_KEYS,
    STATION_KEY_PLC,
    STATION_KEY_PLC_LISTEN,
    STATION_KEY_PLC_ALLOW,
    STATION_KEY_PLC_CLIENTS,
    STATION_KEY_PLC_HEARTBEAT,
    STATION_KEY_PLC_IDLE,
    STATION_KEY_FLEET,
    STATION_KEY_FLEET_SERVER,
    STATION_KEY_FLEET_NUMBERS,
    STATION_KEY_MQTT,
    STATION_KEY_MQTT_BROKER,
    STATION_KEY_MQTT_USER,
    STATION_KEY_MQTT_PASSWORD,
    STATION_KEY_MQTT_CA,
    STATION_KEY_MQTT_PREFIX,
    STATION_KEY_WEBHOOK,
    STATION_KEY_WEBHOOK_TO,
    STATION_KEY_WEBHOOK_KEY,
    STATION_KEY_WEBHOOK_CA,
    STATION_KEY_COUNT
};

struct station_slot {
    char *name;              /* as printed on the fixture: letters, digits, - and _ */
    char *usb;               /* its socket, in the form of core/ports/usb_socket.h; NULL: none */
    char *usb_text;          /* as the file spells it */
    char *port;              /* a port's text; NULL: none. With neither it is not learned yet */
    unsigned row, column;    /* where it stands on a screen, from 0; no two share a place */
    struct slot_rules rules; /* the station's, but for what the slot says itself */
    struct doc_pos at;       /* of the entry */
    /* of the values; line 0: not there */
    struct doc_pos name_at, usb_at, port_at, start_at, watch_at, switch_at;
};

struct station_group {
    char *name;
    char *slots[STATION_SLOTS_MAX]; /* names of slots that there are */
    size_t slot_count;              /* at least 1 */
    struct doc_pos slot_at[STATION_SLOTS_MAX];
    struct doc_pos name_at;
};

/* As the words of their keys. */
enum screen_language { SCREEN_ANY, SCREEN_EN, SCREEN_ZH, SCREEN_ES, SCREEN_VI, SCREEN_DE };
enum screen_palette { SCREEN_GREEN, SCREEN_BLUE }; /* what PASS is shown in */
enum screen_sound { SCREEN_SOUND, SCREEN_SILENCE };

/* The screen in a browser. */
struct station_screen {
    char *listen; /* ADDRESS:PORT, or "none" */
    char *host;   /* the name in the browser's address line; NULL: the address alone */
    enum screen_language language;
    enum screen_palette palette;
    enum screen_sound sound;
    char *certificate, *certificate_path; /* in PEM; NULL: no TLS; the second seen from the file */
    char *key, *key_path;
};

struct station_row {
    char *names[STATION_COLUMNS_MAX]; /* of slots, or STATION_EMPTY_PLACE */
    size_t name_count;
    struct doc_pos name_at[STATION_COLUMNS_MAX];
};

/* Whether the printer is asked how it is before and after each label. */
enum station_ask { STATION_ASK_YES, STATION_ASK_NO };

struct station_printer {
    char *to;      /* tcp://HOST:PORT, /dev/..., cups://QUEUE or file:PATH; NULL: there is none */
    char *to_text; /* as the file spells it */
    enum label_dpi dpi;
    enum station_ask ask;
};

/* The order of these is that of the words in the table of keys. */
enum station_scan_end {
    SCAN_END_AUTO,
    SCAN_END_CR,
    SCAN_END_LF,
    SCAN_END_TAB,
    SCAN_END_ETX,
    SCAN_END_SILENCE
};
enum station_aim { STATION_AIM_NO, STATION_AIM_YES };
enum station_scan_kind { SCAN_KEYBOARD, SCAN_SERIAL, SCAN_STDIN };

struct station_scanner {
    char *name;
    char *from; /* as the file spells it */
    enum station_scan_kind kind;
    const char *path; /* within `from`; "" for stdin */
    uint32_t baud;    /* of SCAN_SERIAL */
    enum station_scan_end end;
    char *prefix;         /* that it puts in front of each code; NULL: none */
    enum station_aim aim; /* each code begins with ]cm */
    char *gs;             /* that it sends for GS (1D) between GS1 fields; NULL: GS itself */
    char *slot;           /* name of the one slot that it reads for; NULL: for all */
    struct doc_pos at, name_at, from_at, slot_at;
};

#define STATION_PLC_ALLOW_MAX 16

/* How a PLC reaches the station. */
struct station_plc {
    char *listen;                       /* HOST:PORT; NULL: no PLC */
    char *allow[STATION_PLC_ALLOW_MAX]; /* addresses that may connect */
    size_t allow_count;                 /* 0: all */
    uint32_t clients;                   /* at once */
    uint32_t heartbeat_ms;              /* how long the PLC's may stand still */
    uint32_t idle_ms;                   /* after which a silent client is dropped */
};

#define STATION_BROKER_HOST_CAP 256

/* Where events of the line go; each of these is off without its first member. The paths are as the
 * file spells them, and as seen from its folder. */
struct station_mqtt {
    char *broker; /* as station_broker_of takes it */
    char *user;
    char *password, *password_path; /* a file of one line, mode 0600 */
    char *ca, *ca_path;             /* in PEM; NULL: those that the system trusts */
    char *prefix;                   /* of all topics */
};

struct station_webhook {
    char *to;             /* https:// or http:// */
    char *key, *key_path; /* the key that signs: a file of one line, mode 0600 */
    char *ca, *ca_path;
};

struct station {
    char *path;               /* as given; the name given to station_parse */
    char *name;               /* key `station` */
    char *record;             /* as the file spells it; NULL: the station file does not say */
    char *record_path;        /* the same, seen from the station file's folder */
    struct slot_rules rules;  /* of slots that do not say otherwise */
    uint32_t attention_after; /* boards that failed in a row; 0: never */
    char *golden[STATION_GOLDEN_MAX]; /* MACs, in the form of the record */
    size_t golden_count;
    struct doc_pos golden_at[STATION_GOLDEN_MAX];
    struct station_slot slots[STATION_SLOTS_MAX]; /* a slot's number is its place here, from 1 */
    size_t slot_count;                            /* at least 1 */
    struct station_group groups[STATION_GROUPS_MAX];
    size_t group_count;
    struct station_screen screen;
    struct station_row rows[STATION_ROWS_MAX]; /* the grid, as written */
    size_t row_count;
    struct station_printer printer;
    struct station_scanner scanners[STATION_SCANNERS_MAX];
    size_t scanner_count;
    char *people, *people_path;           /* the people file, likewise; NULL: none */
    char *recipe_keys, *recipe_keys_path; /* who must have signed recipes, likewise; NULL: nobody */
    struct station_plc plc;
    char *fleet_server;     /* as station_server_is_fit takes it; NULL: no fleet */
    uint32_t fleet_numbers; /* of each counter of the fleet, lent at once */
    struct station_mqtt mqtt;
    struct station_webhook webhook;
    struct doc_pos at[STATION_KEY_COUNT];
};

/* Reads the station file at `path`. *out is the caller's (station_free); NULL with *e: ERR_USAGE,
 * with every mistake in *report, or with an empty one if the file itself could not be read;
 * ERR_STATION for want of memory. *report needs no preparation. */
bool station_load(const char *path, struct station **out, struct doc_report *report, struct err *e);

/* The same for `n` bytes in memory. A record's path counts from `base_dir` ("": the current
 * folder). */
bool station_parse(const char *name, const char *text, size_t n, const char *base_dir,
                   struct station **out, struct doc_report *report, struct err *e);

void station_free(struct station *station); /* NULL is fine */

/* Place of the slot or group of that name; -1: none. */
int station_slot_index(const struct station *station, const char *name);
int station_group_index(const struct station *station, const char *name);

/* The scanner that is this device, whatever name each gives it: '/dev/ttyACM0' may be that of
 * /dev/serial/by-id. NULL: none. */
const struct station_scanner *station_scanner_at(const struct station *station, const char *path);

/* Whether a text says how to reach a PostgreSQL server, in libpq's words (KEY=VALUE ... or a URI),
 * and holds nothing that does not belong there: no password, and no TLS without a verified
 * certificate. False with what is wrong in *fault, which never holds a part of the text. */
bool station_server_is_fit(const char *text, const char **fault);

/* mqtt://HOST[:PORT], or mqtts:// for TLS, into its parts; the port is 1883 or 8883 unless it is
 * given. False: it is no such text. */
struct station_broker {
    char host[STATION_BROKER_HOST_CAP];
    uint16_t port;
    bool tls;
};
bool station_broker_of(const char *text, struct station_broker *broker);

/* Whether a password may go there: over TLS, or to this very computer. */
bool station_broker_is_private(const struct station_broker *broker);

/* Whether a text can be the name of a slot or a group. */
bool station_is_name(const char *text);

/* Hands the reference of all keys to `emit`, line by line without the line end. Stops and returns
 * false as soon as `emit` returns false. */
bool station_help(enum doc_help_form form, bool (*emit)(void *context, const char *line),
                  void *context);

#endif
