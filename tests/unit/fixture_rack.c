/* The rack's ports: TCP, terminals, the cable, the control socket. The loop is turned by hand. */
#include "tests/fixture/control.h"
#include "tests/unit/fixture_help.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_TURNS = 2000 }; /* of at most 5 ms: only a broken rack needs them all */

struct bench {
    struct options options;
    struct rack rack;
    struct control control;
    char folder[64], socket_path[96];
};

static struct bench *bench_new(enum transport transport, const char *fault)
{
    char why[200] = "";
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "/tmp/fixture-rack-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->socket_path, sizeof b->socket_path, "%s/ctl", b->folder);
    char *argv[] = { "espfixture", "--boards", "2", "--speed", "50" };
    assert_true(options_parse(&b->options, 5, argv, why, sizeof why));
    b->options.transport = transport;
    b->options.pty_dir = b->folder;
    if (fault)
        b->options.fault[b->options.fault_count++] = fault;
    if (!rack_init(&b->rack, &b->options, why, sizeof why) ||
        !control_open(&b->control, b->socket_path, b->rack.epoll_fd, why, sizeof why))
        fail_msg("%s", why);
    return b;
}

static void bench_free(struct bench *b)
{
    control_close(&b->control);
    rack_done(&b->rack);
    assert_int_equal(rmdir(b->folder), 0); /* nothing is left behind */
    free(b);
}

/* One turn of the loop; gives the number of events. */
static int turn(struct bench *b, int wait_ms)
{
    struct epoll_event events[16];
    rack_run_due(&b->rack);
    int n = epoll_wait(b->rack.epoll_fd, events, 16, wait_ms);
    for (int i = 0; i < n; i++) {
        struct watch *watch = events[i].data.ptr;
        if (watch->kind == WATCH_CONTROL_LISTENER || watch->kind == WATCH_CONTROL_CLIENT)
            control_event(&b->control, &b->rack, watch);
        else
            rack_event(&b->rack, watch, events[i].events);
    }
    return n;
}

static int call(struct bench *b, unsigned slot)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };
    addr.sin_port = htons((uint16_t)b->rack.slot[slot].port);
    inet_pton(AF_INET, "127.0.0.1", &addr.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Turns until something can be read; gives what read() gave. */
static ssize_t hear(struct bench *b, int fd, void *buf, size_t cap)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    for (int i = 0; i < PATIENCE_TURNS && poll(&p, 1, 0) == 0; i++)
        turn(b, 5);
    return read(fd, buf, cap);
}

/* Turns until the text has come. */
static void hear_text(struct bench *b, int fd, const char *text)
{
    static char heard[65536];
    size_t n = 0;
    while (n < sizeof heard && !memmem(heard, n, text, strlen(text))) {
        ssize_t k = hear(b, fd, heard + n, sizeof heard - n);
        if (k <= 0)
            fail_msg("\"%s\" did not come, but: %.*s", text, (int)n, heard);
        n += (size_t)k;
    }
}

static void command(struct bench *b, const char *line, char *answer, size_t cap)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    snprintf(addr.sun_path, sizeof addr.sun_path, "%s", b->socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    ssize_t n = hear(b, fd, answer, cap - 1);
    assert_true(n > 0);
    answer[n] = '\0';
    close(fd);
}

static void assert_command(struct bench *b, const char *line, const char *begins)
{
    char answer[8192];
    command(b, line, answer, sizeof answer);
    if (strncmp(answer, begins, strlen(begins)) != 0)
        fail_msg("%s was answered by %s", line, answer);
    assert_int_equal(answer[strlen(answer) - 1], '\n');
}

static void assert_quiet(struct bench *b)
{
    for (int i = 0; i < 10; i++)
        turn(b, 0);
    assert_int_equal(turn(b, 0), 0);
}

/* ---- TCP ---- */

static void rack_turns_a_second_client_away(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct bench *b = bench_new(TRANSPORT_RFC2217, NULL);
    int first = call(b, 0);
    assert_true(hear(b, first, bytes, sizeof bytes) >= 3);
    assert_int_equal(bytes[0], 255); /* telnet offers */
    int second = call(b, 0);
    assert_int_equal(hear(b, second, bytes, sizeof bytes), 0);
    close(second);
    int other = call(b, 1); /* another board is free */
    assert_true(hear(b, other, bytes, sizeof bytes) >= 3);
    close(first);
    while (b->rack.slot[0].client.fd >= 0)
        turn(b, 5);
    first = call(b, 0);
    assert_true(hear(b, first, bytes, sizeof bytes) >= 3);
    close(first);
    close(other);
    bench_free(b);
}

static void rack_socket_carries_plain_bytes(void **state)
{
    (void)state;
    struct bench *b = bench_new(TRANSPORT_SOCKET, NULL);
    assert_int_equal(strncmp(b->rack.slot[0].url, "socket://", 9), 0);
    int fd = call(b, 0);
    turn(b, 5);
    assert_command(b, "press 0 boot\n", "ok");
    hear_text(b, fd, "waiting for download");
    close(fd);
    bench_free(b);
}

static bool somebody_gets(unsigned port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    inet_pton(AF_INET, "127.0.0.1", &addr.sin_addr);
    bool gets = bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(fd, 1) == 0;
    close(fd);
    return gets;
}

static void rack_pulled_cable_refuses_until_it_is_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct bench *b = bench_new(TRANSPORT_SOCKET, NULL);
    unsigned port = b->rack.slot[0].port;
    int fd = call(b, 0);
    turn(b, 5);
    assert_command(b, "pull 0\n", "ok");
    while (hear(b, fd, bytes, sizeof bytes) > 0) {
    }
    assert_int_equal(call(b, 0), -1);
    assert_string_equal(b->rack.slot[0].plugged ? "in" : "out", "out");
    assert_command(b, "plug 0\n", "ok");
    assert_int_equal(b->rack.slot[0].port, port);
    close(fd);
    fd = call(b, 0);
    assert_true(fd >= 0);
    hear_text(b, fd, "POWERON_RESET"); /* it had lost its power */
    assert_command(b, "pull 0 1\n", "ok");
    for (int i = 0; i < PATIENCE_TURNS && !b->rack.slot[0].plugged; i++)
        turn(b, 5);
    assert_true(b->rack.slot[0].plugged); /* by itself */
    close(fd);
    bench_free(b);
}

static void rack_port_stays_its_own_while_the_cable_is_pulled(void **state)
{
    (void)state;
    struct bench *b = bench_new(TRANSPORT_RFC2217, NULL);
    unsigned port = b->rack.slot[1].port;
    assert_command(b, "pull 1\n", "ok");
    assert_false(somebody_gets(port));
    assert_command(b, "pull 1\n", "ok");
    assert_command(b, "plug 1\n", "ok");
    assert_int_equal(b->rack.slot[1].port, port);
    bench_free(b);
}

static void rack_usb_leaves_at_a_reset_and_keeps_its_power(void **state)
{
    (void)state;
    uint8_t bytes[256];
    char answer[4096];
    struct bench *b = bench_new(TRANSPORT_SOCKET, "chip=esp32c3");
    assert_command(b, "fault 0 usb=jtag\n", "ok");
    unsigned port = b->rack.slot[0].port;
    int fd = call(b, 0);
    turn(b, 5);
    uint64_t before_us = rack_now_us();
    assert_command(b, "press 0 boot\n", "ok");
    assert_true(b->rack.slot[0].back_us >= before_us + 100 * MS);
    while (hear(b, fd, bytes, sizeof bytes) > 0) {
    }
    close(fd);
    assert_false(b->rack.slot[0].plugged);
    assert_int_equal(call(b, 0), -1);
    for (int i = 0; i < PATIENCE_TURNS && !b->rack.slot[0].plugged; i++)
        turn(b, 5);
    assert_int_equal(b->rack.slot[0].port, port);
    fd = call(b, 0);
    assert_true(fd >= 0);
    command(b, "state 0\n", answer, sizeof answer);
    assert_non_null(strstr(answer, "\"mode\":\"rom\"")); /* a cold start boots */
    close(fd);
    bench_free(b);
}

static void rack_stops_reading_a_flooding_client(void **state)
{
    (void)state;
    static uint8_t flood[65536];
    struct bench *b = bench_new(TRANSPORT_SOCKET, NULL);
    int fd = call(b, 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 200; i++) {
        if (write(fd, flood, sizeof flood) < 0)
            assert_int_equal(errno, EAGAIN);
        turn(b, 0);
    }
    /* The adapter's queue is full, and the rest waits with the client. */
    assert_true(chip_sim_host_space(b->rack.slot[0].sim) < 16384);
    assert_int_equal(b->rack.slot[0].client.events & EPOLLIN, 0); /* or the loop would spin */
    close(fd);
    bench_free(b);
}

/* ---- Terminals ---- */

static int open_terminal(const struct bench *b)
{
    char name[96];
    snprintf(name, sizeof name, "%s/slot0", b->folder);
    return open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void rack_terminal_tells_its_rate(void **state)
{
    (void)state;
    struct termios t;
    struct bench *b = bench_new(TRANSPORT_PTY, NULL);
    int fd = open_terminal(b);
    assert_true(fd >= 0);
    assert_int_equal(tcgetattr(fd, &t), 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO), 0); /* raw from the start */
    cfsetspeed(&t, B921600);
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
    struct chip_sim_state s = { .host_baud = 0 };
    for (int i = 0; i < PATIENCE_TURNS && s.host_baud != 921600; i++) {
        turn(b, 5);
        chip_sim_get_state(b->rack.slot[0].sim, &s);
    }
    assert_int_equal(s.host_baud, 921600);
    assert_command(b, "lines 0 0 1\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_string_equal(s.mode, "reset");
    close(fd);
    bench_free(b);
}

static void rack_terminal_without_anybody_is_quiet(void **state)
{
    (void)state;
    struct bench *b = bench_new(TRANSPORT_PTY, NULL);
    int fd = open_terminal(b);
    for (int i = 0; i < PATIENCE_TURNS && !b->rack.slot[0].pty_is_open; i++)
        turn(b, 5);
    assert_true(b->rack.slot[0].pty_is_open);
    close(fd);
    for (int i = 0; i < PATIENCE_TURNS && b->rack.slot[0].pty_is_open; i++)
        turn(b, 5);
    assert_false(b->rack.slot[0].pty_is_open);
    assert_quiet(b);
    bench_free(b);
}

static void rack_pulled_terminal_hangs_up(void **state)
{
    (void)state;
    char name[96];
    struct pollfd p = { .events = POLLIN };
    struct bench *b = bench_new(TRANSPORT_PTY, NULL);
    snprintf(name, sizeof name, "%s/slot0", b->folder);
    p.fd = open_terminal(b);
    assert_command(b, "pull 0\n", "ok");
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_true(p.revents & POLLHUP);
    assert_int_equal(access(name, F_OK), -1);
    assert_command(b, "plug 0\n", "ok");
    close(p.fd);
    assert_true((p.fd = open_terminal(b)) >= 0);
    close(p.fd);
    bench_free(b);
}

/* ---- Control ---- */

static void control_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const line[] = {
        "\n",
        "bogus 0\n",
        "state\n",
        "state 2\n",
        "state x\n",
        "state 0 more\n",
        "lines 0 1\n",
        "lines 0 2 0\n",
        "press 0 x\n",
        "fault 0 bogus\n",
        "fault 0 deaf\n",
        "fill 0 /nonexistent/file\n",
        "pull 0 x\n",
        "dump 0 /nonexistent/file\n",
        "fault 0 chip=bogus\n",
    };
    struct bench *b = bench_new(TRANSPORT_SOCKET, NULL);
    for (size_t i = 0; i < sizeof line / sizeof line[0]; i++)
        assert_command(b, line[i], "error ");
    char longer[2000];
    memset(longer, 'x', sizeof longer - 2);
    longer[sizeof longer - 2] = '\n';
    longer[sizeof longer - 1] = '\0';
    assert_command(b, longer, "error the line is too long");
    assert_command(b, "state 1\n", "ok {\"slot\":1,");
    bench_free(b);
}

static void control_puts_another_board_in(void **state)
{
    (void)state;
    struct chip_sim_state s;
    struct bench *b = bench_new(TRANSPORT_SOCKET, "1:mac=aa:bb:cc:00:00:01");
    chip_sim_get_state(b->rack.slot[1].sim, &s);
    assert_int_equal(s.mac[0], 0xaa);
    assert_command(b, "fault 0 chip=esp8266\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_string_equal(s.chip, "esp8266");
    assert_command(b, "fault 0 flash=1MB\n", "ok");
    assert_int_equal(chip_sim_flash_bytes(b->rack.slot[0].sim), 1 << 20);
    assert_command(b, "board 0 chip=esp32c3 mac=aa:bb:cc:00:00:77 deaf=1\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_string_equal(s.chip, "esp32c3");
    assert_int_equal(s.mac[5], 0x77);
    assert_command(b, "board 0 mac=aa:bb:cc:00:00:78 nonsense\n", "error ");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_int_equal(s.mac[5], 0x77);
    bench_free(b);
}

/* The adapter in the slot keeps its rate and its lines. */
static void control_new_board_meets_the_port_as_it_stands(void **state)
{
    (void)state;
    struct chip_sim_state s;
    struct bench *b = bench_new(TRANSPORT_RFC2217, NULL);
    int fd = call(b, 0);
    turn(b, 5);
    const uint8_t rate[] = { 0xff, 0xfa, 44, 1, 0, 0x0e, 0x10, 0, 0xff, 0xf0 };
    const uint8_t rts[] = { 0xff, 0xfa, 44, 5, 11, 0xff, 0xf0 };
    assert_int_equal(write(fd, rate, sizeof rate), sizeof rate);
    assert_int_equal(write(fd, rts, sizeof rts), sizeof rts);
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    for (int i = 0; i < PATIENCE_TURNS && !s.rts; i++) {
        turn(b, 5);
        chip_sim_get_state(b->rack.slot[0].sim, &s);
    }
    assert_command(b, "board 0\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_int_equal(s.host_baud, 921600);
    assert_true(s.rts);
    close(fd);
    bench_free(b);
}

static void control_swaps_two_boards(void **state)
{
    (void)state;
    uint8_t bytes[256];
    struct chip_sim_state s;
    struct bench *b = bench_new(TRANSPORT_SOCKET, "1:mac=aa:bb:cc:00:00:01");
    int fd = call(b, 0);
    turn(b, 5);
    assert_command(b, "swap 0\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_int_equal(s.mac[0], 0xaa);
    hear_text(b, fd, "POWERON_RESET"); /* the port stays, the new board starts in it */
    assert_command(b, "swap 1 20\n", "ok");
    chip_sim_get_state(b->rack.slot[0].sim, &s);
    assert_int_equal(s.mac[0], 0x24);
    while (hear(b, fd, bytes, sizeof bytes) > 0) { /* with its cable this time */
    }
    close(fd);
    assert_command(b, "swap 1 x\n", "error ");
    bench_free(b);
}

/* The client is not told: it hears nothing more, and a new connection works. */
static void rack_half_open_connection_is_dead_until_the_next(void **state)
{
    (void)state;
    char byte;
    struct bench *b = bench_new(TRANSPORT_SOCKET, "0:half-open,times=1");
    int dead = call(b, 0);
    struct pollfd p = { .fd = dead, .events = POLLIN };
    turn(b, 5);
    assert_command(b, "press 0 reset\n", "ok");
    for (int i = 0; i < 20; i++)
        turn(b, 5);
    assert_int_equal(poll(&p, 1, 0), 0);
    int fd = call(b, 0);
    turn(b, 5);
    assert_command(b, "press 0 reset\n", "ok");
    hear_text(b, fd, "POWERON_RESET");
    assert_int_equal(read(dead, &byte, 1), 0);
    close(dead);
    close(fd);
    bench_free(b);
}

static void control_dumps_and_fills(void **state)
{
    (void)state;
    char line[256], path[96];
    uint8_t want[4096], have[4096];
    struct bench *b = bench_new(TRANSPORT_SOCKET, NULL);
    snprintf(path, sizeof path, "%s/flash", b->folder);
    assert_command(b, "fill 0 dirty\n", "ok");
    chip_sim_flash_read(b->rack.slot[0].sim, 0x3ff000, want, sizeof want);
    snprintf(line, sizeof line, "dump 0 %s\n", path);
    assert_command(b, line, "ok 4194304 bytes");
    snprintf(line, sizeof line, "fill 1 %s\n", path);
    assert_command(b, line, "ok");
    chip_sim_flash_read(b->rack.slot[1].sim, 0x3ff000, have, sizeof have);
    assert_memory_equal(have, want, sizeof want);
    unlink(path);
    assert_command(b, "quit\n", "ok");
    assert_true(b->control.quit);
    bench_free(b);
}

/* ---- Options ---- */

static void options_pick_boards_and_count_macs(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *on; /* boards 0..5 */
    } row[] = { { "*:deaf=1", "111111" },    { "3:deaf=1", "000100" },
                { "1-4:deaf=1", "011110" },  { "1,5:deaf=1", "010001" },
                { "deaf=1", "111111" },      { "mac=24:0a:c4:0:0:1", "111111" },
                { "0,2-3:deaf=1", "101100" } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        for (unsigned k = 0; k < 6; k++)
            assert_int_equal(options_fault_for(row[i].spec, k) != NULL, row[i].on[k] == '1');
    }
    struct options o;
    struct chip_sim_config c;
    char why[200];
    char *argv[] = { "x", "--chip", "esp32,esp8266", "--mac-base", "24:0a:c4:00:00:fe", NULL };
    assert_true(options_parse(&o, 5, argv, why, sizeof why));
    assert_true(options_board(&o, 3, &c, why, sizeof why));
    assert_string_equal(c.chip, "esp8266");
    assert_int_equal(c.mac[4], 1);
    assert_int_equal(c.mac[5], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rack_turns_a_second_client_away),
        cmocka_unit_test(rack_socket_carries_plain_bytes),
        cmocka_unit_test(rack_pulled_cable_refuses_until_it_is_back),
        cmocka_unit_test(rack_port_stays_its_own_while_the_cable_is_pulled),
        cmocka_unit_test(rack_usb_leaves_at_a_reset_and_keeps_its_power),
        cmocka_unit_test(rack_stops_reading_a_flooding_client),
        cmocka_unit_test(rack_terminal_tells_its_rate),
        cmocka_unit_test(rack_terminal_without_anybody_is_quiet),
        cmocka_unit_test(rack_pulled_terminal_hangs_up),
        cmocka_unit_test(control_refuses_what_makes_no_sense),
        cmocka_unit_test(control_puts_another_board_in),
        cmocka_unit_test(control_new_board_meets_the_port_as_it_stands),
        cmocka_unit_test(control_swaps_two_boards),
        cmocka_unit_test(rack_half_open_connection_is_dead_until_the_next),
        cmocka_unit_test(control_dumps_and_fills),
        cmocka_unit_test(options_pick_boards_and_count_macs),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
