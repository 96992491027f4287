/* Live events to one reader, at its own pace. Nobody outside of station/web includes this. */
#ifndef STATION_WEB_STREAM_H
#define STATION_WEB_STREAM_H

#include "station/web/web_priv.h"

struct MHD_Connection;
struct MHD_Response;

/* The response whose body are the events from now on, or from where `last_event_id` left off. NULL:
 * no memory. The library's thread. */
struct MHD_Response *web_stream_response(struct web *w, struct MHD_Connection *connection,
                                         const struct web_request *r);

#endif
