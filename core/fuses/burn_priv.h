/* What the check of a burn and the burn itself share. */
#ifndef CORE_BURN_PRIV_H
#define CORE_BURN_PRIV_H

#include "core/fuses/burn.h"

/* How a block is coded on this board. */
enum fuse_coding { FUSE_UNCODED, FUSE_CODED_34, FUSE_CODED_RS };
enum fuse_coding fuse_coding(const struct fuse_set *set, const struct fuse_words *words,
                             unsigned block);

/* How many words it holds for who writes it. */
unsigned fuse_data_words(const struct fuse_set *set, const struct fuse_words *words,
                         unsigned block);

/* Whether two contents of a block are the same, as far as it holds any: with 3/4 no source says
 * what its last two words read as. */
bool fuse_same_block(const struct fuse_set *set, const struct fuse_words *words, unsigned block,
                     const uint32_t *a, const uint32_t *b);

/* What of a burn is not there yet: words to be sent. A coded block is sent whole, and one of 3/4
 * without the units that are there. */
void fuse_burn_rest(const struct fuse_set *set, const struct fuse_words *words,
                    const struct fuse_burn *burn, uint32_t rest[static FUSE_WORDS_MAX]);

/* Whether one of the fuses in it closes the loader. */
bool fuse_burn_closes(const struct fuse_set *set, uint32_t revision, const struct fuse_burn *burn);

/* Whether what is in these words of the block, all of it or a half, is hidden. */
bool fuse_block_is_hidden(const struct fuse_set *set, const struct fuse_words *words,
                          unsigned block);

#endif
