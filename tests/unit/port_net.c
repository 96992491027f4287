/* host:port, connecting, and the plain socket transport. */
#include "core/ports/port_net.h"
#include "tests/unit/port_help.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

/* ---- A listener on loopback ---- */

struct listener {
    int fd;
    char where[64];
};

static struct listener listen_at(const char *prefix, int backlog)
{
    struct listener l;
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(l.fd >= 0);
    assert_int_equal(bind(l.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(l.fd, backlog), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&a, &size), 0);
    snprintf(l.where, sizeof l.where, "%s127.0.0.1:%u", prefix, ntohs(a.sin_port));
    return l;
}

/* A port and the far end of its connection. */
static struct port *joined(int *far_fd, int stop_fd)
{
    struct listener l = listen_at("socket://", 1);
    struct port *p = port_at(l.where, 115200, stop_fd);
    *far_fd = accept(l.fd, NULL, NULL);
    assert_true(*far_fd >= 0);
    close(l.fd);
    return p;
}

/* ---- The text ---- */

static void net_reads_host_and_port(void **state)
{
    static const struct {
        const char *where, *host, *tcp;
    } good[] = {
        { "socket://localhost:1", "localhost", "1" },
        { "socket://10.0.0.7:65535", "10.0.0.7", "65535" },
        { "socket://[::1]:4000", "::1", "4000" },
        { "socket://[fe80::1%eth0]:4000", "fe80::1%eth0", "4000" },
        { "socket://line-3_left.example.org:4000", "line-3_left.example.org", "4000" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct port_net_where to;
        struct err e;
        assert_true(port_net_parse(good[i].where, "socket://", NULL, &to, &e));
        assert_string_equal(to.host, good[i].host);
        assert_string_equal(to.tcp, good[i].tcp);
    }
}

static void net_refuses_other_text(void **state)
{
    static const char *const bad[] = {
        "socket://",           "socket://:4000",
        "socket://host",       "socket://host:",
        "socket://host:0",     "socket://host:65536",
        "socket://host:70000", "socket://host:-1",
        "socket://host:+1",    "socket://host: 1",
        "socket://host:1x",    "socket://host:1/",
        "socket://host:1?a",   "socket://host:0400",
        "socket://ho st:1",    "socket://a;host:1/",
        "socket://::1:4000",   "socket://[::1]",
        "socket://[::1]4000",  "socket://[::1:4000",
        "socket://[]:4000",    "socket://host/x:4000",
        "socket://a%b:1",      "socket://host:99999999999",
        "socket://host:1:2",
    };
    char long_host[400] = "socket://";
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct port_net_where to;
        struct err e = { .code = ERR_NONE };
        if (port_net_parse(bad[i], "socket://", NULL, &to, &e))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(e.code, ERR_USAGE);
        assert_text_has(e.what, bad[i]);
        assert_text_has(e.hint, "host:port");
    }
    memset(long_host + 9, 'h', 300);
    memcpy(long_host + 309, ":1", 3);
    struct port_net_where to;
    struct err e;
    assert_false(port_net_parse(long_host, "socket://", NULL, &to, &e));
}

/* What esp_rfc2217_server prints for people to copy. */
static void net_takes_the_option_of_serial_servers(void **state)
{
    struct port_net_where to;
    struct err e = { .code = ERR_NONE };
    (void)state;
    assert_non_null(port_ops_for("rfc2217://10.0.0.7:4000?ign_set_control", &e));
    assert_true(port_net_parse("rfc2217://[::1]:4000?ign_set_control", "rfc2217://",
                               "ign_set_control", &to, &e));
    assert_string_equal(to.host, "::1");
    assert_string_equal(to.tcp, "4000");
    assert_null(port_ops_for("rfc2217://10.0.0.7:4000?poll_modem", &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_text_has(e.what, "'poll_modem' is no option");
    assert_text_has(e.hint, "?ign_set_control");
    assert_null(port_ops_for("rfc2217://10.0.0.7:4000?", &e));
    assert_null(port_ops_for("socket://10.0.0.7:4000?ign_set_control", &e));
}

static void net_refuses_credentials_and_does_not_repeat_them(void **state)
{
    static const char *const secret[] = { "rfc2217://eve:tomato@host:4000",
                                          "socket://tomato@host:1" };
    (void)state;
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        struct err e = { .code = ERR_NONE };
        assert_null(port_ops_for(secret[i], &e));
        assert_int_equal(e.code, ERR_USAGE);
        assert_text_has(e.what, "'@'");
        assert_null(strstr(e.what, "tomato"));
        assert_null(strstr(e.hint, "tomato"));
    }
}

/* ---- Connecting ---- */

static void net_refused_connection_is_a_missing_port(void **state)
{
    struct listener l = listen_at("socket://", 1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    close(l.fd);
    assert_null(port_new(l.where, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_MISSING);
    assert_int_equal(e.sys, ECONNREFUSED);
    assert_text_has(e.what, l.where);
    assert_text_has(e.hint, "127.0.0.1");
}

static void net_unknown_host_is_a_missing_port(void **state)
{
    struct err e = { .code = ERR_NONE };
    (void)state;
    assert_null(port_new("socket://no-such-host.invalid:1", 115200, &clock_system, -1,
                         in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_MISSING);
    assert_text_has(e.hint, "no-such-host.invalid");
}

/* A listener whose queue is full lets further connections wait: a server that does not answer. */
static struct listener deaf_listener(int fill[2])
{
    struct listener l = listen_at("socket://", 0);
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&a, &size), 0);
    for (int i = 0; i < 2; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(fill[i], (struct sockaddr *)&a, size);
        struct pollfd wait = { .fd = fill[i], .events = POLLOUT };
        poll(&wait, 1, SHORT_MS);
    }
    return l;
}

static void net_connect_ends_with_its_deadline(void **state)
{
    int fill[2];
    struct listener l = deaf_listener(fill);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    (void)state;
    assert_null(port_new(l.where, 115200, &clock_system, -1, in_ms(SHORT_MS), &e));
    assert_int_equal(e.code, ERR_PORT_MISSING);
    assert_in_range(now_ms() - start_ms, SHORT_MS - 1, PATIENCE_MS / 2);
    close(l.fd);
    close(fill[0]);
    close(fill[1]);
}

static void net_connect_ends_with_a_stop(void **state)
{
    int fill[2];
    struct listener l = deaf_listener(fill);
    struct err e = { .code = ERR_NONE };
    int stop_fd = stop_asked();
    uint64_t start_ms = now_ms();
    (void)state;
    assert_null(port_new(l.where, 115200, &clock_system, stop_fd, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_STOPPED);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    close(stop_fd);
    close(l.fd);
    close(fill[0]);
    close(fill[1]);
}

static void net_connects_over_ipv6(void **state)
{
    struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t size = sizeof a;
    char where[64];
    (void)state;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        if (fd >= 0)
            close(fd);
        skip(); /* this machine has no IPv6 */
    }
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    snprintf(where, sizeof where, "socket://[::1]:%u", ntohs(a.sin6_port));
    port_free(port_at(where, 115200, -1));
    close(fd);
}

/* ---- Bytes ---- */

static void socket_belongs_to_one_process(void **state)
{
    struct listener l = listen_at("socket://", 2);
    struct err e = { .code = ERR_NONE };
    char pid[32];
    (void)state;
    struct port *p = port_at(l.where, 115200, -1);
    assert_null(port_new(l.where, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_BUSY);
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_text_has(e.what, pid);
    port_free(p);
    port_free(port_at(l.where, 115200, -1));
    close(l.fd);
}

static void socket_carries_all_bytes(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    uint8_t out[256], in[256];
    (void)state;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)i;
    assert_true(port_write(p, out, sizeof out, in_ms(PATIENCE_MS), &e));
    assert_true(port_drain(p, in_ms(PATIENCE_MS), &e));
    assert_int_equal(recv(far_fd, in, sizeof in, MSG_WAITALL), sizeof in);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(write(far_fd, out, sizeof out), sizeof out);
    memset(in, 0, sizeof in);
    read_all(p, in, sizeof in);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(p->rx_bytes, sizeof in);
    port_free(p);
    close(far_fd);
}

static void socket_has_no_rate_and_no_lines(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    assert_int_equal(p->caps, 0);
    assert_false(port_set_baud(p, 9600, &e));
    assert_int_equal(e.code, ERR_BAUD);
    assert_false(port_set_lines(p, PORT_RTS, 0, &e));
    assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
    port_free(p);
    close(far_fd);
}

static void socket_read_ends_with_its_deadline(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    char byte;
    (void)state;
    assert_int_equal(port_read(p, &byte, 1, in_ms(SHORT_MS), &e), 0);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_in_range(now_ms() - start_ms, SHORT_MS - 1, PATIENCE_MS / 2);
    port_free(p);
    close(far_fd);
}

static void socket_read_ends_with_a_stop(void **state)
{
    int far_fd;
    int stop_fd = stop_asked();
    struct listener l = listen_at("socket://", 1);
    struct port *p = port_at(l.where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    char byte;
    (void)state;
    far_fd = accept(l.fd, NULL, NULL);
    p->stop_fd = stop_fd;
    assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
    assert_int_equal(e.code, ERR_STOPPED);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    port_free(p);
    close(stop_fd);
    close(far_fd);
    close(l.fd);
}

static void socket_closed_by_the_server_is_gone(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    char bytes[4];
    (void)state;
    assert_int_equal(write(far_fd, "last", 4), 4);
    close(far_fd);
    read_all(p, bytes, 4); /* what was sent before the end still arrives */
    for (int i = 0; i < 3; i++) {
        memset(&e, 0, sizeof e);
        assert_int_equal(port_read(p, bytes, 1, in_ms(PATIENCE_MS), &e), 0);
        assert_int_equal(e.code, ERR_PORT_GONE);
        assert_text_has(e.hint, "127.0.0.1");
    }
    port_free(p);
}

static void socket_closed_at_once_hints_at_another_program(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    (void)state;
    close(far_fd);
    assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_text_has(e.hint, "one program at a time");
    port_free(p);
}

static void *close_after_first_bytes(void *arg)
{
    int fd = *(int *)arg;
    char bytes[1000];
    if (recv(fd, bytes, sizeof bytes, 0) > 0)
        close(fd); /* with bytes unread: the peer gets a reset */
    return NULL;
}

static void socket_closed_in_mid_write_is_gone(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    const size_t many = 64u << 20; /* more than any socket buffer holds */
    uint8_t *bytes = calloc(1, many);
    pthread_t far;
    (void)state;
    assert_non_null(bytes);
    assert_int_equal(pthread_create(&far, NULL, close_after_first_bytes, &far_fd), 0);
    for (int i = 0; i < 3; i++) { /* again and again: an error each time, never a signal */
        memset(&e, 0, sizeof e);
        assert_false(port_write(p, bytes, many, in_ms(PATIENCE_MS), &e));
        assert_int_equal(e.code, ERR_PORT_GONE);
    }
    assert_int_equal(pthread_join(far, NULL), 0);
    free(bytes);
    port_free(p);
}

static void socket_write_and_drain_end_with_their_deadlines(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    const size_t many = 64u << 20;
    uint8_t *bytes = calloc(1, many);
    uint64_t start_ms = now_ms();
    (void)state;
    assert_non_null(bytes);
    assert_false(port_write(p, bytes, many, in_ms(SHORT_MS), &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_false(port_drain(p, in_ms(SHORT_MS), &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_text_has(e.what, "unsent");
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    free(bytes);
    port_free(p);
    close(far_fd);
}

static void socket_discard_drops_what_has_arrived(void **state)
{
    int far_fd;
    struct port *p = joined(&far_fd, -1);
    struct err e = { .code = ERR_NONE };
    uint8_t old[9000] = { 0 };
    char byte = 0;
    (void)state;
    assert_int_equal(write(far_fd, old, sizeof old), sizeof old);
    read_all(p, &byte, 1); /* so they have arrived; loopback delivers one write as a whole */
    assert_true(port_discard(p, &e));
    assert_int_equal(write(far_fd, "n", 1), 1);
    read_all(p, &byte, 1);
    assert_int_equal(byte, 'n');
    port_free(p);
    close(far_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(net_reads_host_and_port),
        cmocka_unit_test(net_refuses_other_text),
        cmocka_unit_test(net_takes_the_option_of_serial_servers),
        cmocka_unit_test(net_refuses_credentials_and_does_not_repeat_them),
        cmocka_unit_test(net_refused_connection_is_a_missing_port),
        cmocka_unit_test(net_unknown_host_is_a_missing_port),
        cmocka_unit_test(net_connect_ends_with_its_deadline),
        cmocka_unit_test(net_connect_ends_with_a_stop),
        cmocka_unit_test(net_connects_over_ipv6),
        cmocka_unit_test(socket_belongs_to_one_process),
        cmocka_unit_test(socket_carries_all_bytes),
        cmocka_unit_test(socket_has_no_rate_and_no_lines),
        cmocka_unit_test(socket_read_ends_with_its_deadline),
        cmocka_unit_test(socket_read_ends_with_a_stop),
        cmocka_unit_test(socket_closed_by_the_server_is_gone),
        cmocka_unit_test(socket_closed_at_once_hints_at_another_program),
        cmocka_unit_test(socket_closed_in_mid_write_is_gone),
        cmocka_unit_test(socket_write_and_drain_end_with_their_deadlines),
        cmocka_unit_test(socket_discard_drops_what_has_arrived),
    };
    return cmocka_run_group_tests_name("port_net", tests, NULL, NULL);
}
