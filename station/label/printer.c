#include "station/label/printer_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct printer_ops *const kinds[] = { &printer_tcp, &printer_device, &printer_cups,
                                                   &printer_file };

struct printer *printer_new(const struct station_printer *config, const struct clock *clock,
                            int stop_fd, struct err *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(config->to, kinds[i]->prefix, strlen(kinds[i]->prefix)) != 0)
            continue;
        struct printer *const p = calloc(1, kinds[i]->struct_bytes);
        if (p) {
            *p = (struct printer){ kinds[i], config, clock, stop_fd };
            return p;
        }
    }
    err_set(e, ERR_STATION, "Out of memory for a printer");
    return NULL;
}

void printer_free(struct printer *p)
{
    if (p)
        printer_close(p);
    free(p);
}

bool printer_confirms(const struct printer *p)
{
    return p->ops->confirms && p->config->ask == STATION_ASK_YES;
}

bool printer_ready(struct printer *p, struct err *e)
{
    if (p->ops->ready(p, e))
        return true;
    printer_close(p);
    return false;
}

enum printer_sent printer_send(struct printer *p, const char *zpl, const char *title, struct err *e)
{
    return p->ops->send(p, zpl, title, e);
}

enum printer_look printer_look(struct printer *p, struct err *e)
{
    return p->ops->look(p, e);
}

void printer_close(struct printer *p)
{
    p->ops->close(p);
}
