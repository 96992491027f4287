#include "recipes/label/label_board.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const label_board_names[] = { "mac",     "mac_digits", "chip", "recipe",
                                          "version", "lot",        "date", "run",
                                          "slot",    "operator",   NULL };

bool label_room_add(struct label_room *room, const char *name, const char *text)
{
    const struct label_values now = label_room_values(room);
    if (!text || text[0] == '\0')
        return true;
    if (room->count == LABEL_VALUES_MAX || label_value_of(&now, name))
        return false;
    room->rows[room->count++] = (struct label_value){ name, text };
    return true;
}

struct label_values label_room_values(const struct label_room *room)
{
    return (struct label_values){ room->rows, room->count };
}

bool label_room_set(struct label_room *room, const char *name, const char *text)
{
    for (size_t i = 0; i < room->count; i++) {
        if (strcmp(room->rows[i].name, name) == 0) {
            room->rows[i].text = text;
            return true;
        }
    }
    return label_room_add(room, name, text);
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* As printed on modules: 24:0A:C4:00:00:01; and 240AC4000001, which makes the smaller code. */
static void spell_mac(struct label_room *room, const char *mac)
{
    size_t n = 0, digits = 0;
    for (; mac && mac[n] && n + 1 < sizeof room->mac; n++) {
        room->mac[n] = upper(mac[n]);
        if (mac[n] != ':')
            room->mac_digits[digits++] = room->mac[n];
    }
    room->mac[n] = room->mac_digits[digits] = '\0';
}

/* The day as everywhere in the record, in UTC. */
static void spell_date(struct label_room *room, int64_t utc_ms)
{
    const time_t seconds = (time_t)(utc_ms / 1000);
    struct tm day;
    if (!gmtime_r(&seconds, &day) || strftime(room->date, sizeof room->date, "%Y-%m-%d", &day) == 0)
        room->date[0] = '\0';
}

void label_room_of(struct label_room *room, const struct label_board *board)
{
    room->count = 0;
    spell_mac(room, board->mac);
    spell_date(room, board->utc_ms);
    snprintf(room->run, sizeof room->run, "%" PRId64, board->run_id);
    snprintf(room->slot, sizeof room->slot, "%d", board->slot);
    label_room_add(room, "mac", room->mac);
    label_room_add(room, "mac_digits", room->mac_digits);
    label_room_add(room, "chip", board->chip);
    label_room_add(room, "recipe", board->recipe);
    label_room_add(room, "version", board->version);
    label_room_add(room, "lot", board->lot);
    label_room_add(room, "date", room->date);
    label_room_add(room, "run", board->run_id > 0 ? room->run : NULL);
    label_room_add(room, "slot", room->slot);
    label_room_add(room, "operator", board->operator_name);
}

/* D is the widest of the hexadecimal digits; codes care for their number alone. */
void label_board_longest(struct label_board *board, size_t mac_bytes)
{
    board->mac = mac_bytes == 8 ? "DD:DD:DD:DD:DD:DD:DD:DD" : "DD:DD:DD:DD:DD:DD";
    board->run_id = 999999999;
    board->slot = 256;
}
