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

/* Whether the board of run r had unit row u in it: taken until then, and not released before. */
#define UNIT_OF_RUN(u)                                                                             \
    u ".board = r.board AND " u ".run <= r.id AND (" u ".released IS NULL OR r.started_utc <"      \
      " (SELECT made_utc FROM unit_decision WHERE id = " u ".released))"

/* Whether value v is the last of its name that the board of run r had. */
#define LAST_OF_ITS_NAME                                                                           \
    "NOT EXISTS (SELECT 1 FROM unit AS w JOIN unit_value AS y ON y.unit = w.id"                    \
    " WHERE y.name = v.name AND y.id > v.id AND " UNIT_OF_RUN("w") ")"

/* The digests of attempt ?1: of the recipe's images, then of the unit's, which are numbered behind
 * them and have no row of a recipe. */
#define DIGESTS_OF_ATTEMPT                                                                         \
    "SELECT i.number, i.file, i.offset, i.size_bytes, i.sha256, i.md5, d.expected_md5, "           \
    "d.read_md5,"                                                                                  \
    " d.written_md5, d.written_sha256, d.skipped_bytes FROM digest AS d"                           \
    " JOIN image AS i ON i.id = d.image WHERE d.attempt = ?1 UNION ALL"                            \
    " SELECT (SELECT count(*) FROM attempt AS a JOIN run AS r ON r.id = a.run"                     \
    "  JOIN image AS i ON i.recipe = r.recipe WHERE a.id = ?1) + g.number, 'unit: ' || g.place,"   \
    " g.offset, g.size_bytes, NULL, NULL, g.expected_md5, g.read_md5, g.written_md5,"              \
    " g.written_sha256, g.skipped_bytes FROM unit_digest AS g WHERE g.attempt = ?1"                \
    " ORDER BY 1"

/* Whether correction k was made after lot r.lot was closed: its end was signed without it. NULL:
 * the lot is open. */
#define MADE_AFTER_CLOSING                                                                         \
    "(SELECT x.id FROM link AS x WHERE x.kind = 'correction' AND x.row = k.id)"                    \
    " > (SELECT p.link FROM checkpoint AS p WHERE p.lot = r.lot)"

/* An attempt's loader for people: our own stub by its name. */
#define LOADER_SHOWN                                                                               \
    "CASE fast WHEN 'written' THEN 'fast' WHEN 'proved-twice' THEN 'fast, proved twice' ELSE "     \
    "loader END"

#endif
