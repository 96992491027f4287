/* The canonical form of each row that the chain binds, as SQL. */
#ifndef DB_FORMS_H
#define DB_FORMS_H

/* What the chain binds; chain.c has their words. */
enum link_kind {
    LINK_STATION,
    LINK_RECIPE,
    LINK_LOT,
    LINK_BOARD,
    LINK_RUN,
    LINK_STATION_END,
    LINK_CORRECTION,
    LINK_CHECKPOINT,
    LINK_LABEL,
    LINK_LABEL_END,
    LINK_ACT,
    LINK_UNIT,
    LINK_UNIT_DECISION,
    LINK_LEASE,
    LINK_LEASE_END,
    LINK_BURN,
    LINK_KIND_COUNT
};

enum { FORM_SQL_CAP = 12288 };

/* The query for a row's canonical form: one column, one row, its id is the one parameter. */
void form_sql(enum link_kind kind, char sql[static FORM_SQL_CAP]);

/* The same for all complete rows of a kind, as columns kind, row, form. */
void form_all_sql(enum link_kind kind, char sql[static FORM_SQL_CAP]);

#endif
