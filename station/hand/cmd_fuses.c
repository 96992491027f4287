/* espstation fuses: what each fuse of each board says, by name, and what a recipe would burn into
 * it; burns nothing, and shows no key. */
#include "station/cli/actions.h"
#include "station/cli/option_rows.h"
#include "station/hand/hand.h"

#include "core/fuses/fuse_set.h"
#include "station/attempt/job.h"
#include "station/base/json.h"
#include "station/cli/fuse_plan_print.h"

#include <stdlib.h>
#include <string.h>

struct fuses_order {
    const char *reset;
    bool json;
    bool burnt_only;       /* --set */
    const struct job *job; /* of `plan`; NULL: the fuses are shown */
};

/* A board, and what its fuses read as. */
struct fuses_board {
    struct board board;
    const struct fuse_set *set;
    struct fuse_words words;
};

/* ---- Reading ---- */

/* Only what tells fuses by name can be asked. */
static bool choose_set(struct fuses_board *b, struct err *e)
{
    const struct chip *chip = b->board.chip;
    const struct chip_security *s = &b->board.security;
    if (s->secure_download) {
        err_set(e, ERR_SECURED,
                "The %s is in Secure Download Mode and tells none of its fuses but these: secure "
                "boot is %s, flash encryption is %s",
                chip->name, s->secure_boot ? "on" : "off", s->flash_encryption ? "on" : "off");
        return err_hint(e, "What else was burnt is in its record: espstation history, with the MAC "
                           "of its label.");
    }
    b->set = chip_fuses(chip, b->board.revision);
    if (b->set)
        return true;
    err_set(e, ERR_USAGE, "The fuses of the %s have no names here", chip->name);
    return err_hint(e, "Its MAC and what else they say: espstation identify");
}

static bool read_board(const struct hand_slot *slot, const struct fuses_order *o,
                       struct fuses_board *b, struct err *e)
{
    struct hand h;
    bool ok = hand_open(&h, slot, o->reset, e);
    b->board = h.board;
    /* What is in it may burn fuses by itself as it starts: who plans them wants none burnt. */
    h.resets = h.resets && !o->job;
    ok = ok && choose_set(b, e) && fuses_read(h.loader, b->set, &b->words, e);
    hand_close(&h);
    return ok;
}

/* ---- What one says ---- */

#define VALUE_CAP 128

static bool is_mac(const struct fuse_field *f)
{
    return strcmp(f->name, "MAC") == 0 || strcmp(f->name, "CUSTOM_MAC") == 0;
}

static bool is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void put_hex(char text[static VALUE_CAP], const uint8_t *bytes, size_t n, const char *gap)
{
    text[0] = '\0';
    for (size_t i = 0, at = 0; i < n && at < VALUE_CAP; i++)
        at += (size_t)snprintf(text + at, VALUE_CAP - at, "%s%02x", i ? gap : "", bytes[i]);
}

/* The factory's MAC stands in the fuses from its end on, the product's own from its beginning. */
static void put_bytes(char *text, const struct fuse_field *f, uint8_t *bytes, size_t n)
{
    if (strcmp(f->name, "MAC") == 0) {
        for (size_t i = 0; i < n / 2; i++) {
            uint8_t byte = bytes[i];
            bytes[i] = bytes[n - 1 - i];
            bytes[n - 1 - i] = byte;
        }
    }
    put_hex(text, bytes, n, is_mac(f) ? ":" : "");
}

static void put_number(char *text, const struct fuse_field *f, uint32_t value)
{
    const char *word = fuse_value_word(f->name, value);
    int n = snprintf(text, VALUE_CAP, f->bits > 4 ? "0x%X" : "%u", value);
    if (word)
        snprintf(text + n, VALUE_CAP - (size_t)n, " (%s)", word);
}

/* "set" of a key says that there is one, and no more. */
static void put_value(const struct fuses_board *b, const struct fuse_field *f,
                      char text[static VALUE_CAP])
{
    uint8_t bytes[FUSE_BYTES_MAX];
    size_t n = fuse_bytes(&b->words, f, bytes);
    if (fuse_is_hidden(b->set, &b->words, f))
        snprintf(text, VALUE_CAP, "hidden");
    else if (f->bits > 32 && is_blank(bytes, n))
        snprintf(text, VALUE_CAP, "blank");
    else if (fuse_is_secret(b->set, &b->words, f))
        snprintf(text, VALUE_CAP, "set, and readable");
    else if (f->bits > 32)
        put_bytes(text, f, bytes, n);
    else
        put_number(text, f, fuse_value(&b->words, f));
}

static bool is_wanted(const struct fuses_board *b, const struct fuses_order *o,
                      const struct fuse_field *f)
{
    uint8_t bytes[FUSE_BYTES_MAX];
    size_t n = fuse_bytes(&b->words, f, bytes);
    bool is_burnt = !is_blank(bytes, n) || fuse_is_hidden(b->set, &b->words, f);
    bool is_there = f->below_revision == 0 || b->board.revision < f->below_revision;
    return is_there && (is_burnt || !o->burnt_only);
}

static const char *lock_word(const struct fuses_board *b, const struct fuse_field *f)
{
    if (f->lock_bit == FUSE_NO_BIT)
        return "-";
    return fuse_is_locked(b->set, &b->words, f) ? "locked" : "open";
}

/* ---- As text ---- */

static void print_field(FILE *out, const struct fuses_board *b, const struct fuse_field *f)
{
    const char *meaning = fuse_meaning(f->name);
    char value[VALUE_CAP];
    put_value(b, f, value);
    fprintf(out, "  %2u  %-34s  %-20s  %-6s%s%s\n", f->block, f->name, value, lock_word(b, f),
            meaning ? "  " : "", meaning ? meaning : "");
}

static void print_health(FILE *out, const struct fuses_board *b)
{
    for (size_t i = 0; i < b->set->block_count; i++) {
        struct fuse_health health = fuse_health(b->set, &b->words, i);
        if (health.failed)
            fprintf(out,
                    "  block %zu does not read as it was burnt (coding error): do not use "
                    "this board\n",
                    i);
        else if (health.corrected > 0)
            fprintf(out, "  block %zu: %u %s read wrong and corrected by the chip\n", i,
                    health.corrected, i == 0 ? "bits" : "bytes");
    }
}

static void print_text(const struct hand_slot *slot, const struct fuses_board *b,
                       const struct fuses_order *o)
{
    char head[320], mac[BOARD_MAC_TEXT_BYTES];
    hand_line_head(slot, head, sizeof head);
    board_mac_text(&b->board.mac, mac);
    fprintf(slot->result, "%s%s v%u.%u  %s\n", head, b->board.chip->name, b->board.revision / 100,
            b->board.revision % 100, mac);
    print_health(slot->result, b);
    fprintf(slot->result, "  %2s  %-34s  %-20s  %-6s  %s\n", "in", "fuse", "value", "lock",
            "what it does, once burnt");
    for (const struct fuse_field *f = b->set->fields; f->name; f++) {
        if (is_wanted(b, o, f))
            print_field(slot->result, b, f);
    }
}

/* ---- As JSON ---- */

static void add_field(struct json_object *o, const struct fuses_board *b,
                      const struct fuse_field *f)
{
    const char *meaning = fuse_meaning(f->name);
    char value[VALUE_CAP];
    put_value(b, f, value);
    json_open(o, NULL, '{');
    json_text(o, "name", f->name);
    json_integer(o, "block", f->block);
    json_integer(o, "word", f->word);
    json_integer(o, "bit", f->bit);
    json_integer(o, "bits", f->bits);
    json_text(o, "value", value);
    json_bool(o, "locked", fuse_is_locked(b->set, &b->words, f));
    json_bool(o, "hidden", fuse_is_hidden(b->set, &b->words, f));
    if (meaning)
        json_text(o, "meaning", meaning);
    json_close(o, '}');
}

static void add_health(struct json_object *o, const struct fuses_board *b)
{
    json_open(o, "coding_errors", '[');
    for (size_t i = 0; i < b->set->block_count; i++) {
        struct fuse_health health = fuse_health(b->set, &b->words, i);
        if (health.corrected == 0 && !health.failed)
            continue;
        json_open(o, NULL, '{');
        json_integer(o, "block", (int64_t)i);
        json_integer(o, "corrected", health.corrected);
        json_bool(o, "failed", health.failed);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void add_board(struct json_object *o, const struct fuses_board *b,
                      const struct fuses_order *order)
{
    char mac[BOARD_MAC_TEXT_BYTES];
    board_mac_text(&b->board.mac, mac);
    json_text(o, "chip", b->board.chip->id_name);
    json_integer(o, "revision", b->board.revision);
    json_text(o, "mac", mac);
    add_health(o, b);
    json_open(o, "fuses", '[');
    for (const struct fuse_field *f = b->set->fields; f->name; f++) {
        if (is_wanted(b, order, f))
            add_field(o, b, f);
    }
    json_close(o, ']');
}

static void print_json(const struct hand_slot *slot, const struct fuses_board *b,
                       const struct fuses_order *order)
{
    struct json_object o;
    json_begin(&o, slot->result);
    json_text(&o, "port", slot->where);
    json_integer(&o, "slot", slot->number);
    if (slot->name)
        json_text(&o, "name", slot->name);
    add_board(&o, b, order);
    json_end(&o);
}

/* ---- What a recipe would burn ---- */

static bool plan_board(const struct fuses_board *b, const struct fuses_order *o,
                       struct fuse_plan *plan, struct err *e)
{
    const struct chip *wanted = job_recipe(o->job)->chip;
    if (b->board.chip != wanted)
        return err_set(e, ERR_WRONG_CHIP, "The board has an %s, and the recipe is for %s",
                       b->board.chip->name, wanted->name);
    return job_security_judge(job_security(o->job), &b->board, &b->words, NULL, plan, e);
}

static void print_plan_text(const struct hand_slot *slot, const struct fuses_board *b,
                            const struct fuse_plan *plan)
{
    static const char *const boards[] = { "nothing of it is burnt", "begun: a part of it is burnt",
                                          "it has all of it: nothing is to be burnt" };
    char head[320], mac[BOARD_MAC_TEXT_BYTES];
    hand_line_head(slot, head, sizeof head);
    board_mac_text(&b->board.mac, mac);
    fprintf(slot->result, "%s%s v%u.%u  %s  %s\n", head, b->board.chip->name,
            b->board.revision / 100, b->board.revision % 100, mac, boards[plan->board]);
    fuse_plan_print(slot->result, plan);
}

static void print_plan_json(const struct hand_slot *slot, const struct fuses_board *b,
                            const struct fuse_plan *plan)
{
    struct json_object o;
    char mac[BOARD_MAC_TEXT_BYTES];
    board_mac_text(&b->board.mac, mac);
    json_begin(&o, slot->result);
    json_text(&o, "port", slot->where);
    json_integer(&o, "slot", slot->number);
    if (slot->name)
        json_text(&o, "name", slot->name);
    json_text(&o, "chip", b->board.chip->id_name);
    json_integer(&o, "revision", b->board.revision);
    json_text(&o, "mac", mac);
    fuse_plan_json(&o, plan);
    json_end(&o);
}

static bool show_plan(const struct hand_slot *slot, const struct fuses_board *b,
                      const struct fuses_order *o, struct err *e)
{
    struct fuse_plan *plan = malloc(sizeof *plan);
    if (!plan)
        return err_set(e, ERR_STATION, "Out of memory");
    const bool ok = plan_board(b, o, plan, e);
    if (ok)
        (o->json ? print_plan_json : print_plan_text)(slot, b, plan);
    fuse_plan_wipe(plan);
    free(plan);
    return ok;
}

/* ---- The command ---- */

static bool work(const struct hand_slot *slot, void *ctx, struct err *e)
{
    const struct fuses_order *o = ctx;
    struct fuses_board *b = calloc(1, sizeof *b);
    bool ok = b ? read_board(slot, o, b, e) : err_set(e, ERR_STATION, "Out of memory");
    if (ok && o->job)
        ok = show_plan(slot, b, o, e);
    else if (ok)
        (o->json ? print_json : print_text)(slot, b, o);
    free(b);
    return ok;
}

static const char examples[] =
    "\n"
    "  espstation fuses --port /dev/ttyUSB0 --set             what is burnt\n"
    "  espstation fuses plan recipe.yaml --port /dev/ttyUSB0  what its section 'security' would "
    "burn\n"
    "                                                         into this very board, in this order\n"
    "\n"
    "A board with a plan is left in its loader: images built for security may burn fuses by\n"
    "themselves as they start.\n";

/* NULL: none was asked for, or *e. */
static struct job *load_plan(const char **args, size_t count, const struct fuses_order *o,
                             struct err *e)
{
    static const struct action_word actions[] = { { "plan", 1, "a recipe" } };
    if (count == 0)
        return NULL;
    if (!ACTION_OF("fuses", actions, args, count, e))
        return NULL;
    if (o->burnt_only) {
        err_set(e, ERR_USAGE, "--set is for the fuses themselves, not for a plan");
        return NULL;
    }
    struct job *job = cmd_load_job(args[1], NULL, e);
    if (!job || job_security_asked(job_security(job)))
        return job;
    job_free(job);
    err_set(e, ERR_RECIPE, "The recipe '%s' has no section 'security': nothing is to be burnt",
            args[1]);
    return NULL;
}

static enum exit_status fuses(int argc, char **argv)
{
    struct slot_choice choice = { 0 };
    struct fuses_order o = { .reset = "auto" };
    const struct option_row rows[] = {
        OPTION_PORTS("ask", &choice.ports),
        OPTION_SLOTS("ask", &choice.slots),
        OPTION_STATION(&choice.station_path),
        { "--set", NULL, "only what is burnt", &o.burnt_only, NULL, NULL },
        OPTION_RESET(&o.reset),
        OPTION_JSON(&o.json),
    };
    enum exit_status status;
    struct err e = { 0 };
    const char *args[2];
    size_t count;
    if (!cmd_parse(&cmd_fuses, rows, sizeof rows / sizeof rows[0], argc, argv, args, 2, &count,
                   &status)) {
        if (status == EXIT_PASSED)
            cmd_say_more(examples);
        return status;
    }
    struct job *job = load_plan(args, count, &o, &e);
    o.job = job;
    if (e.code == ERR_NONE && hand_check_reset(o.reset, &e) && slot_choice_make(&choice, &e)) {
        status = hands_run(&choice, &(struct hand_tool){ .work = work, .ctx = &o });
    } else {
        cmd_print_err(&e);
        status = cmd_status_of(&e);
    }
    slot_choice_done(&choice);
    job_free(job);
    return status;
}

const struct cmd cmd_fuses = { "fuses", "[plan RECIPE]",
                               "Tells what each fuse of each board says, or what a recipe would "
                               "burn; burns nothing.",
                               fuses };
