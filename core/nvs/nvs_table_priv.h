/* What the readers of both kinds of tables share. */
#ifndef CORE_NVS_TABLE_PRIV_H
#define CORE_NVS_TABLE_PRIV_H

#include "core/base/csv_table.h"
#include "core/nvs/nvs_table.h"

/* Where mistakes go, and what they are judged by. */
struct nvs_judge {
    const char *file;
    const struct nvs_files *files;
    unsigned version;
    struct nvs_report *report;
    bool no_memory;
};

/* Keeps a mistake at a field, or at a place. False. */
bool nvs_mistake(struct nvs_judge *j, const struct csv_field *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool nvs_mistake_at(struct nvs_judge *j, size_t line, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A field for a sentence: cut, without what could steer a terminal. Gives `text`. */
#define NVS_SHOWN_CAP 48
const char *nvs_shown(const struct csv_field *field, char text[static NVS_SHOWN_CAP]);

/* Reads a CSV file; what is wrong with it is a mistake. */
bool nvs_csv_read(struct nvs_judge *j, const struct nvs_text *text, bool comments,
                  struct csv_table *table);

/* Ends with the number of mistakes in *e, if there are any. */
bool nvs_judged(const struct nvs_judge *j, struct err *e);

/* Whether a field may be a key or a namespace (`what`); puts it into row->name. */
bool nvs_take_name(struct nvs_judge *j, const struct csv_field *field, const char *what,
                   struct nvs_row *row);

/* Refuses a key of the Wi-Fi driver: to these the generator adds others, of its own making. */
bool nvs_check_wifi(struct nvs_judge *j, const struct csv_field *key);

/* Whether an encoding is known, and one of files where it is for a file. */
bool nvs_check_encoding(struct nvs_judge *j, const struct csv_field *encoding, bool file);

/* Reads a value, or the file it names, by its encoding. False: a mistake, or no memory. */
bool nvs_take_value(struct nvs_judge *j, const struct csv_field *encoding, bool file,
                    const struct csv_field *value, struct nvs_row *row);

/* Keys that stand twice in a namespace, and namespaces that do: `places` has the field of each row.
 * The table is as the rows are written. */
bool nvs_check_doubles(struct nvs_judge *j, const struct nvs_table *table,
                       const struct csv_field *const *places);

#endif
