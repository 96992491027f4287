#include "station/floor/act_word.h"

#include <string.h>

static const char *const words[] = {
    [ACT_START] = "start",       [ACT_STOP] = "stop",     [ACT_ACKNOWLEDGE] = "acknowledge",
    [ACT_RETRY] = "retry",       [ACT_REWORK] = "rework", [ACT_PRINT] = "print",
    [ACT_DISABLE] = "disable",   [ACT_ENABLE] = "enable", [ACT_CODE] = "code",
    [ACT_OPERATOR] = "operator", [ACT_LOT] = "lot",       [ACT_NO_LOT] = "no-lot",
    [ACT_RECIPE] = "recipe",     [ACT_BURN] = "burn",     [ACT_NO_BURN] = "no-burn",
};

const char *act_word(enum act_kind kind)
{
    return words[kind];
}

bool act_by_word(const char *word, enum act_kind *kind, struct err *e)
{
    for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            *kind = (enum act_kind)i;
            return true;
        }
    }
    err_set(e, ERR_USAGE, "There is no act '%.40s'", word ? word : "");
    return err_hint(e, "Acts are start, stop, acknowledge, retry, rework, print, disable, enable, "
                       "code, operator, lot, no-lot, recipe, burn and no-burn.");
}
