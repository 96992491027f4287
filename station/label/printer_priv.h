/* Inside station/label/printer*.c only. */
#ifndef STATION_PRINTER_PRIV_H
#define STATION_PRINTER_PRIV_H

#include "station/label/printer.h"

struct printer_ops {
    const char *prefix;  /* of printer.to */
    size_t struct_bytes; /* of the kind's own struct, whose first member is struct printer */
    bool confirms; /* it can be asked whether a label was printed, if the station file allows */
    bool (*ready)(struct printer *p, struct err *e);
    enum printer_sent (*send)(struct printer *p, const char *zpl, const char *title, struct err *e);
    enum printer_look (*look)(struct printer *p, struct err *e);
    void (*close)(struct printer *p); /* also of one that is not open */
};

struct printer {
    const struct printer_ops *ops;
    const struct station_printer *config;
    const struct clock *clock;
    int stop_fd;
};

extern const struct printer_ops printer_tcp, printer_device, printer_cups, printer_file;

#endif
