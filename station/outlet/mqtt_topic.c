#include "station/outlet/mqtt_topic.h"

#include <stdio.h>
#include <string.h>

void mqtt_topic(const struct station *station, const char *kind, const char *name,
                char topic[static MQTT_TOPIC_CAP])
{
    char level[72];
    snprintf(level, sizeof level, "%s", station->name);
    for (char *p = level; *p != '\0'; p++) {
        if (strchr("/+#", *p) || (unsigned char)*p < 0x20)
            *p = '_';
    }
    snprintf(topic, MQTT_TOPIC_CAP, "%s/%s/%s%s%s", station->mqtt.prefix, level, kind,
             name ? "/" : "", name ? name : "");
}
