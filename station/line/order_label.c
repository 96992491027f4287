#include "station/line/order_label.h"

#include "core/board/board.h"
#include "core/loader/efuse.h"
#include "recipes/label/label_board.h"
#include "recipes/station/station_file.h"
#include "station/line/label_units.h"

#include <string.h>

static struct label_board board_of(const struct order *o)
{
    const struct recipe *r = order_recipe(o);
    return (struct label_board){ .chip = r->chip->name,
                                 .recipe = r->name,
                                 .version = r->version,
                                 .lot = order_lot(o),
                                 .operator_name = order_operator(o) };
}

/* A value that this order alone could bring. */
static bool hint_missing(const struct order *o, struct err *e)
{
    const struct label_template *t = job_label(order_job(o));
    if (label_template_asks(t, "lot") && !order_lot(o))
        return err_hint(e, "The label shows the lot: give --lot NAME.");
    if (label_template_asks(t, "operator") && !order_operator(o))
        return err_hint(e, "The label shows the operator: give --operator NAME.");
    if (label_template_asks(t, "version") && !order_recipe(o)->version[0])
        return err_hint(e, "The label shows the version: write it into the recipe, as in version: "
                           "2.3.0.");
    return false;
}

/* Names of what every board has go first. */
static void add_units(const struct order *o, char *const *texts, struct label_room *room)
{
    const struct unit *u = &order_recipe(o)->unit;
    for (size_t i = 0; texts && i < u->value_count; i++) {
        if (!u->values[i].secret)
            label_room_add(room, u->values[i].name, texts[i]);
    }
}

/* ---- The label ---- */

static bool is_drawn_for(const struct order *o, struct err *e)
{
    const struct recipe *r = order_recipe(o);
    const unsigned label = label_dpi_number(r->label.dpi);
    const unsigned printer = label_dpi_number(order_printer(o)->dpi);
    if (label == printer)
        return true;
    err_set(e, ERR_RECIPE, "%.100s is drawn for %u dpi, the printer has %u", r->label.file, label,
            printer);
    return err_hint(e,
                    "Draw it for %u dpi and write label.dpi into the recipe; or correct "
                    "printer.dpi in the station file.",
                    printer);
}

bool order_label_fits(const struct order *o, struct err *e)
{
    struct label_board board = board_of(o);
    struct label_room room;
    struct label_units longest;
    if (!order_printer(o))
        return true;
    const struct chip *chip = order_recipe(o)->chip;
    label_board_longest(&board, chip->efuse && chip->efuse->eui64 ? 8 : 6);
    label_room_of(&room, &board);
    if (!label_units_longest(order_recipe(o), job_label(order_job(o)), &longest, &room, e))
        return false;
    const struct label_values values = label_room_values(&room);
    if (!is_drawn_for(o, e))
        return false;
    if (label_fits(job_label(order_job(o)), &values, e))
        return true;
    hint_missing(o, e);
    return err_wrap(e, "The label does not do for this lot");
}

char *order_label_make(const struct order *o, const struct order_label_for *board, struct err *e)
{
    char mac[BOARD_MAC_TEXT_BYTES] = "";
    struct label_board said = board_of(o);
    struct label_room room;
    if (board->mac->count > 0)
        board_mac_text(board->mac, mac);
    said.mac = mac;
    said.run_id = board->run_id;
    said.slot = board->slot;
    said.utc_ms = board->started_utc_ms;
    label_room_of(&room, &said);
    add_units(o, board->unit_texts, &room);
    const struct label_values values = label_room_values(&room);
    char *zpl = label_make(job_label(order_job(o)), &values, e);
    if (!zpl)
        err_wrap(e, "The label of this board cannot be made");
    return zpl;
}
