#include "station/scan/scan_keys.h"

#include <linux/input-event-codes.h>
#include <stddef.h>

static const struct row {
    uint16_t key;
    char plain, shifted;
} rows[] = {
    { KEY_A, 'a', 'A' },           { KEY_B, 'b', 'B' },          { KEY_C, 'c', 'C' },
    { KEY_D, 'd', 'D' },           { KEY_E, 'e', 'E' },          { KEY_F, 'f', 'F' },
    { KEY_G, 'g', 'G' },           { KEY_H, 'h', 'H' },          { KEY_I, 'i', 'I' },
    { KEY_J, 'j', 'J' },           { KEY_K, 'k', 'K' },          { KEY_L, 'l', 'L' },
    { KEY_M, 'm', 'M' },           { KEY_N, 'n', 'N' },          { KEY_O, 'o', 'O' },
    { KEY_P, 'p', 'P' },           { KEY_Q, 'q', 'Q' },          { KEY_R, 'r', 'R' },
    { KEY_S, 's', 'S' },           { KEY_T, 't', 'T' },          { KEY_U, 'u', 'U' },
    { KEY_V, 'v', 'V' },           { KEY_W, 'w', 'W' },          { KEY_X, 'x', 'X' },
    { KEY_Y, 'y', 'Y' },           { KEY_Z, 'z', 'Z' },          { KEY_1, '1', '!' },
    { KEY_2, '2', '@' },           { KEY_3, '3', '#' },          { KEY_4, '4', '$' },
    { KEY_5, '5', '%' },           { KEY_6, '6', '^' },          { KEY_7, '7', '&' },
    { KEY_8, '8', '*' },           { KEY_9, '9', '(' },          { KEY_0, '0', ')' },
    { KEY_MINUS, '-', '_' },       { KEY_EQUAL, '=', '+' },      { KEY_LEFTBRACE, '[', '{' },
    { KEY_RIGHTBRACE, ']', '}' },  { KEY_BACKSLASH, '\\', '|' }, { KEY_SEMICOLON, ';', ':' },
    { KEY_APOSTROPHE, '\'', '"' }, { KEY_GRAVE, '`', '~' },      { KEY_COMMA, ',', '<' },
    { KEY_DOT, '.', '>' },         { KEY_SLASH, '/', '?' },      { KEY_SPACE, ' ', ' ' },
    { KEY_TAB, '\t', '\t' },       { KEY_ENTER, '\r', '\r' },    { KEY_KPENTER, '\r', '\r' },
    { KEY_KP0, '0', '0' },         { KEY_KP1, '1', '1' },        { KEY_KP2, '2', '2' },
    { KEY_KP3, '3', '3' },         { KEY_KP4, '4', '4' },        { KEY_KP5, '5', '5' },
    { KEY_KP6, '6', '6' },         { KEY_KP7, '7', '7' },        { KEY_KP8, '8', '8' },
    { KEY_KP9, '9', '9' },         { KEY_KPMINUS, '-', '-' },    { KEY_KPPLUS, '+', '+' },
    { KEY_KPASTERISK, '*', '*' },  { KEY_KPSLASH, '/', '/' },    { KEY_KPDOT, '.', '.' },
    { KEY_102ND, '\\', '|' },
};

static const struct row *row_of(uint16_t key)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].key == key)
            return &rows[i];
    }
    return NULL;
}

/* A number of Latin-1, as Alt gives them, in UTF-8. */
static void spell(unsigned number, char text[SCAN_KEYS_TEXT])
{
    number &= 0xFF;
    if (number >= 0x80) {
        text[0] = (char)(0xC0 | number >> 6);
        text[1] = (char)(0x80 | (number & 0x3F));
        text[2] = '\0';
        return;
    }
    text[0] = (char)number;
    text[1] = '\0';
}

static void take_alt(struct scan_keys *k, bool down, char text[SCAN_KEYS_TEXT])
{
    if (!down && k->has_digits)
        spell(k->alt_number, text);
    k->alt = down;
    k->has_digits = false;
    k->alt_number = 0;
}

static bool take_modifier(struct scan_keys *k, uint16_t key, bool down, char text[SCAN_KEYS_TEXT])
{
    switch (key) {
    case KEY_LEFTSHIFT:
    case KEY_RIGHTSHIFT:
        k->shift = down;
        return true;
    case KEY_LEFTCTRL:
    case KEY_RIGHTCTRL:
        k->control = down;
        return true;
    case KEY_LEFTALT:
    case KEY_RIGHTALT:
        take_alt(k, down, text);
        return true;
    default:
        return false;
    }
}

void scan_keys_take(struct scan_keys *k, uint16_t key, int32_t value, char text[SCAN_KEYS_TEXT])
{
    text[0] = text[1] = '\0';
    if (value == 2 || take_modifier(k, key, value == 1, text) || value != 1)
        return;
    const struct row *const row = row_of(key);
    if (!row)
        return;
    if (k->alt && row->plain >= '0' && row->plain <= '9') {
        k->has_digits = true;
        k->alt_number = k->alt_number * 10 % 10000 + (unsigned)(row->plain - '0');
    } else if (k->control) { /* Ctrl and ] is GS, Ctrl and M is CR */
        text[0] = (char)((k->shift ? row->shifted : row->plain) & 0x1F);
    } else {
        text[0] = k->shift ? row->shifted : row->plain;
    }
}
