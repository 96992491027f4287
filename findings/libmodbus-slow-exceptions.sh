#!/usr/bin/env bash
# A libmodbus server answers some wrong requests at once, and for others it sleeps half a second first, for all its clients.
#
# Guessed: an exception reply costs as little as any reply; an address that does not exist and a quantity that is not allowed
#     (126 registers) are the same kind of error.
# Version: Debian libmodbus-dev 3.1.6-2.1+deb12u1.
# Seen: address 200 of 16 gives exception 2 at once. Quantity 126 gives exception 3 and an unknown function exception 1 only
#     after 0.5 s: before these two modbus_reply() sleeps the *response* timeout, which one sets for clients, and flushes the
#     socket. A server with one thread serves nobody in that time.
# So: modbus_set_response_timeout(ctx, 0, 1000) on servers too.
. "$(dirname "$0")/lib.sh"
debian_packages libmodbus-dev=3.1.6-2.1+deb12u1 libmodbus5=3.1.6-2.1+deb12u1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <modbus.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static void serve(int fd)
{
    modbus_t *m = modbus_new_tcp("127.0.0.1", 1502);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 16, 0);
    uint8_t q[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_set_socket(m, fd);
    for (int n; (n = modbus_receive(m, q)) >= 0;)
        modbus_reply(m, q, n, map);
}
static void ask(int fd, const char *title, uint8_t function, uint8_t address, uint8_t count)
{
    const uint8_t q[12] = {0, 1, 0, 0, 0, 6, 1, function, 0, address, 0, count};
    uint8_t r[64] = {0};
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    if (write(fd, q, sizeof q) != sizeof q || read(fd, r, sizeof r) < 9) return;
    clock_gettime(CLOCK_MONOTONIC, &b);
    long ms = (long)(b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    printf("%s: exception %d, %s\n", title, r[7] & 0x80 ? r[8] : 0, ms >= 450 ? "0.45 s or more" : "sooner");
}
int main(void)
{
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0) return 1;
    if (fork() == 0) {
        close(fd[1]);
        serve(fd[0]);
        return 0;
    }
    close(fd[0]);
    ask(fd[1], "register 0", 3, 0, 1);
    ask(fd[1], "register 200 of 16", 3, 200, 1);
    ask(fd[1], "126 registers", 3, 0, 126);
    ask(fd[1], "function 43", 43, 14, 1);
}
END
compile t.c t "-I$root/usr/include/modbus" "$libs"/libmodbus.so.5
judge "register 0: exception 0, sooner
register 200 of 16: exception 2, sooner
126 registers: exception 3, 0.45 s or more
function 43: exception 1, 0.45 s or more" "$(./t)"
