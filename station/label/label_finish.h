/* What commands that print labels say at their beginning and their end, on standard error. */
#ifndef STATION_LABEL_FINISH_H
#define STATION_LABEL_FINISH_H

#include "station/label/label_desk.h"

/* That a station that was killed left labels of which nobody knows whether they are printed. */
void label_tell_unsure(int unsure, const char *db_path);

/* Waits a moment until all labels are printed; says which are not, and why. True: none is left. */
bool label_finish(struct label_desk *d, const char *db_path);

#endif
