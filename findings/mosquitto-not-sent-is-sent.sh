#!/usr/bin/env bash
# libmosquitto: mosquitto_publish says MOSQ_ERR_NO_CONN, and delivers the message later.
#
# Guessed: an error means that the message was not taken, so the caller keeps it and publishes it again when connected.
# Version: Debian libmosquitto-dev and mosquitto 2.0.11-1.2+deb12u2.
# Seen: before the connection a publish with QoS 1 returns 4 (NO_CONN; the header: "if the client isn't connected to a broker")
#     and keeps the message. After the connect it goes out and is acknowledged. The second try makes two of it at the subscriber.
#     With QoS 0 the same error does mean that the message is gone.
# So: with QoS 1 an NO_CONN is "queued"; count on_publish and not return values.
. "$(dirname "$0")/lib.sh"
debian_packages libmosquitto-dev=2.0.11-1.2+deb12u2 libmosquitto1=2.0.11-1.2+deb12u2 mosquitto=2.0.11-1.2+deb12u2 \
    libcjson1 libdlt2 libwebsockets17 libev4 libuv1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int acknowledged, got_qos0, got_qos1;
static void on_publish(struct mosquitto *m, void *user, int mid)
{
    (void)m, (void)user, (void)mid;
    acknowledged++;
}
static void on_message(struct mosquitto *m, void *user, const struct mosquitto_message *msg)
{
    (void)m, (void)user;
    if (msg->payloadlen != 4) return;
    if (memcmp(msg->payload, "qos1", 4) == 0) got_qos1++;
    else got_qos0++;
}
int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 0, rc = MOSQ_ERR_ERRNO;
    mosquitto_lib_init();
    struct mosquitto *from = mosquitto_new("from", true, NULL), *to = mosquitto_new("to", true, NULL);
    mosquitto_publish_callback_set(from, on_publish);
    mosquitto_message_callback_set(to, on_message);
    printf("QoS 1 before the connection: %d\n", mosquitto_publish(from, NULL, "t", 4, "qos1", 1, false));
    printf("QoS 0 before the connection: %d\n", mosquitto_publish(from, NULL, "t", 4, "qos0", 0, false));
    for (int i = 0; i < 50 && rc != 0; i++) {
        struct timespec pause = {0, 100000000};
        rc = mosquitto_connect(to, "127.0.0.1", port, 60);
        if (rc != 0) nanosleep(&pause, NULL);
    }
    if (rc != 0) return 2;
    mosquitto_subscribe(to, NULL, "t", 1);
    for (int i = 0; i < 10; i++) mosquitto_loop(to, 50, 1);
    mosquitto_connect(from, "127.0.0.1", port, 60);
    for (int i = 0; i < 5; i++) mosquitto_loop(from, 50, 1);
    printf("again, connected: %d\n", mosquitto_publish(from, NULL, "t", 4, "qos1", 1, false));
    for (int i = 0; i < 20; i++) mosquitto_loop(from, 50, 1), mosquitto_loop(to, 50, 1);
    printf("acknowledged %d, arrived: QoS 1 %d, QoS 0 %d\n", acknowledged, got_qos1, got_qos0);
    return 0;
}
END
compile t.c t "-I$root/usr/include" -D_GNU_SOURCE -include time.h "$libs"/libmosquitto.so.1
port=$((20000 + $$ % 10000))
echo "listener $port 127.0.0.1
allow_anonymous true" >broker.conf
"$root/usr/sbin/mosquitto" -c broker.conf >broker.log 2>&1 &
pids=$!
seen=$(./t "$port") || cannot "the broker did not start: $(tail -1 broker.log)"
judge "QoS 1 before the connection: 4
QoS 0 before the connection: 4
again, connected: 0
acknowledged 2, arrived: QoS 1 2, QoS 0 0" "$seen"
