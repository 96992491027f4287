/* The topics of a station. */
#ifndef STATION_MQTT_TOPIC_H
#define STATION_MQTT_TOPIC_H

#include "recipes/station/station_file.h"

#define MQTT_TOPIC_CAP 512

/* "PREFIX/STATION/kind" or "PREFIX/STATION/kind/name" (name NULL: without). What would mean
 * something in a topic (/ + #, control characters) is _ in the station's name. */
void mqtt_topic(const struct station *station, const char *kind, const char *name,
                char topic[static MQTT_TOPIC_CAP]);

#endif
