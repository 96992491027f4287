/*
 * The tables that people have: the CSV file of nvs_partition_gen, and the pair of files of mfg_gen,
 * a configuration and the values of many units. Both are read as they are, without what those
 * programs pass over in silence: each of it is a mistake with file, line and column.
 *
 * Formats: documentation of both in ESP-IDF; what they do beyond it was tried on
 * esp-idf-nvs-partition-gen 0.2.0 and mfg_gen.py of ESP-IDF commit 1021229 (docs/nvs.md).
 *
 * Pure, but for memory and for the files that a table names, which the caller reads.
 */
#ifndef CORE_NVS_TABLE_H
#define CORE_NVS_TABLE_H

#include "core/nvs/nvs.h"

/* ---- Mistakes ---- */

struct nvs_mistake {
    const char *file;    /* as it was given; lent */
    size_t line, column; /* from 1 on */
    char sentence[240];  /* no final full stop, no control characters */
};

#define NVS_MISTAKES_MAX 50

struct nvs_report {
    struct nvs_mistake mistakes[NVS_MISTAKES_MAX];
    size_t kept, total;
};

/* ---- What is read ---- */

struct nvs_text {
    const char *name; /* for mistakes; lent as long as the report lives */
    const char *bytes;
    size_t n;
};

/* Reads a file that a table names, for rows of type `file`. The bytes are the table's then, which
 * frees them. False: *e; ERR_STATION for want of memory, else it becomes a mistake of the table. */
struct nvs_files {
    bool (*read)(void *ctx, const char *path, uint8_t **bytes, size_t *n, struct err *e);
    void *ctx;
};

/* ---- What comes out ---- */

struct nvs_row {
    bool space; /* opens a namespace, `name` */
    char name[NVS_NAME_CAP];
    enum nvs_type type; /* a number's, NVS_STRING or NVS_BLOB */
    uint64_t bits;
    uint8_t *bytes; /* of a string, without NUL, or a blob */
    size_t n;
};

struct nvs_table {
    struct nvs_row *rows;
    size_t count;
};

/* Reads the table of one image. False: there are mistakes in *report, of which *e says how many, or
 * no memory. */
bool nvs_table_read(const struct nvs_text *csv, const struct nvs_files *files, unsigned version,
                    struct nvs_table *table, struct nvs_report *report, struct err *e);
bool nvs_table_write(const struct nvs_table *table, struct nvs_writer *w, struct err *e);

/* Values are wiped. */
void nvs_table_done(struct nvs_table *table);

/* One value, as the generator takes it by one of its encodings: `text`, or the file of that path.
 * ERR_USAGE says what is wrong. row->bytes are the caller's, to wipe and free. */
bool nvs_table_value(const char *encoding, bool file, const char *text,
                     const struct nvs_files *files, unsigned version, struct nvs_row *row,
                     struct err *e);

/* ---- Many units ---- */

struct nvs_units; /* a configuration with the values of all units */

/* Reads both files and checks every value of every unit. `id_column` names the column that tells
 * units apart, NULL: their number does, from 1 on. Its values, and those of the columns in
 * `unique`, may not come twice. NULL as nvs_table_read. */
struct nvs_units *nvs_units_open(const struct nvs_text *config, const struct nvs_text *values,
                                 const char *id_column, const char *const *unique,
                                 size_t unique_count, const struct nvs_files *files,
                                 unsigned version, struct nvs_report *report, struct err *e);
void nvs_units_free(struct nvs_units *units); /* NULL is fine */
size_t nvs_units_count(const struct nvs_units *units);

/* Its id, for the name of a file: letters, digits, and . _ - alone. `text` holds NVS_ID_CAP. */
#define NVS_ID_CAP 64u
void nvs_units_id(const struct nvs_units *units, size_t i, char *text);

/* The table of a unit, to be ended with nvs_table_done. */
bool nvs_units_table(struct nvs_units *units, size_t i, struct nvs_table *table,
                     struct nvs_report *report, struct err *e);

#endif
