#include "station/terminal/draw.h"

#include "core/facts/chip.h"
#include "station/terminal/columns.h"
#include "station/terminal/face.h"

#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDE_CAP       512
#define SENTENCE_BYTES 512
#define COLUMNS_LEAST  12
#define ROWS_LEAST     5

/* ---- Colours: those of IEC 60073, as far as there are any; words and signs say it all ---- */

static attr_t attributes[TILE_STATE_COUNT];
static bool has_signs; /* beyond ASCII */

static const struct paint {
    short ink, paper;           /* of 8 colours */
    short fine_ink, fine_paper; /* of 256; contrast of 7 and more (WCAG) but for white on amber */
    attr_t attribute;           /* beside the colours */
    attr_t without;             /* instead of colours */
} paints[TILE_STATE_COUNT] = {
    [TILE_NO_ADAPTER] = { -1, -1, 245, -1, A_DIM, A_DIM },
    [TILE_EMPTY] = { -1, -1, -1, -1, A_NORMAL, A_NORMAL },
    [TILE_WORKING] = { COLOR_WHITE, COLOR_BLUE, 231, 24, A_NORMAL, A_NORMAL },
    [TILE_PASS] = { COLOR_BLACK, COLOR_GREEN, 231, 22, A_NORMAL, A_BOLD },
    [TILE_FAIL] = { COLOR_WHITE, COLOR_RED, 231, 88, A_BOLD, A_REVERSE },
    [TILE_WAITING] = { COLOR_BLACK, COLOR_YELLOW, 16, 214, A_NORMAL, A_BOLD },
    [TILE_ATTENTION] = { COLOR_WHITE, COLOR_MAGENTA, 231, 54, A_BOLD, A_REVERSE },
};

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return !(no_colour && no_colour[0]) && has_colors() && start_color() == OK &&
           use_default_colors() == OK;
}

void draw_begin(void)
{
    const bool colour = wants_colour();
    const bool fine = colour && COLORS >= 256;
    const char *term = getenv("TERM");
    /* The console's letters have no check mark. */
    has_signs = columns_has_utf8() && !(term && strncmp(term, "linux", 5) == 0);
    for (short i = 0; i < TILE_STATE_COUNT; i++) {
        const struct paint *p = &paints[i];
        const short pair = (short)(i + 1);
        if (colour)
            init_pair(pair, fine ? p->fine_ink : p->ink, fine ? p->fine_paper : p->paper);
        attributes[i] = colour ? p->attribute | COLOR_PAIR(pair) : p->without;
    }
}

/* ---- Text ---- */

/* Returns how many columns it took. */
static unsigned put(int y, unsigned x, unsigned columns, attr_t attribute, const char *text)
{
    wchar_t wide[WIDE_CAP];
    const unsigned used = columns_take(text, columns, wide, WIDE_CAP, NULL);
    attrset((int)attribute);
    mvaddwstr(y, (int)x, wide);
    attrset(A_NORMAL);
    return used;
}

static void fill(int y, unsigned x, unsigned columns, attr_t attribute)
{
    attrset((int)attribute);
    mvhline(y, (int)x, ' ' | attribute, (int)columns);
    attrset(A_NORMAL);
}

/* Parts one behind the other, each whole, over so many lines; what comes last is cut first. */
struct flow {
    int y, last_y;
    unsigned x, columns;
};

static void flow_put(struct flow *f, attr_t attribute, const char *text)
{
    const unsigned width = columns_of(text), gap = f->x > 0 ? 2 : 0;
    if (width == 0 || f->y > f->last_y)
        return;
    if (f->x > 0 && f->x + gap + width > f->columns) {
        if (f->y == f->last_y) {
            if (f->x + gap + 3 < f->columns) /* of a name that is too long, its beginning */
                put(f->y, f->x + gap, f->columns - f->x - gap, attribute, text);
            f->y++;
            return;
        }
        f->y++;
        f->x = 0;
    }
    f->x += (f->x > 0 ? gap : 0);
    f->x += put(f->y, f->x, f->columns - f->x, attribute, text);
}

/* ---- Head: what must be known first ---- */

static void head_count(struct flow *f, const struct sight *sight, enum word word,
                       enum tile_state state, uint64_t n)
{
    char text[96];
    snprintf(text, sizeof text, " %s %llu ", word_in(sight->language, word), (unsigned long long)n);
    flow_put(f, n > 0 ? attributes[state] : A_NORMAL, text);
}

static void head_named(struct flow *f, const struct sight *sight, enum word word, const char *name)
{
    char text[320];
    if (!name[0])
        return;
    snprintf(text, sizeof text, "%s %s", word_in(sight->language, word), name);
    flow_put(f, A_NORMAL, text);
}

static void head_lot(struct flow *f, const struct floor_summary *sum, const struct sight *sight)
{
    char text[128];
    if (sum->quantity > 0)
        snprintf(text, sizeof text, "%s %llu/%llu", sum->lot, (unsigned long long)sum->lot_passed,
                 (unsigned long long)sum->quantity);
    else
        snprintf(text, sizeof text, "%s", sum->lot);
    if (sum->lot_full)
        flow_put(f, attributes[TILE_WAITING], word_in(sight->language, WORD_LOT_FULL));
    head_named(f, sight, WORD_LOT, text);
}

/* "THE STATION IS GONE: 12 s". */
static void say_stale(const struct scene *scene, const struct sight *sight, char *text, size_t cap)
{
    snprintf(text, cap, " %s: %u s ",
             word_in(sight->language, scene->gone ? WORD_STATION_GONE : WORD_NOT_ANSWERING),
             scene->silent_s);
}

/* In front of all else: whatever stands behind it is old. */
static void head_stale(struct flow *f, const struct scene *scene, const struct sight *sight)
{
    char text[128];
    if (!scene->stale)
        return;
    say_stale(scene, sight, text, sizeof text);
    flow_put(f, A_REVERSE | A_BOLD, text);
}

static void head_warnings(struct flow *f, const struct scene *scene, const struct sight *sight)
{
    const enum language l = sight->language;
    if (scene->sum.stopping) {
        flow_put(f, attributes[TILE_WAITING] | A_BOLD, word_in(l, WORD_STOPPING));
        if (scene->sum.ending && !sight->can_leave)
            flow_put(f, A_BOLD, word_in(l, WORD_STOP_AT_ONCE));
    }
}

/* The time of today, else with the day in front. */
static void head_since(struct flow *f, const struct floor_summary *sum, const struct sight *sight)
{
    char text[96], when[32];
    struct tm then, now;
    const time_t second = (time_t)(sum->since_utc_ms / 1000), today = time(NULL);
    if (sum->since_utc_ms == 0 || !localtime_r(&second, &then) || !localtime_r(&today, &now))
        return;
    const bool is_today = then.tm_yday == now.tm_yday && then.tm_year == now.tm_year;
    strftime(when, sizeof when, is_today ? "%H:%M" : "%Y-%m-%d %H:%M", &then);
    words_fill(text, sizeof text, word_in(sight->language, WORD_COUNTED_SINCE),
               (const char *const[]){ when }, 1);
    flow_put(f, A_NORMAL, text);
}

static void draw_head(const struct scene *scene, const struct sight *sight, unsigned columns,
                      int rows)
{
    const struct floor_summary *sum = &scene->sum;
    struct flow f = { 0, rows - 1, 0, columns };
    char recipe[160];
    head_stale(&f, scene, sight);
    head_warnings(&f, scene, sight);
    head_count(&f, sight, WORD_PASS, TILE_PASS, sum->passed);
    head_count(&f, sight, WORD_FAIL, TILE_FAIL, sum->failed);
    head_count(&f, sight, WORD_WORKING, TILE_WORKING, sum->working);
    if (sum->attention > 0)
        head_count(&f, sight, WORD_ATTENTION, TILE_ATTENTION, sum->attention);
    if (sum->no_adapter > 0)
        head_count(&f, sight, WORD_NO_ADAPTER, TILE_NO_ADAPTER, sum->no_adapter);
    if (sum->empty > 0)
        head_count(&f, sight, WORD_EMPTY, TILE_EMPTY, sum->empty);
    head_lot(&f, sum, sight);
    snprintf(recipe, sizeof recipe, "%s %s", sum->recipe, sum->version);
    head_named(&f, sight, WORD_RECIPE, sum->recipe[0] ? recipe : "");
    head_named(&f, sight, WORD_OPERATOR, sum->operator_name);
    flow_put(&f, A_NORMAL, sum->station);
    head_since(&f, sum, sight);
}

/* ---- A tile ---- */

struct cell {
    int y;
    unsigned x, columns, rows; /* without its mark */
    attr_t attribute;
};

/* The end of a name tells slots apart: of one that is too long, that stays. */
static void put_name(const struct cell *c, const struct tile *tile, bool selected, unsigned columns)
{
    const size_t length = strlen(tile->name); /* ASCII, one column each */
    const char *from = length > columns ? tile->name + length - columns : tile->name;
    put(c->y, c->x, columns, c->attribute | A_BOLD | (selected ? A_REVERSE | A_UNDERLINE : 0),
        from);
}

/* The cell's text: word and facts, one behind the other, down to the cell's last row. What does not
 * fit whole is cut where it is alone on its line, and else left to the next, shorter one. */
struct cell_text {
    const struct cell *c;
    int y;
    unsigned x;
};

static bool is_last_row(const struct cell_text *t)
{
    return t->y == t->c->y + (int)t->c->rows - 1;
}

static bool has_room(const struct cell_text *t, const char *text)
{
    const unsigned width = columns_of(text), at = t->x > 0 ? t->x + 1 : 0;
    return at + width <= t->c->columns || (!is_last_row(t) && width <= t->c->columns);
}

static void put_fact(struct cell_text *t, const char *text)
{
    const struct cell *c = t->c;
    const unsigned width = columns_of(text);
    unsigned at = t->x > 0 ? t->x + 1 : 0;
    if (at + width > c->columns && t->x > 0) {
        if (is_last_row(t))
            return;
        t->y++;
        at = t->x = 0;
    }
    const bool cut = width > c->columns && c->columns > 3;
    t->x = at + put(t->y, c->x + at, c->columns - at - cut, c->attribute, text);
    if (cut)
        t->x += put(t->y, c->x + t->x, 1, c->attribute, ".");
}

static const char *choose_cause(const struct cell_text *t, const struct face *face)
{
    const char *whole = face->facts[face->cause];
    return has_room(t, whole) ? whole : has_room(t, face->brief) ? face->brief : face->code;
}

static void draw_tile(const struct tile *tile, const struct sight *sight, struct cell c,
                      bool selected)
{
    struct face face;
    face_make(&face, tile, sight->language, has_signs);
    for (unsigned i = 0; i < c.rows; i++)
        fill(c.y + (int)i, c.x, c.columns, c.attribute);
    const unsigned sign_columns = c.columns > 2 ? 2 : 0;
    unsigned x = (unsigned)strlen(tile->name);
    if (x > c.columns - sign_columns)
        x = c.columns - sign_columns;
    put_name(&c, tile, selected, x);
    if (sign_columns > 0)
        x += 1 + put(c.y, c.x + x + 1, 1, c.attribute | A_BOLD, face.sign);
    struct cell_text text = { &c, c.y, x };
    for (size_t i = 0; i < face.count; i++)
        put_fact(&text, i == face.cause ? choose_cause(&text, &face) : face.facts[i]);
}

/* ---- All tiles ---- */

static unsigned widest_name(const struct scene *scene)
{
    size_t widest = 1;
    for (size_t i = 0; i < scene->count; i++) {
        const size_t n = strlen(scene->tiles[i].name);
        widest = n > widest ? n : widest;
    }
    return (unsigned)widest;
}

/* Scrolls so far that the selected tile is seen. */
static void keep_in_sight(const struct scene *scene, struct sight *sight)
{
    unsigned row, column;
    const struct layout *l = &sight->layout;
    const unsigned last = l->rows > l->visible_rows ? l->rows - l->visible_rows : 0;
    layout_place(l, scene->tiles, sight->selected, &row, &column);
    if (row < sight->first_row)
        sight->first_row = row;
    if (row >= sight->first_row + l->visible_rows)
        sight->first_row = row - l->visible_rows + 1;
    if (sight->first_row > last)
        sight->first_row = last;
}

/* "^ 8 v 16": so many tiles are above and below of what is seen. */
static void draw_hidden(const struct scene *scene, const struct sight *sight, int y,
                        unsigned columns)
{
    unsigned row, column, above = 0, below = 0;
    char text[48] = "";
    for (size_t i = 0; i < scene->count; i++) {
        layout_place(&sight->layout, scene->tiles, i, &row, &column);
        above += row < sight->first_row;
        below += row >= sight->first_row + sight->layout.visible_rows;
    }
    if (above > 0)
        snprintf(text, sizeof text, " ^ %u ", above);
    if (below > 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), " v %u ", below);
    const unsigned width = (unsigned)strlen(text);
    if (width > 0 && width < columns)
        put(y, columns - width, width, A_REVERSE, text);
}

static void draw_tiles(const struct scene *scene, struct sight *sight, int y, unsigned columns,
                       unsigned rows)
{
    struct layout *l = &sight->layout;
    unsigned row, column;
    layout_make(l, scene->tiles, scene->count, columns, rows, widest_name(scene));
    keep_in_sight(scene, sight);
    for (size_t i = 0; i < scene->count; i++) {
        const struct tile *tile = &scene->tiles[i];
        layout_place(l, scene->tiles, i, &row, &column);
        if (row < sight->first_row || row >= sight->first_row + l->visible_rows)
            continue;
        const struct cell cell = { .y = y + (int)((row - sight->first_row) * l->cell_rows),
                                   .x = column * l->cell_columns + 1,
                                   .columns = l->cell_columns - 1,
                                   .rows = l->cell_rows > 2 ? l->cell_rows - 1 : l->cell_rows,
                                   .attribute = scene->stale ? A_DIM : attributes[tile->state] };
        if (i == sight->selected)
            put(cell.y, cell.x - 1, 1, A_BOLD, ">");
        draw_tile(tile, sight, cell, i == sight->selected);
    }
}

/* ---- What there is to say of the selected tile ---- */

static void add_fact(char *text, size_t cap, const char *fact)
{
    const size_t n = strlen(text);
    if (fact[0] && n < cap)
        snprintf(text + n, cap - n, "%s%s", n > 0 ? "  " : "", fact);
}

static void say_facts(const struct tile *tile, const struct sight *sight, char *text, size_t cap)
{
    struct face face;
    char part[64];
    face_make(&face, tile, sight->language, has_signs);
    snprintf(text, cap, "%s", tile->name);
    for (size_t i = 0; i < face.count; i++) /* the cause itself stands below, in words */
        add_fact(text, cap, i == face.cause ? face.code : face.facts[i]);
    add_fact(text, cap, tile->chip ? tile->chip->name : "");
    add_fact(text, cap, tile->mac);
    add_fact(text, cap, tile->serial);
    snprintf(part, sizeof part, "%s %lld", word_in(sight->language, WORD_RUN),
             (long long)tile->run_id);
    add_fact(text, cap, tile->run_id != 0 ? part : "");
    add_fact(text, cap, tile->mac[0] ? board_state_word(tile->board_state) : "");
    snprintf(part, sizeof part, "%s %u/%u", word_in(sight->language, WORD_BOARDS), tile->passes,
             tile->boards);
    add_fact(text, cap, part);
    add_fact(text, cap, tile->port);
}

/* Lines of a page, of which some are passed over, and no more shown than there is room for. */
struct page {
    int y, end_y;
    unsigned columns, skip;
    bool more;
};

static void page_text(struct page *p, attr_t attribute, const char *text)
{
    wchar_t wide[WIDE_CAP];
    while (columns_line(&text, p->columns, wide, WIDE_CAP)) {
        if (p->skip > 0) {
            p->skip--;
        } else if (p->y >= p->end_y) {
            p->more = true;
        } else {
            attrset((int)attribute);
            mvaddwstr(p->y++, 0, wide);
            attrset(A_NORMAL);
        }
    }
}

/* In another language: what operators can read of it first; the rest is the engineer's, as it is
 * recorded. */
static void page_foreign(struct page *p, const struct err *e, enum language language)
{
    char said[SENTENCE_BYTES], helps[SENTENCE_BYTES], left[2 * SENTENCE_BYTES];
    const bool is_said = words_say(language, e->what, said, sizeof said);
    const bool is_helped = words_say(language, e->hint, helps, sizeof helps);
    page_text(p, A_BOLD, face_cause(e->code, language));
    if (is_said)
        page_text(p, A_BOLD, said);
    if (is_helped || words_say(language, err_row(e->code)->hint, helps, sizeof helps))
        page_text(p, A_NORMAL, helps);
    if (is_said && is_helped)
        return;
    snprintf(left, sizeof left, "%s: %s%s%s", word_in(language, WORD_ENGINEERS),
             is_said ? "" : e->what, is_said ? "" : ". ", is_helped ? "" : e->hint);
    page_text(p, A_DIM, left);
}

static void page_err(struct page *p, const struct err *e, enum language language)
{
    char sentence[sizeof e->what + 2];
    if (e->code == ERR_NONE)
        return;
    if (language != LANGUAGE_EN) {
        page_foreign(p, e, language);
        return;
    }
    snprintf(sentence, sizeof sentence, "%s%s", e->what, err_stop(e->what));
    page_text(p, A_BOLD, sentence);
    page_text(p, A_NORMAL, e->hint);
}

static void page_end(const struct page *p, const struct sight *sight)
{
    char text[64];
    if (!p->more)
        return;
    snprintf(text, sizeof text, " v %s%s ",
             sight->details ? "" : "Enter: ", word_in(sight->language, WORD_MORE));
    const unsigned width = columns_of(text);
    if (width < p->columns)
        put(p->end_y - 1, p->columns - width, width, A_REVERSE, text);
}

/* Below the tiles: what it is in one line, and as much of the rest as there is room for. */
static void draw_selected(const struct tile *tile, const struct sight *sight, int y, int end_y,
                          unsigned columns)
{
    char facts[768];
    struct page page = { y + 1, end_y, columns, 0, false };
    mvhline(y, 0, '-', (int)columns);
    say_facts(tile, sight, facts, sizeof facts);
    wchar_t wide[WIDE_CAP];
    const char *rest;
    columns_take(facts, columns, wide, WIDE_CAP, &rest);
    attrset((int)attributes[tile->state]);
    mvaddwstr(page.y++, 0, wide);
    attrset(A_NORMAL);
    page.more = *rest != '\0';
    page_err(&page, &tile->err, sight->language);
    page_end(&page, sight);
}

static void page_details(struct page *page, const struct tile *tile, const struct sight *sight)
{
    char facts[768];
    say_facts(tile, sight, facts, sizeof facts);
    page_text(page, attributes[tile->state], facts);
    page_err(page, &tile->err, sight->language);
}

/* Of a station that does not tell any more the details are old, too. */
static void page_stale(struct page *page, const struct scene *scene, const struct sight *sight)
{
    char text[128];
    if (!scene->stale)
        return;
    say_stale(scene, sight, text, sizeof text);
    page_text(page, A_REVERSE | A_BOLD, text);
    page_text(page, A_BOLD, word_in(sight->language, WORD_OLD_PICTURE));
}

static void draw_details(const struct scene *scene, struct sight *sight, int end_y,
                         unsigned columns)
{
    const struct tile *tile = &scene->tiles[sight->selected];
    struct page all = { 0, end_y, columns, UINT_MAX, false }; /* passes over all, and counts */
    page_stale(&all, scene, sight);
    page_details(&all, tile, sight);
    const unsigned lines = UINT_MAX - all.skip, room = (unsigned)end_y;
    const unsigned last = lines > room ? lines - room : 0;
    if (sight->scrolled > last)
        sight->scrolled = last;
    struct page page = { 0, end_y, columns, sight->scrolled, false };
    page_stale(&page, scene, sight);
    page_details(&page, tile, sight);
    page_end(&page, sight);
}

/* ---- Foot: the answer to the last key, or the keys ---- */

static void foot_key(struct flow *f, const struct sight *sight, const char *key, enum word word)
{
    char text[96];
    snprintf(text, sizeof text, "%s %s", key, word_in(sight->language, word));
    flow_put(f, A_NORMAL, text);
}

static void foot_slot(struct flow *f, const struct sight *sight, const struct tile *tile)
{
    static const struct {
        char key;
        enum word word;
    } keys[] = {
        { 's', WORD_START }, { 'x', WORD_STOP }, { 'r', WORD_RETRY }, { 'a', WORD_ACKNOWLEDGE }
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char key[] = { keys[i].key, '\0' };
        if (strchr(face_keys(tile), keys[i].key))
            foot_key(f, sight, key, keys[i].word);
    }
}

/* A secret is a star for each byte. */
static void foot_question(struct flow *f, const struct sight *sight)
{
    const bool secret = sight->question == QUESTION_SECRET;
    char text[SIGHT_TYPED_BYTES + 96], stars[SIGHT_TYPED_BYTES];
    const size_t n = strlen(sight->typed);
    memset(stars, '*', n);
    stars[n] = '\0';
    snprintf(text, sizeof text, "%s: %s_",
             word_in(sight->language, secret ? WORD_PIN_OR_BADGE : WORD_YOUR_NAME),
             secret ? stars : sight->typed);
    flow_put(f, A_BOLD, text);
}

static void foot_person(struct flow *f, const struct scene *scene, const struct sight *sight)
{
    char text[ACTOR_NAME_BYTES + 96];
    if (!scene->asks_people)
        return;
    snprintf(text, sizeof text, "o %s%s%s",
             word_in(sight->language, scene->person[0] ? WORD_LOG_OUT : WORD_LOG_IN),
             scene->person[0] ? " " : "", scene->person);
    flow_put(f, A_NORMAL, text);
}

static void draw_foot(const struct scene *scene, const struct sight *sight, int y, int end_y,
                      unsigned columns)
{
    struct flow f = { y, end_y - 1, 0, columns };
    if (sight->question != QUESTION_NONE) {
        foot_question(&f, sight);
        return;
    }
    if (sight->message[0]) {
        flow_put(&f, A_BOLD | A_REVERSE, sight->message);
        return;
    }
    if (sight->details)
        foot_key(&f, sight, "Enter", WORD_CLOSE);
    else
        foot_key(&f, sight, "Enter", WORD_DETAILS);
    if (sight->can_act) {
        foot_slot(&f, sight, &scene->tiles[sight->selected]);
        foot_key(&f, sight, "F2", WORD_START);
        foot_key(&f, sight, "F8", WORD_ACKNOWLEDGE);
        foot_key(&f, sight, "F9", WORD_STOP);
    }
    foot_person(&f, scene, sight);
    if (sight->can_leave)
        foot_key(&f, sight, "q", WORD_LEAVE);
    else if (!scene->sum.ending)
        foot_key(&f, sight, "Ctrl-C", WORD_STOP);
    foot_key(&f, sight, "l", WORD_LANGUAGE);
}

/* ---- All of it ---- */

/* How the rows are shared out; what a small window has no room for, Enter shows. */
struct shares {
    int head, tiles, selected, foot;
};

static struct shares share_out(unsigned columns, int rows)
{
    struct shares s = { .head = rows < 10       ? 1
                                : columns < 60  ? 3
                                : columns < 100 ? 2
                                                : 1,
                        .selected = rows >= 20   ? 5
                                    : rows >= 14 ? 4
                                                 : 0,
                        .foot = columns < 60 && rows >= 20 ? 2 : 1 };
    s.tiles = rows - s.head - s.selected - s.foot;
    return s;
}

static void draw_all(const struct scene *scene, struct sight *sight, unsigned columns, int rows)
{
    const struct shares s = share_out(columns, rows);
    draw_head(scene, sight, columns, s.head);
    draw_tiles(scene, sight, s.head, columns, (unsigned)s.tiles);
    if (s.selected > 0)
        draw_selected(&scene->tiles[sight->selected], sight, s.head + s.tiles, rows - s.foot,
                      columns);
    draw_foot(scene, sight, rows - s.foot, rows, columns);
    draw_hidden(scene, sight, s.selected > 0 ? s.head + s.tiles : rows - 1, columns);
}

void draw_scene(const struct scene *scene, struct sight *sight)
{
    int rows, columns;
    getmaxyx(stdscr, rows, columns);
    erase();
    if (sight->selected >= scene->count)
        sight->selected = 0;
    if (columns < COLUMNS_LEAST || rows < ROWS_LEAST) {
        put(0, 0, (unsigned)columns, A_NORMAL, word_in(sight->language, WORD_TOO_SMALL));
    } else if (scene->count == 0) {
        draw_head(scene, sight, (unsigned)columns, 2);
        put(2, 0, (unsigned)columns, A_NORMAL,
            word_in(sight->language, scene->unheard ? WORD_CONNECTING : WORD_NO_SLOTS));
    } else if (sight->details) {
        draw_details(scene, sight, rows - 1, (unsigned)columns);
        draw_foot(scene, sight, rows - 1, rows, (unsigned)columns);
    } else {
        draw_all(scene, sight, (unsigned)columns, rows);
    }
    refresh();
}
