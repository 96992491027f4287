/* The fuses of each chip by name: core/fuses/fuses_NAME.c, to which the chip's row points. */
#ifndef CORE_FUSE_LIST_H
#define CORE_FUSE_LIST_H

#include "core/fuses/fuse_set.h"

#define CHIP(name) extern const struct fuse_set fuses_##name;
#include "core/facts/chip_list.h"
#undef CHIP

extern const struct fuse_set fuses_esp32p4_v3; /* that chip's fields have moved */

#endif
