#include "station/attempt/board_own.h"

#include "station/base/locked.h"

struct board_own *board_own_new(struct err *e)
{
    return locked_new(sizeof(struct board_own), e);
}

void board_own_free(struct board_own *own)
{
    if (!own)
        return;
    plan_variant_free(own->ciphertext);
    locked_free(own, sizeof *own);
}
