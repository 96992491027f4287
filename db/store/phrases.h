/* Phrases of SQL that several queries use. */
#ifndef DB_PHRASES_H
#define DB_PHRASES_H

/* The verdict of a run after its corrections. */
#define EFFECTIVE_VERDICT(run)                                                                     \
    "coalesce((SELECT kv.verdict FROM correction AS kv WHERE kv.run = " run ".id"                  \
    " AND kv.verdict IS NOT NULL ORDER BY kv.id DESC LIMIT 1), " run ".verdict)"

/* The six bytes that an EUI-64 was made of, and those of a MAC of six as they are. Index board_base
 * is over this very text. */
#define BASE_MAC(mac)                                                                              \
    "CASE length(" mac ") WHEN 23 THEN substr(" mac ", 1, 8) || substr(" mac ", 15)"               \
    " ELSE " mac " END"

/* The id of the board that is known by this MAC, a parameter as "?1"; NULL: none. Chips with
 * 802.15.4 say an EUI-64, labels and other tools the six bytes, and where the two in the middle
 * were never burnt the chip has six only: all are one board. Two EUI-64 that differ are two. */
/* clang-format off */
#define BOARD_OF_MAC(mac)                                                                          \
    "coalesce((SELECT id FROM board WHERE mac = " mac "), (SELECT min(id) FROM board"              \
    " WHERE " BASE_MAC("mac") " = " BASE_MAC(mac)                                                  \
    " AND (length(mac) = 17 OR length(" mac ") = 17)))"
/* clang-format on */

/* Whether correction k was made after lot r.lot was closed: its end was signed without it. NULL:
 * the lot is open. */
#define MADE_AFTER_CLOSING                                                                         \
    "(SELECT x.id FROM link AS x WHERE x.kind = 'correction' AND x.row = k.id)"                    \
    " > (SELECT p.link FROM checkpoint AS p WHERE p.lot = r.lot)"

#endif
