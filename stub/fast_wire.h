/*
 * What station and fast stub say to each other, the numbers alone; docs/fast-stub.md has the page.
 *
 * Requests and answers are laid out as those of every other loader (core/frames/packet.h), but for
 * a CRC-32 on each: of a request in the place of its checksum, over the four bytes in front of it
 * and the data; behind an answer, over all of it. What does not fit its CRC was never there.
 */
#ifndef STUB_FAST_WIRE_H
#define STUB_FAST_WIRE_H

#define FAST_VERSION 1u

/* Commands that other loaders do not have. */
enum {
    FAST_BEGIN = 0xE0, /* a region follows: FAST_BEGIN_WORDS words; answered as FAST_STATE */
    FAST_BLOCK = 0xE1, /* a word (tag << 16 | number), then its bytes; never answered by itself */
    FAST_STATE = 0xE2, /* a word, the mark, or nothing; also said unasked */
    FAST_READ = 0xE3,  /* address, length: answered by so many bytes of flash */
};

/* Words of FAST_BEGIN. A BEGIN of the same generation is the same one once more. */
enum {
    FAST_BEGIN_GENERATION,
    FAST_BEGIN_TAG,
    FAST_BEGIN_ADDR,
    FAST_BEGIN_FLASH_BYTES,
    FAST_BEGIN_CODING,
    FAST_BEGIN_BLOCKS,
    FAST_BEGIN_WORDS
};

enum { FAST_CODING_RAW, FAST_CODING_ZLIB, FAST_CODING_LZMA, FAST_CODINGS };

/* Words of FAST_STATE. Blocks in front of NEXT have come; of those from NEXT on, bit i of HAVE and
 * HAVE_MORE says whether NEXT + i has; LIMIT and those behind may not be sent yet. */
enum {
    FAST_STATE_GENERATION,
    FAST_STATE_NEXT,
    FAST_STATE_LIMIT,
    FAST_STATE_HAVE,
    FAST_STATE_HAVE_MORE,
    FAST_STATE_MARK,       /* of the last FAST_STATE that was asked */
    FAST_STATE_DONE_BYTES, /* of flash, in all regions since the stub started */
    FAST_STATE_WORDS
};

#define FAST_HEADER_BYTES 8u    /* 00 or 01, command, length, checksum or value */
#define FAST_ID_BYTES     4u    /* in front of a block's bytes */
#define FAST_BLOCK_BYTES  2048u /* in a block, at most */
#define FAST_READ_BYTES   1024u /* at once, at most */
#define FAST_CRC_BYTES    4u
#define FAST_STATUS_BYTES 2u
#define FAST_WINDOW_MAX   64u /* blocks */

/* How it greets: a frame of these words and their CRC. */
enum {
    FAST_GREETING_WORD, /* "FAST" */
    FAST_GREETING_VERSION,
    FAST_GREETING_CODINGS, /* a bit each */
    FAST_GREETING_WINDOW,  /* blocks for which it has room */
    FAST_GREETING_WORDS
};

#define FAST_WORD 0x54534146u /* "FAST"; also the value of an answer to SYNC */

/* Status: as of the vendor's stub, where that has the same. */
enum {
    FAST_OK = 0x00,
    FAST_BAD_LENGTH = 0xC0,
    FAST_UNKNOWN = 0xC3,
    FAST_BAD_STREAM = 0xC7, /* what was sent does not inflate to what was announced */
    FAST_BAD_PLACE = 0xC8,  /* not in the flash, or not at a sector */
};

#endif
