/*
 * The keys of a station file: one row each. Validation, help and reference follow from here; to add
 * a key, add its id in station_file.h, its field, and its row. A key has an effect, or is not here.
 */
#include "recipes/station/station_file_priv.h"

#define FIELD(member)            .field = offsetof(struct station, member)
#define COUNT_FIELD(member)      .count_field = offsetof(struct station, member)
#define SLOT_FIELD(member)       .field = offsetof(struct station_slot, member)
#define SLOT_AT_FIELD(member)    .at_field = offsetof(struct station_slot, member)
#define SCANNER_FIELD(member)    .field = offsetof(struct station_scanner, member)
#define SCANNER_AT_FIELD(member) .at_field = offsetof(struct station_scanner, member)
#define GROUP_FIELD(member)      .field = offsetof(struct station_group, member)
#define GROUP_AT_FIELD(member)   .at_field = offsetof(struct station_group, member)

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define NAME_MAX_BYTES 16 /* a tile of 256 has no room for more */
#define NAME_FORM      "a name of 1 to 16 letters, digits, - and _"

const char *const start_policy_words[] = { "board", "plug", "key", "scan", "switch", "plc", NULL };
const char *const watch_way_words[] = { "listen", "hold", "ask", "leave", NULL };
const char *const switch_line_words[] = { "none", "cts", "dsr", "dcd", "ri", NULL };

_Static_assert(sizeof start_policy_words / sizeof start_policy_words[0] == START_POLICY_COUNT + 1 &&
                   sizeof watch_way_words / sizeof watch_way_words[0] == WATCH_WAY_COUNT + 1 &&
                   sizeof switch_line_words / sizeof switch_line_words[0] == SWITCH_LINE_COUNT + 1,
               "a word for each");

/* clang-format off: rows by hand, each in a few lines */
static const struct key keys[STATION_KEY_COUNT] = {
    [STATION_KEY_ROOT] = { .path = "", .parent = STATION_KEY_COUNT, .kind = KEY_MAP },
    [STATION_KEY_STATION] = {
        .path = "station", .kind = KEY_TEXT, .required = true, .min = 1, .max = 64, FIELD(name),
        .also = LIST("name", "title"),
        .sentence = "Name of the station, as its screens show it.",
    },
    [STATION_KEY_RECORD] = {
        .path = "record", .kind = KEY_OWN, .store = store_path, .more = "the path of a file",
        .min = 1, .max = 1024, FIELD(record),
        .also = LIST("db", "database"),
        .sentence = "The record of this station, seen from the station file's folder: the default "
                    "of --db for every command.",
    },
    [STATION_KEY_START] = {
        .path = "start", .kind = KEY_WORD, .words = start_policy_words, .preset = "board",
        FIELD(rules.start),
        .also = LIST("start_policy", "begin", "trigger"),
        .sentence = "How a run begins in espstation line. board: a board answers where none did; "
                    "plug: an adapter, or a board with its own USB, is plugged in; switch: a lid "
                    "or jig is shut (see switch); key: START is pressed; scan: a code is given for "
                    "the slot; plc: as key, from a PLC. docs/line.md tells what each costs.",
    },
    [STATION_KEY_WATCH] = {
        .path = "watch", .kind = KEY_WORD, .words = watch_way_words, .preset = "listen",
        FIELD(rules.watch),
        .also = LIST("presence", "after_pass"),
        .sentence = "How a board that has passed is watched until it is taken out. listen: nothing "
                    "is sent, and the next board is heard when it gets power; hold: it is kept in "
                    "its loader, and its application does not run; ask: it is reset every ask_s "
                    "seconds; leave: it is left alone until a key, a code or a plug.",
    },
    [STATION_KEY_ASK_S] = {
        .path = "ask_s", .kind = KEY_NUMBER, .min = 5, .max = 86400, .preset = "60",
        FIELD(rules.ask_s),
        .also = LIST("ask_seconds", "interval"),
        .sentence = "With watch: ask, the seconds between two resets of a board that has passed.",
    },
    [STATION_KEY_SWITCH] = {
        .path = "switch", .kind = KEY_WORD, .words = switch_line_words, .preset = "none",
        FIELD(rules.switch_line),
        .also = LIST("lid", "jig", "sense"),
        .sentence = "The line of the adapter that a lid switch or a presence contact is wired to. "
                    "Open it means that the slot is empty, whatever start says. Adapters called "
                    "ttyACM cannot tell cts.",
    },
    [STATION_KEY_SWITCH_ON] = {
        .path = "switch_on", .kind = KEY_WORD, .words = LIST("shut", "open"), .preset = "shut",
        FIELD(rules.switch_on),
        .also = LIST("polarity", "active"),
        .sentence = "What it means when that line is asserted.",
    },
    [STATION_KEY_ATTENTION_AFTER] = {
        .path = "attention_after", .kind = KEY_NUMBER, .min = 0, .max = 1000, .preset = "3",
        FIELD(attention_after),
        .also = LIST("stop_after", "max_failures", "failures"),
        .sentence = "So many boards that fail in a row in one slot, for what can be the slot's "
                    "fault, take it out of work until a golden board passes in it or an engineer "
                    "puts it back. 0: never.",
    },
    [STATION_KEY_GOLDEN] = {
        .path = "golden", .kind = KEY_TEXTS, .min = 1, .max = 32,
        .items_max = STATION_GOLDEN_MAX, FIELD(golden), COUNT_FIELD(golden_count),
        .at_field = offsetof(struct station, golden_at),
        .also = LIST("golden_boards", "reference"),
        .sentence = "MACs of boards that are known to be good. They prove slots: they pass again "
                    "and again, hold no place in a lot and count in no yield.",
    },
    [STATION_KEY_SLOTS] = {
        .path = "slots", .kind = KEY_ITEMS, .required = true, .items_max = STATION_SLOTS_MAX,
        FIELD(slots), COUNT_FIELD(slot_count), .item = "slot", SLOT_AT_FIELD(at),
        .item_bytes = sizeof(struct station_slot),
        .item_form = "{ name: A1, usb: SOCKET }",
        .if_empty = "there would be no place for a board",
        .also = LIST("ports", "sockets"),
        .sentence = "Where boards are put, in the order of their numbers.",
    },
    [STATION_KEY_SLOT_NAME] = {
        .path = "slots.name", .parent = STATION_KEY_SLOTS, .kind = KEY_OWN, .store = store_name,
        .more = NAME_FORM, .required = true, .min = 1, .max = NAME_MAX_BYTES,
        SLOT_FIELD(name), SLOT_AT_FIELD(name_at),
        .also = LIST("slot", "label"),
        .sentence = "What is printed on the fixture.",
    },
    [STATION_KEY_SLOT_USB] = {
        .path = "slots.usb", .parent = STATION_KEY_SLOTS, .kind = KEY_OWN, .store = store_usb,
        .more = "a socket as in pci-0000:00:14.0-usb-0:1.4.2:1.0", .min = 1, .max = 250,
        SLOT_FIELD(usb_text), SLOT_AT_FIELD(usb_at),
        .also = LIST("socket", "path", "by_path", "by-path", "id_path"),
        .sentence = "The USB socket that the slot's adapter is plugged into, as espstation ports "
                    "shows it and espstation slots learn writes it. Another adapter in that socket "
                    "is the same slot; the same adapter in another socket is not.",
    },
    [STATION_KEY_SLOT_PORT] = {
        .path = "slots.port", .parent = STATION_KEY_SLOTS, .kind = KEY_OWN, .store = store_port,
        .more = "a port that keeps its name, as in rfc2217://HOST:4000", .min = 1, .max = 200,
        SLOT_FIELD(port), SLOT_AT_FIELD(port_at),
        .also = LIST("url", "device"),
        .sentence = "Instead of usb: a port of a serial server (rfc2217://, socket://) or a device "
                    "with a name of its own. A slot with neither is not learned yet, and is left "
                    "out.",
    },
    [STATION_KEY_SLOT_START] = {
        .path = "slots.start", .parent = STATION_KEY_SLOTS, .kind = KEY_WORD,
        .words = start_policy_words, SLOT_FIELD(rules.start), SLOT_AT_FIELD(start_at),
        .also = LIST("start_policy", "begin", "trigger"),
        .sentence = "The same as start, for this slot.",
    },
    [STATION_KEY_SLOT_WATCH] = {
        .path = "slots.watch", .parent = STATION_KEY_SLOTS, .kind = KEY_WORD,
        .words = watch_way_words, SLOT_FIELD(rules.watch), SLOT_AT_FIELD(watch_at),
        .also = LIST("presence", "after_pass"),
        .sentence = "The same as watch, for this slot.",
    },
    [STATION_KEY_SLOT_SWITCH] = {
        .path = "slots.switch", .parent = STATION_KEY_SLOTS, .kind = KEY_WORD,
        .words = switch_line_words, SLOT_FIELD(rules.switch_line), SLOT_AT_FIELD(switch_at),
        .also = LIST("lid", "jig", "sense"),
        .sentence = "The same as switch, for this slot.",
    },
    [STATION_KEY_GROUPS] = {
        .path = "groups", .kind = KEY_ITEMS, .items_max = STATION_GROUPS_MAX,
        FIELD(groups), COUNT_FIELD(group_count), .item = "group",
        .item_bytes = sizeof(struct station_group),
        .item_form = "{ name: left, slots: [A1, A2] }",
        .also = LIST("group"),
        .sentence = "Slots that are taken together: --slot takes the name of a group as well.",
    },
    [STATION_KEY_GROUP_NAME] = {
        .path = "groups.name", .parent = STATION_KEY_GROUPS, .kind = KEY_OWN, .store = store_name,
        .more = NAME_FORM, .required = true, .min = 1, .max = NAME_MAX_BYTES,
        GROUP_FIELD(name), GROUP_AT_FIELD(name_at),
        .also = LIST("group", "label"),
        .sentence = "What --slot calls it.",
    },
    [STATION_KEY_GROUP_SLOTS] = {
        .path = "groups.slots", .parent = STATION_KEY_GROUPS, .kind = KEY_TEXTS, .required = true,
        .min = 1, .max = NAME_MAX_BYTES, .items_max = STATION_SLOTS_MAX, GROUP_FIELD(slots),
        .count_field = offsetof(struct station_group, slot_count), GROUP_AT_FIELD(slot_at),
        .if_empty = "the group would be of no use",
        .also = LIST("slot", "members"),
        .sentence = "The names of its slots.",
    },
    [STATION_KEY_SCREEN] = {
        .path = "screen", .kind = KEY_MAP,
        .also = LIST("web", "browser"),
        .sentence = "The screen in a browser that espstation line serves; see docs/screen.md.",
    },
    [STATION_KEY_SCREEN_LISTEN] = {
        .path = "screen.listen", .parent = STATION_KEY_SCREEN, .kind = KEY_OWN,
        .store = store_screen_listen,
        .more = "an address with a port as in 127.0.0.1:8480, or none",
        .min = 1, .max = 64, FIELD(screen.listen), .preset = "127.0.0.1:8480",
        .also = LIST("address", "port", "bind"),
        .sentence = "Where it can be reached; none switches it off. Beyond this computer only with "
                    "certificate, key and people who log in.",
    },
    [STATION_KEY_SCREEN_HOST] = {
        .path = "screen.host", .parent = STATION_KEY_SCREEN, .kind = KEY_TEXT, .min = 1, .max = 120,
        FIELD(screen.host),
        .also = LIST("name", "hostname"),
        .sentence = "The name by which browsers call it, beside its address; any other name is "
                    "refused.",
    },
    [STATION_KEY_SCREEN_LANGUAGE] = {
        .path = "screen.language", .parent = STATION_KEY_SCREEN, .kind = KEY_WORD,
        .words = LIST("any", "en", "zh", "es", "vi", "de"), FIELD(screen.language),
        .preset = "any",
        .also = LIST("lang", "locale"),
        .sentence = "The language that it begins with; any: as the browser wishes.",
    },
    [STATION_KEY_SCREEN_PALETTE] = {
        .path = "screen.palette", .parent = STATION_KEY_SCREEN, .kind = KEY_WORD,
        .words = LIST("green", "blue"), FIELD(screen.palette), .preset = "green",
        .also = LIST("colours", "colors"),
        .sentence = "What PASS is shown in: blue is for those who cannot tell red from green.",
    },
    [STATION_KEY_SCREEN_SOUND] = {
        .path = "screen.sound", .parent = STATION_KEY_SCREEN, .kind = KEY_WORD,
        .words = LIST("on", "off"), FIELD(screen.sound), .preset = "on",
        .also = LIST("beep"),
        .sentence = "Whether a FAIL and the end of a batch are heard.",
    },
    [STATION_KEY_SCREEN_CERTIFICATE] = {
        .path = "screen.cert", .parent = STATION_KEY_SCREEN, .kind = KEY_OWN,
        .store = store_screen_pem, .more = "the path of a file", .min = 1, .max = 1024,
        FIELD(screen.certificate),
        .also = LIST("certificate", "tls"),
        .sentence = "The certificate for TLS, with those above it, in PEM.",
    },
    [STATION_KEY_SCREEN_KEY] = {
        .path = "screen.key", .parent = STATION_KEY_SCREEN, .kind = KEY_OWN,
        .store = store_screen_pem, .more = "the path of a file", .min = 1, .max = 1024,
        FIELD(screen.key),
        .sentence = "The certificate's private key, in PEM.",
    },
    [STATION_KEY_GRID] = {
        .path = "grid", .kind = KEY_ROWS, .items_max = STATION_ROWS_MAX,
        FIELD(rows), COUNT_FIELD(row_count), .item = "row",
        .item_bytes = sizeof(struct station_row),
        .item_form = "a list as in [A1, A2]",
        .also = LIST("layout", "map", "screen"),
        .sentence = "How the slots stand on a screen, as they stand in the fixture: row by row, "
                    "with . where there is none. Without it they stand in rows of eight.",
    },
    [STATION_KEY_GRID_ROW] = {
        .path = "grid.row", .parent = STATION_KEY_GRID, .kind = KEY_TEXTS,
        .min = 1, .max = NAME_MAX_BYTES, .items_max = STATION_COLUMNS_MAX,
        .field = offsetof(struct station_row, names),
        .count_field = offsetof(struct station_row, name_count),
        .at_field = offsetof(struct station_row, name_at),
        .sentence = "Names of slots.",
    },
    [STATION_KEY_PRINTER] = {
        .path = "printer", .kind = KEY_MAP,
        .also = LIST("labels", "label"),
        .sentence = "Prints the label of each board that passes, where the recipe has one; see "
                    "labels.md.",
    },
    [STATION_KEY_PRINTER_TO] = {
        .path = "printer.to", .parent = STATION_KEY_PRINTER, .kind = KEY_OWN,
        .store = store_printer, .more = "tcp://HOST:PORT, /dev/usb/lp0, cups://QUEUE or file:PATH",
        .min = 1, .max = 1024, FIELD(printer.to_text),
        .also = LIST("url", "address", "device", "port"),
        .sentence = "Where the printer is: on the network (its port is 9100 unless it is given), a "
                    "device, a queue of CUPS, or a file that labels are added to, seen from the "
                    "station file's folder.",
    },
    [STATION_KEY_PRINTER_DPI] = {
        .path = "printer.dpi", .parent = STATION_KEY_PRINTER, .kind = KEY_WORD,
        .words = LIST("203", "300", "600"), FIELD(printer.dpi), .preset = "203",
        .also = LIST("resolution"),
        .sentence = "Dots per inch that it prints; a recipe whose label is drawn for others is "
                    "refused.",
    },
    [STATION_KEY_PRINTER_ASK] = {
        .path = "printer.ask", .parent = STATION_KEY_PRINTER, .kind = KEY_WORD,
        .words = LIST("yes", "no"), FIELD(printer.ask), .preset = "yes",
        .also = LIST("status", "check"),
        .sentence = "Whether it is asked how it is, before and after each label. A printer on the "
                    "network or a device that does not answer counts as one with a fault: no is "
                    "for those that cannot. Queues and files are never asked in this way.",
    },
    [STATION_KEY_SCANNERS] = {
        .path = "scanners", .kind = KEY_ITEMS, .items_max = STATION_SCANNERS_MAX,
        FIELD(scanners), COUNT_FIELD(scanner_count), .item = "scanner", SCANNER_AT_FIELD(at),
        .item_bytes = sizeof(struct station_scanner),
        .item_form = "{ name: gun, from: \"serial:/dev/serial/by-id/...\" }",
        .also = LIST("scanner", "readers"),
        .sentence = "Scanners of barcodes; see scanners.md. None is ever taken for a board.",
    },
    [STATION_KEY_SCANNER_NAME] = {
        .path = "scanners.name", .parent = STATION_KEY_SCANNERS, .kind = KEY_OWN,
        .store = store_name, .more = NAME_FORM, .required = true, .min = 1, .max = NAME_MAX_BYTES,
        SCANNER_FIELD(name), SCANNER_AT_FIELD(name_at),
        .also = LIST("scanner", "label"),
        .sentence = "What sentences call it.",
    },
    [STATION_KEY_SCANNER_FROM] = {
        .path = "scanners.from", .parent = STATION_KEY_SCANNERS, .kind = KEY_OWN,
        .store = store_scanner, .required = true, .min = 1, .max = 250,
        .more = "keyboard:/dev/input/by-id/..., serial:/dev/serial/by-id/... or stdin",
        SCANNER_FIELD(from), SCANNER_AT_FIELD(from_at),
        .also = LIST("device", "port", "path", "usb"),
        .sentence = "Where it is plugged in: as a keyboard, which is taken for the station alone, "
                    "as a serial port, or what comes on standard input.",
    },
    [STATION_KEY_SCANNER_BAUD] = {
        .path = "scanners.baud", .parent = STATION_KEY_SCANNERS, .kind = KEY_NUMBER,
        .min = 1200, .max = 921600, SCANNER_FIELD(baud), .preset = "9600",
        .also = LIST("baudrate", "rate", "speed"),
        .sentence = "Rate of a serial one; those with their own USB take any.",
    },
    [STATION_KEY_SCANNER_END] = {
        .path = "scanners.end", .parent = STATION_KEY_SCANNERS, .kind = KEY_WORD,
        .words = LIST("auto", "cr", "lf", "tab", "etx", "silence"), SCANNER_FIELD(end),
        .preset = "auto",
        .also = LIST("terminator", "suffix"),
        .sentence = "What ends a code: auto takes CR, LF, TAB or ETX; silence is for scanners that "
                    "send nothing behind it: 50 ms without a character.",
    },
    [STATION_KEY_SCANNER_PREFIX] = {
        .path = "scanners.prefix", .parent = STATION_KEY_SCANNERS, .kind = KEY_TEXT, .min = 1,
        .max = 32, SCANNER_FIELD(prefix),
        .also = LIST("preamble"),
        .sentence = "What it puts in front of each code: taken away; a code without it is refused. "
                    "STX is taken away in any case.",
    },
    [STATION_KEY_SCANNER_AIM] = {
        .path = "scanners.aim", .parent = STATION_KEY_SCANNERS, .kind = KEY_WORD,
        .words = LIST("no", "yes"), SCANNER_FIELD(aim), .preset = "no",
        .also = LIST("aim_id"),
        .sentence = "Whether it puts the kind of code in front of it, as in ]C1: taken away.",
    },
    [STATION_KEY_SCANNER_GS] = {
        .path = "scanners.gs", .parent = STATION_KEY_SCANNERS, .kind = KEY_TEXT, .min = 1,
        .max = 8, SCANNER_FIELD(gs),
        .also = LIST("separator", "fnc1"),
        .sentence = "What it sends for the separator between GS1 fields, if not GS (1D) itself; "
                    "keyboards send Ctrl and ] for that, which is known.",
    },
    [STATION_KEY_SCANNER_SLOT] = {
        .path = "scanners.slot", .parent = STATION_KEY_SCANNERS, .kind = KEY_TEXT, .min = 1,
        .max = NAME_MAX_BYTES, SCANNER_FIELD(slot), SCANNER_AT_FIELD(slot_at),
        .sentence = "The one slot that it reads for, as when it is mounted over it; else a code is "
                    "for the slot whose own code was scanned, or for the one that waits.",
    },
    [STATION_KEY_PEOPLE] = {
        .path = "people", .kind = KEY_OWN, .store = store_path, .more = "the path of a file",
        .min = 1, .max = 1024, FIELD(people),
        .also = LIST("users", "operators"),
        .sentence = "The people file: who works here, and who may do what. See docs/people.md.",
    },
    [STATION_KEY_RECIPES] = {
        .path = "recipes", .kind = KEY_MAP,
        .also = LIST("recipe"),
        .sentence = "Which recipes this station takes.",
    },
    [STATION_KEY_RECIPE_KEYS] = {
        .path = "recipes.only_signed_by", .parent = STATION_KEY_RECIPES, .kind = KEY_OWN,
        .store = store_path, .more = "the path of a file", .min = 1, .max = 1024,
        FIELD(recipe_keys), .also = LIST("signed_by", "keys", "trust"),
        .sentence = "The file of the keys that recipes must be signed by, as espstation recipe "
                    "trust writes it. Without it any recipe is taken.",
    },
    [STATION_KEY_PLC] = {
        .path = "plc", .kind = KEY_MAP,
        .also = LIST("modbus"),
        .sentence = "A PLC that starts boards over Modbus TCP. See docs/plc.md.",
    },
    [STATION_KEY_PLC_LISTEN] = {
        .path = "plc.listen", .parent = STATION_KEY_PLC, .kind = KEY_OWN, .store = store_listen,
        .more = "an address and a port as in 192.168.7.2:1502", .required = true,
        .min = 1, .max = 255, FIELD(plc.listen), .also = LIST("address", "bind", "port"),
        .sentence = "Where the PLC connects to. Modbus knows no passwords: the network of the "
                    "machine, and no other.",
    },
    [STATION_KEY_PLC_ALLOW] = {
        .path = "plc.allow", .parent = STATION_KEY_PLC, .kind = KEY_TEXTS, .min = 1, .max = 45,
        .items_max = STATION_PLC_ALLOW_MAX, FIELD(plc.allow), COUNT_FIELD(plc.allow_count),
        .if_empty = "nobody could connect", .also = LIST("allowed", "peers"),
        .sentence = "Addresses that may connect. Without it all may that reach the port.",
    },
    [STATION_KEY_PLC_CLIENTS] = {
        .path = "plc.clients", .parent = STATION_KEY_PLC, .kind = KEY_NUMBER, .min = 1, .max = 16,
        FIELD(plc.clients), .preset = "4",
        .sentence = "How many may be connected at once.",
    },
    [STATION_KEY_PLC_HEARTBEAT] = {
        .path = "plc.heartbeat_ms", .parent = STATION_KEY_PLC, .kind = KEY_NUMBER, .min = 500,
        .max = 60000, FIELD(plc.heartbeat_ms), .preset = "3000",
        .sentence = "For how long the PLC's heartbeat may stand still before nothing starts any "
                    "more.",
    },
    [STATION_KEY_PLC_IDLE] = {
        .path = "plc.idle_ms", .parent = STATION_KEY_PLC, .kind = KEY_NUMBER, .min = 1000,
        .max = 600000, FIELD(plc.idle_ms), .preset = "30000",
        .sentence = "After which silence a client is disconnected.",
    },
    [STATION_KEY_FLEET] = {
        .path = "fleet", .kind = KEY_MAP,
        .also = LIST("postgres", "postgresql", "server"),
        .sentence = "The company's PostgreSQL, which gets all that this station has recorded under "
                    "the name of key station. The line never waits for it. See docs/fleet.md.",
    },
    [STATION_KEY_FLEET_SERVER] = {
        .path = "fleet.server", .parent = STATION_KEY_FLEET, .kind = KEY_OWN, .store = store_server,
        .more = "how to reach it, in libpq's words", .min = 1, .max = 1024, FIELD(fleet_server),
        .also = LIST("url", "uri", "dsn", "conninfo", "connection"),
        .sentence = "How to reach it: service=NAME of a pg_service.conf, or host=... dbname=... "
                    "user=..., or postgresql://USER@HOST/DATABASE. The password is in ~/.pgpass "
                    "(or where PGPASSFILE says), never here. Over a network it is sslmode="
                    "verify-full, whatever the service says: the server's certificate must be "
                    "signed by ~/.postgresql/root.crt (or sslrootcert) and name the host.",
    },
    [STATION_KEY_FLEET_NUMBERS] = {
        .path = "fleet.numbers", .parent = STATION_KEY_FLEET, .kind = KEY_NUMBER, .min = 2,
        .max = 100000, FIELD(fleet_numbers), .preset = "100",
        .also = LIST("ahead", "block"),
        .sentence = "How many numbers of a counter of the fleet are lent at once; half of them at "
                    "least are kept ahead, for when the server is away.",
    },
    [STATION_KEY_MQTT] = {
        .path = "mqtt", .kind = KEY_MAP,
        .also = LIST("broker", "sparkplug"),
        .sentence = "A broker that espstation line tells what happens: verdicts, boards, lots, and "
                    "how station and slots are. No slot waits for it. See docs/events.md.",
    },
    [STATION_KEY_MQTT_BROKER] = {
        .path = "mqtt.broker", .parent = STATION_KEY_MQTT, .kind = KEY_OWN, .store = store_broker,
        .more = "mqtts://HOST[:PORT] or mqtt://HOST[:PORT]", .min = 8, .max = 255,
        FIELD(mqtt.broker), .also = LIST("url", "host", "server", "to"),
        .sentence = "Where it is; mqtts is TLS, and the broker's certificate must name the host.",
    },
    [STATION_KEY_MQTT_USER] = {
        .path = "mqtt.user", .parent = STATION_KEY_MQTT, .kind = KEY_TEXT, .min = 1, .max = 128,
        FIELD(mqtt.user), .also = LIST("username", "login"),
        .sentence = "Who the station is there.",
    },
    [STATION_KEY_MQTT_PASSWORD] = {
        .path = "mqtt.password_file", .parent = STATION_KEY_MQTT, .kind = KEY_OWN,
        .store = store_path, .more = "the path of a file", .min = 1, .max = 1024,
        FIELD(mqtt.password), .also = LIST("password", "passfile"),
        .sentence = "A file with the user's password in its one line, mode 0600. Passwords go over "
                    "TLS alone, or to this very computer.",
    },
    [STATION_KEY_MQTT_CA] = {
        .path = "mqtt.ca", .parent = STATION_KEY_MQTT, .kind = KEY_OWN, .store = store_path,
        .more = "the path of a file", .min = 1, .max = 1024, FIELD(mqtt.ca),
        .also = LIST("cafile", "certificate"),
        .sentence = "Certificate of who signs the broker's, in PEM; without it those count that "
                    "the system trusts.",
    },
    [STATION_KEY_MQTT_PREFIX] = {
        .path = "mqtt.prefix", .parent = STATION_KEY_MQTT, .kind = KEY_TEXT, .min = 1, .max = 128,
        FIELD(mqtt.prefix), .preset = "espstation", .also = LIST("topic", "base"),
        .sentence = "What all topics begin with; behind it stands the station's name.",
    },
    [STATION_KEY_WEBHOOK] = {
        .path = "webhook", .kind = KEY_MAP,
        .also = LIST("hook", "webhooks", "mes"),
        .sentence = "A server that espstation line posts each event to, signed. No slot waits for "
                    "it. See docs/events.md.",
    },
    [STATION_KEY_WEBHOOK_TO] = {
        .path = "webhook.to", .parent = STATION_KEY_WEBHOOK, .kind = KEY_OWN, .store = store_hook,
        .more = "https://HOST/... or http://HOST/...", .min = 8, .max = 1024, FIELD(webhook.to),
        .also = LIST("url", "uri", "server"),
        .sentence = "Where events are posted, one a request.",
    },
    [STATION_KEY_WEBHOOK_KEY] = {
        .path = "webhook.key_file", .parent = STATION_KEY_WEBHOOK, .kind = KEY_OWN,
        .store = store_path, .more = "the path of a file", .min = 1, .max = 1024,
        FIELD(webhook.key), .also = LIST("key", "secret", "secret_file"),
        .sentence = "A file with the key in its one line, mode 0600: it signs each request "
                    "(HMAC-SHA256), and the server has the same.",
    },
    [STATION_KEY_WEBHOOK_CA] = {
        .path = "webhook.ca", .parent = STATION_KEY_WEBHOOK, .kind = KEY_OWN, .store = store_path,
        .more = "the path of a file", .min = 1, .max = 1024, FIELD(webhook.ca),
        .also = LIST("cafile", "certificate"),
        .sentence = "Certificate of who signs the server's, in PEM; without it those count that "
                    "the system trusts.",
    },
};
/* clang-format on */

static const char *const plain_intro[] = {
    "A station file is a YAML file, or JSON:",
    "",
    "    station: line 3",
    "    record: /var/lib/espstation/line3.db",
    "    slots:",
    "      - { name: A1, usb: \"pci-0000:00:14.0-usb-0:1.4.1:1.0\" }",
    "      - { name: A2, usb: \"pci-0000:00:14.0-usb-0:1.4.2:1.0\" }",
    "      - { name: B1, port: \"rfc2217://rack:4000\" }",
    "    groups:",
    "      - { name: A, slots: [A1, A2] }",
    "    grid: [[A1, A2], [B1, .]]",
    "",
    "It is the first of these: --station FILE; the file that ESPSTATION_STATION names (if that is",
    "empty, there is none); ./station.yaml; espstation/station.yaml in XDG_CONFIG_HOME or else in",
    "~/.config; /etc/espstation/station.yaml. With --port it is not asked for ports.",
    "To check one: espstation station check station.yaml. To name the slots of a fixture:",
    "espstation slots learn A1 A2 ...",
    "",
    NULL,
};

static const char *const page_intro[] = {
    "# The station file",
    "",
    "A recipe says what is flashed; `station.yaml` says where: which slots the fixture has, which",
    "USB socket each one is, and where the record is. It is a YAML file, or JSON.",
    "",
    "```yaml",
    "station: line 3",
    "record: /var/lib/espstation/line3.db",
    "slots:",
    "  - { name: A1, usb: \"pci-0000:00:14.0-usb-0:1.4.1:1.0\" }",
    "  - { name: A2, usb: \"pci-0000:00:14.0-usb-0:1.4.2:1.0\" }",
    "  - { name: B1, port: \"rfc2217://rack:4000\" }",
    "groups:",
    "  - { name: A, slots: [A1, A2] }",
    "grid: [[A1, A2], [B1, .]]",
    "printer: { to: tcp://10.0.0.9, dpi: 203 }",
    "```",
    "",
    "| Where it is looked for, in this order | |",
    "|---|---|",
    "| `--station FILE` | `run`, `verify`, `identify`, `read`, `erase`, `monitor`, `slots` |",
    "| `ESPSTATION_STATION` | the environment; if it is set and empty, there is no station file |",
    "| `./station.yaml` | the current folder |",
    "| `$XDG_CONFIG_HOME/espstation/station.yaml` | without that variable, `~/.config` |",
    "| `/etc/espstation/station.yaml` | for all who work at this computer |",
    "",
    "Without any, and with `--port`, ports are as they were: what is named, or every USB serial",
    "port. `--db FILE` goes before `record`.",
    "",
    "## Slots and sockets",
    "",
    "A slot is a place in the fixture. It is bound to the socket that its adapter is plugged into,",
    "because nothing else stays: `/dev/ttyUSB3` is the order of discovery, and most adapters have",
    "no serial number, or all the same. The socket stays after a restart, after the adapter was",
    "pulled, and when another adapter is put in. It changes when the hub is moved to another",
    "socket of the computer, or another hub takes its place: then learn the slots again.",
    "",
    "Sockets on hubs are not numbered as they are printed, so they are taught, one after the "
    "other:",
    "",
    "```sh",
    "espstation slots learn A1 A2 B1 B2    # asks for one adapter after the other",
    "espstation slots learn --speak A1 A2  # all are plugged in: press the reset key of each board",
    "espstation slots show                 # the map, and what is plugged in",
    "espstation slots show --identify      # also asks each board who it is; resets it",
    "```",
    "",
    "`learn` takes the adapters that are plugged in as they are, and waits for one more; an "
    "adapter",
    "that is in already is pulled and put back. Enter skips a slot, Ctrl-C ends; what was learned",
    "until then stays. Each slot is written at once, into a new file that takes the place of the",
    "old one. It changes that one place of the text only: comments and all else stay as a person",
    "wrote them. What it cannot write in this way it prints, to be put in by hand. Without names "
    "it",
    "goes through the slots of the file that have neither `usb` nor `port`: write those, their",
    "groups and the grid first, and let `learn` fill in the sockets.",
    "",
    "An adapter with several ports (FT2232, CP2105, FT4232) is several sockets that come at once,",
    "and `learn` cannot tell which is meant: use `--speak`.",
    "",
    "A slot whose adapter is not there is left out with a sentence; no other moves, and each keeps",
    "its name and its number.",
    "",
    "## Keys",
    "",
    NULL,
};

const struct doc_kind station_kind = {
    .noun = "station file",
    .example = "station: NAME",
    .code = ERR_USAGE,
    .keys = keys,
    .key_count = STATION_KEY_COUNT,
    .intro = plain_intro,
    .page = page_intro,
};

_Static_assert(STATION_KEY_COUNT <= DOC_KEYS_MAX, "DOC_KEYS_MAX has room for all keys");

bool station_help(enum doc_help_form form, bool (*emit)(void *context, const char *line),
                  void *context)
{
    return doc_help(&station_kind, form, emit, context);
}
