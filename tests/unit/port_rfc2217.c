/* The RFC 2217 transport against a small server of the tests' own, well behaved or not. */
#include "core/ports/telnet.h"
#include "tests/unit/port_help.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

/* ---- The server ---- */

enum habit {
    REFUSES = 1 << 0, /* DONT COM-PORT */
    SILENT = 1 << 1,  /* takes the connection, says nothing */
    CLOSES = 1 << 2,  /* ...ends it at once, saying so */
    ECHOES = 1 << 3,  /* sends back what comes */
    TALKS = 1 << 4,   /* sends text and knows no telnet */
    NO_BAUD_ANSWER = 1 << 5,
    NO_PURGE_ANSWER = 1 << 6,
    SAYS_WILL = 1 << 7,  /* offers COM-PORT itself instead of answering */
    LINES_DOWN = 1 << 8, /* answers that DTR is on and RTS off */
    OLD_DATA = 1 << 9,   /* sends "old" before and "new" behind its answer to a purge */
    NO_LINES_ANSWER = 1 << 10,
    NO_LINES = 1 << 11,    /* gives our question back, and says nothing to a change: ser2net */
    SLOW_LINES = 1 << 12,  /* takes SLOW_LINES_MS for each, and answers after each */
    LATE_LINES = 1 << 13,  /* ...and answers after both */
    NO_DEVICE = 1 << 14,   /* with CLOSES: says that it cannot open its own */
    SAYS_NOTHING = 1 << 15 /* with CLOSES */
};

#define SLOW_LINES_MS 4

struct server {
    unsigned habits;
    unsigned baud_percent; /* of the rate asked for; 0 is 100 */
    char where[64];
    int listen_fd;
    int fd;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool paused;    /* read no more */
    bool is_paused; /* ...and really does not */
    bool ended;
    uint8_t late[2]; /* an answer that waits for the next; the thread's own */
    /* What came: each received piece starts with '|'. */
    char log[4096];
    size_t log_used;
    uint8_t *data;
    size_t data_bytes, data_cap;
};

static void log_add(struct server *s, const char *word, uint32_t value)
{
    size_t room = sizeof s->log - s->log_used;
    int n = snprintf(s->log + s->log_used, room, word, value);
    s->log_used += (size_t)n < room ? (size_t)n : 0;
}

static void say(const struct server *s, const void *bytes, size_t n)
{
    /* A peer that has gone is not this thread's business. */
    if (send(s->fd, bytes, n, MSG_NOSIGNAL) < 0)
        return;
}

static void say_sub(const struct server *s, const uint8_t *sub, size_t n)
{
    uint8_t out[64] = { TELNET_IAC, TELNET_SB, TELNET_COM_PORT };
    size_t used = 3;
    for (size_t i = 0; i < n; i++) {
        out[used++] = sub[i];
        if (sub[i] == TELNET_IAC)
            out[used++] = TELNET_IAC;
    }
    out[used++] = TELNET_IAC;
    out[used++] = TELNET_SE;
    say(s, out, used);
}

static void on_verb(struct server *s, uint8_t verb, uint8_t option)
{
    log_add(s, verb == TELNET_WILL ? "WILL %u;" : verb == TELNET_DO ? "DO %u;" : "NO %u;", option);
    uint8_t reply[3] = { TELNET_IAC, verb == TELNET_WILL ? TELNET_DO : TELNET_WILL, option };
    if (option == TELNET_COM_PORT && (s->habits & REFUSES))
        reply[1] = TELNET_DONT;
    if (option == TELNET_COM_PORT && (s->habits & SAYS_WILL))
        reply[1] = TELNET_WILL;
    if (verb == TELNET_WILL || (verb == TELNET_DO && option != TELNET_COM_PORT))
        say(s, reply, sizeof reply);
}

static void on_baud(struct server *s, const uint8_t sub[5])
{
    uint32_t baud =
        (uint32_t)sub[1] << 24 | (uint32_t)sub[2] << 16 | (uint32_t)sub[3] << 8 | sub[4];
    log_add(s, "BAUD %u;", baud);
    if (s->baud_percent)
        baud = baud / 100 * s->baud_percent;
    const uint8_t answer[5] = { 101, (uint8_t)(baud >> 24), (uint8_t)(baud >> 16),
                                (uint8_t)(baud >> 8), (uint8_t)baud };
    if (!(s->habits & NO_BAUD_ANSWER))
        say_sub(s, answer, sizeof answer);
}

static void take_time(void)
{
    const struct timespec t = { 0, SLOW_LINES_MS * 1000000 };
    nanosleep(&t, NULL);
}

/* Changes come in pairs here. */
static void say_late(struct server *s, const uint8_t answer[2])
{
    if (answer[1] == 7 || answer[1] == 10)
        return;
    take_time();
    if (!s->late[0]) {
        memcpy(s->late, answer, 2);
        return;
    }
    uint8_t both[] = { TELNET_IAC, TELNET_SB, TELNET_COM_PORT, s->late[0], s->late[1],
                       TELNET_IAC, TELNET_SE, TELNET_IAC,      TELNET_SB,  TELNET_COM_PORT,
                       answer[0],  answer[1], TELNET_IAC,      TELNET_SE };
    say(s, both, sizeof both);
    s->late[0] = 0;
}

static void on_control(struct server *s, uint8_t value)
{
    uint8_t answer[2] = { 105, value };
    log_add(s, "CONTROL %u;", value);
    if (value == 7)
        answer[1] = 8;
    if (value == 10)
        answer[1] = s->habits & LINES_DOWN ? 12 : 11;
    if ((s->habits & NO_LINES) && (value == 7 || value == 10))
        answer[1] = value;
    else if (s->habits & (NO_LINES | NO_LINES_ANSWER))
        return;
    if (s->habits & LATE_LINES)
        say_late(s, answer);
    else if (value != 7 && value != 10 && (s->habits & SLOW_LINES))
        take_time();
    if (!(s->habits & LATE_LINES))
        say_sub(s, answer, sizeof answer);
}

static void on_sub(struct server *s, const uint8_t *sub, size_t n)
{
    static const uint8_t purged[2] = { 112, 1 };
    if (n == 5 && sub[0] == 1) {
        on_baud(s, sub);
    } else if (n == 2 && sub[0] == 5) {
        on_control(s, sub[1]);
    } else if (n == 2 && sub[0] == 12) {
        log_add(s, "PURGE %u;", sub[1]);
        if (s->habits & OLD_DATA)
            say(s, "old", 3);
        if (!(s->habits & NO_PURGE_ANSWER))
            say_sub(s, purged, sizeof purged);
        if (s->habits & OLD_DATA)
            say(s, "new", 3);
    } else if (n == 2) {
        log_add(s, "SET%u", sub[0]);
        log_add(s, "=%u;", sub[1]);
    } else {
        log_add(s, "BAD %u;", (uint32_t)n);
    }
}

static void on_data(struct server *s, uint8_t byte)
{
    if (s->data_bytes == s->data_cap) {
        s->data_cap = s->data_cap ? 2 * s->data_cap : 65536;
        s->data = realloc(s->data, s->data_cap);
        if (!s->data)
            abort();
    }
    s->data[s->data_bytes++] = byte;
}

/* Telnet once more, byte by byte: the tests do not judge the decoder by itself. */
struct reading {
    enum { PLAIN, IAC, VERB, SUB, SUB_IAC } at;
    uint8_t verb;
    uint8_t sub[16];
    size_t sub_bytes;
};

static void on_byte(struct server *s, struct reading *r, uint8_t byte)
{
    if (r->at == PLAIN && byte != TELNET_IAC) {
        on_data(s, byte);
    } else if (r->at == PLAIN) {
        r->at = IAC;
    } else if (r->at == IAC && byte >= TELNET_WILL && byte != TELNET_IAC) {
        r->verb = byte;
        r->at = VERB;
    } else if (r->at == IAC) {
        if (byte == TELNET_IAC)
            on_data(s, byte);
        else if (byte != TELNET_SB)
            log_add(s, "STRAY %u;", byte);
        r->at = byte == TELNET_SB ? SUB : PLAIN;
        r->sub_bytes = 0;
    } else if (r->at == VERB) {
        on_verb(s, r->verb, byte);
        r->at = PLAIN;
    } else if (r->at == SUB && byte == TELNET_IAC) {
        r->at = SUB_IAC;
    } else if (r->at == SUB_IAC && byte == TELNET_SE) {
        on_sub(s, r->sub + 1, r->sub_bytes - 1);
        r->at = PLAIN;
    } else {
        if (r->sub_bytes < sizeof r->sub)
            r->sub[r->sub_bytes++] = byte;
        r->at = SUB;
    }
}

static bool wait_unpaused_locked(struct server *s)
{
    while (s->paused) {
        s->is_paused = true;
        pthread_cond_broadcast(&s->changed);
        pthread_cond_wait(&s->changed, &s->lock);
    }
    s->is_paused = false;
    return true;
}

static void serve(struct server *s)
{
    struct reading reading = { .at = PLAIN };
    static _Thread_local uint8_t piece[128 * 1024];
    for (;;) {
        pthread_mutex_lock(&s->lock);
        wait_unpaused_locked(s);
        pthread_mutex_unlock(&s->lock);
        ssize_t n = recv(s->fd, piece, sizeof piece, 0);
        if (n <= 0)
            return;
        pthread_mutex_lock(&s->lock);
        log_add(s, "|%.0u", 0);
        for (ssize_t i = 0; i < n && !(s->habits & SILENT); i++) {
            if (s->habits & ECHOES)
                say(s, piece + i, 1);
            else if (!(s->habits & TALKS))
                on_byte(s, &reading, piece[i]);
        }
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
    }
}

static void *server_main(void *arg)
{
    struct server *s = arg;
    int fd = accept(s->listen_fd, NULL, NULL);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pthread_mutex_lock(&s->lock);
    s->fd = fd;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->habits & TALKS)
        say(s, "login: ", 7);
    if (fd >= 0 && !(s->habits & CLOSES))
        serve(s);
    if (s->habits & CLOSES) {
        if (s->habits & NO_DEVICE) /* word for word what ser2net 4.3.11 says */
            say(s, "Device open failure: Value or file not found\r\n", 46);
        else if (!(s->habits & SAYS_NOTHING))
            say(s, "Port already in use\r\n", 21);
        close(fd);
    }
    return NULL;
}

static struct server *server_new(unsigned habits)
{
    struct server *s = calloc(1, sizeof *s);
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t size = sizeof a;
    assert_non_null(s);
    s->habits = habits;
    s->fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->listen_fd >= 0);
    assert_int_equal(bind(s->listen_fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->listen_fd, 1), 0);
    assert_int_equal(getsockname(s->listen_fd, (struct sockaddr *)&a, &size), 0);
    snprintf(s->where, sizeof s->where, "rfc2217://127.0.0.1:%u", ntohs(a.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
    return s;
}

static void server_pause(struct server *s, bool paused)
{
    pthread_mutex_lock(&s->lock);
    s->paused = paused;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static int server_fd(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    int fd = s->fd;
    pthread_mutex_unlock(&s->lock);
    return fd;
}

static void server_free(struct server *s)
{
    server_pause(s, false);
    shutdown(s->listen_fd, SHUT_RDWR);
    shutdown(server_fd(s), SHUT_RDWR);
    pthread_join(s->thread, NULL);
    if (!(s->habits & CLOSES) && s->fd >= 0)
        close(s->fd);
    close(s->listen_fd);
    free(s->data);
    free(s);
}

static struct timespec patience(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += PATIENCE_MS / 1000;
    return t;
}

/* Waits until the server has logged `text`, and gives what it logged so far. */
static const char *server_waits_for(struct server *s, const char *text)
{
    static char log[sizeof s->log];
    const struct timespec until = patience();
    int status = 0;
    pthread_mutex_lock(&s->lock);
    while (!strstr(s->log, text) && status == 0)
        status = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    memcpy(log, s->log, sizeof log);
    pthread_mutex_unlock(&s->lock);
    if (status != 0)
        fail_msg("the server never saw '%s', but: %s", text, log);
    return log;
}

static void server_bends_rate(struct server *s, unsigned percent)
{
    pthread_mutex_lock(&s->lock);
    s->baud_percent = percent;
    pthread_mutex_unlock(&s->lock);
}

static void server_waits_for_data(struct server *s, size_t n)
{
    const struct timespec until = patience();
    int status = 0;
    pthread_mutex_lock(&s->lock);
    while (s->data_bytes < n && status == 0)
        status = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
    assert_int_equal(status, 0);
    assert_int_equal(s->data_bytes, n);
}

static void server_forgets(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->log_used = 0;
    s->log[0] = '\0';
    pthread_mutex_unlock(&s->lock);
}

/* A port that could not be opened, and why. */
static struct err open_fails(unsigned habits, unsigned baud_percent, uint32_t deadline_ms)
{
    struct server *s = server_new(habits);
    struct err e = { .code = ERR_NONE };
    server_bends_rate(s, baud_percent);
    assert_null(port_new(s->where, 115200, &clock_system, -1, in_ms(deadline_ms), &e));
    assert_text_has(e.what, s->where);
    server_free(s);
    return e;
}

/* ---- Opening ---- */

static void rfc2217_opens_and_sets_up_the_port(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    (void)state;
    assert_int_equal(p->caps, PORT_BAUD | PORT_LINES | PORT_INPUTS);
    const char *log = server_waits_for(s, "BAUD 115200;");
    assert_text_has(log, "|WILL 0;DO 0;WILL 3;DO 3;WILL 44;");
    assert_text_has(log, "SET2=8;SET3=1;SET4=1;CONTROL 1;");
    port_free(p);
    server_free(s);
}

static void rfc2217_learns_how_the_lines_stand(void **state)
{
    static const struct {
        unsigned habits, lines;
    } rows[] = { { 0, PORT_DTR | PORT_RTS }, { LINES_DOWN, PORT_DTR } };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct server *s = server_new(rows[i].habits);
        struct port *p = port_at(s->where, 115200, -1);
        assert_int_equal(p->lines, rows[i].lines);
        port_free(p);
        server_free(s);
    }
}

static void rfc2217_takes_a_server_that_offers_by_itself(void **state)
{
    struct server *s = server_new(SAYS_WILL);
    struct port *p = port_at(s->where, 115200, -1);
    (void)state;
    assert_text_has(server_waits_for(s, "BAUD 115200;"), "DO 44;");
    port_free(p);
    server_free(s);
}

static void rfc2217_refusal_points_to_socket(void **state)
{
    struct err e = open_fails(REFUSES, 0, PATIENCE_MS);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
    assert_text_has(e.hint, "socket://127.0.0.1:");
}

static void rfc2217_echo_is_unsuitable(void **state)
{
    struct err e = open_fails(ECHOES, 0, 1500);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
    assert_text_has(e.hint, "socket://127.0.0.1:");
}

static void rfc2217_text_server_is_unsuitable(void **state)
{
    struct err e = open_fails(TALKS, 0, 1500);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_UNSUITABLE);
}

static void rfc2217_silent_server_is_busy(void **state)
{
    struct err e = open_fails(SILENT, 0, 500);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_BUSY);
    assert_text_has(e.hint, "one at a time");
}

static void rfc2217_closed_at_once_is_busy(void **state)
{
    struct err e = open_fails(CLOSES, 0, PATIENCE_MS);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_BUSY);
    assert_text_has(e.hint, "one at a time");
}

static void rfc2217_closed_without_a_word_is_busy(void **state)
{
    struct err e = open_fails(CLOSES | SAYS_NOTHING, 0, PATIENCE_MS);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_BUSY);
}

static void rfc2217_device_that_is_not_there_is_missing(void **state)
{
    struct err e = open_fails(CLOSES | NO_DEVICE, 0, PATIENCE_MS);
    (void)state;
    assert_int_equal(e.code, ERR_PORT_MISSING);
    assert_text_has(e.what, "saying 'Device open failure: Value or file not found'");
    assert_text_has(e.hint, "adapter into the computer of the server");
}

static void rfc2217_open_ends_with_a_stop(void **state)
{
    struct server *s = server_new(SILENT);
    struct err e = { .code = ERR_NONE };
    int stop_fd = stop_asked();
    (void)state;
    assert_null(port_new(s->where, 115200, &clock_system, stop_fd, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_STOPPED);
    close(stop_fd);
    server_free(s);
}

/* ---- Rate ---- */

static void rfc2217_rate_may_be_3_percent_off(void **state)
{
    struct server *s = server_new(0);
    struct err e = { .code = ERR_NONE };
    server_bends_rate(s, 103);
    struct port *p = port_at(s->where, 115200, -1);
    (void)state;
    assert_true(port_set_baud(p, 921600, &e));
    server_waits_for(s, "BAUD 921600;");
    assert_int_equal(p->baud, 921600);
    server_bends_rate(s, 96);
    assert_false(port_set_baud(p, 460800, &e));
    assert_int_equal(e.code, ERR_BAUD);
    assert_text_has(e.what, "460800");
    assert_text_has(e.what, "442368");
    assert_int_equal(p->baud, 921600);
    port_free(p);
    server_free(s);
    e = open_fails(0, 50, PATIENCE_MS);
    assert_int_equal(e.code, ERR_BAUD);
}

/* 0x00FFFF00 baud: FF in the rate is escaped both ways. */
static void rfc2217_rate_with_ff_in_it(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    assert_true(port_set_baud(p, 0x00FFFF00, &e));
    server_waits_for(s, "BAUD 16776960;");
    port_free(p);
    server_free(s);
}

static void rfc2217_data_that_come_with_an_answer_are_kept(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char bytes[5];
    (void)state;
    say(s, "early", 5);
    assert_true(port_set_baud(p, 230400, &e));
    read_all(p, bytes, 5);
    assert_memory_equal(bytes, "early", 5);
    port_free(p);
    server_free(s);
}

/* ---- Lines ---- */

static unsigned after(unsigned lines, unsigned control)
{
    switch (control) {
    case 8:
        return lines | PORT_DTR;
    case 9:
        return lines & ~(unsigned)PORT_DTR;
    case 11:
        return lines | PORT_RTS;
    case 12:
        return lines & ~(unsigned)PORT_RTS;
    }
    fail_msg("control %u is no line", control);
    return 0;
}

/* All changes of both lines: one piece, no false reset between, over (1,1) when they change places.
 */
static void rfc2217_lines_pass_through_no_false_reset(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    const unsigned both = PORT_DTR | PORT_RTS;
    (void)state;
    server_waits_for(s, "BAUD 115200;");
    for (unsigned from = 0; from <= both; from++) {
        for (unsigned to = 0; to <= both; to++) {
            unsigned first, second;
            assert_true(port_set_lines(p, both, from, &e));
            assert_true(port_set_baud(p, p->baud == 9600 ? 115200 : 9600, &e)); /* in step */
            server_forgets(s);
            assert_true(port_set_lines(p, both, to, &e));
            const char *log = server_waits_for(s, ";CONTROL ");
            assert_int_equal(sscanf(log, "|CONTROL %u;CONTROL %u;", &first, &second), 2);
            unsigned between = after(from, first);
            assert_int_equal(after(between, second), to);
            if (between != from && between != to)
                assert_int_not_equal(between, PORT_RTS);
            if ((from ^ to) == both && from != 0 && to != 0)
                assert_int_equal(between, both);
            assert_int_equal(p->lines, to);
        }
    }
    port_free(p);
    server_free(s);
}

static void rfc2217_one_line_is_one_command(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    server_waits_for(s, "BAUD 115200;");
    server_forgets(s);
    assert_true(port_set_lines(p, PORT_RTS, PORT_RTS, &e));
    assert_string_equal(server_waits_for(s, "CONTROL"), "|CONTROL 11;");
    port_free(p);
    server_free(s);
}

/* ---- Data ---- */

static void rfc2217_carries_all_bytes_and_order(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint8_t out[100000];
    (void)state;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = i % 5 ? (uint8_t)i : 0xFF;
    assert_true(port_write(p, out, sizeof out, in_ms(PATIENCE_MS), &e));
    assert_true(port_set_lines(p, PORT_DTR, 0, &e));
    assert_true(port_drain(p, in_ms(PATIENCE_MS), &e));
    server_waits_for(s, "CONTROL 9;");
    server_waits_for_data(s, sizeof out); /* all of it came before the command */
    assert_memory_equal(s->data, out, sizeof out);
    port_free(p);
    server_free(s);
}

static void rfc2217_reads_around_notices(void **state)
{
    static const char stream[] = "a\xFF\xFA\x2C\x6B\x30\xFF\xF0"
                                 "b\xFF\xFF\xFF\xFA\x2C\x6A\x60\xFF\xF0"
                                 "c";
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    uint8_t bytes[4];
    (void)state;
    say(s, stream, sizeof stream - 1);
    read_all(p, bytes, sizeof bytes);
    assert_memory_equal(bytes,
                        "ab\xFF"
                        "c",
                        4);
    port_free(p);
    server_free(s);
}

static void rfc2217_refuses_other_options_while_reading(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    char byte;
    (void)state;
    say(s, "\xFF\xFD\x1F\xFF\xFD\x1Fx", 7); /* DO NAWS, twice */
    read_all(p, &byte, 1);
    server_forgets(s);
    struct err e;
    assert_true(port_set_lines(p, PORT_DTR, 0, &e));
    const char *log = server_waits_for(s, "CONTROL 9;");
    const char *no = strstr(log, "NO 31;");
    assert_true(!no || !strstr(no + 1, "NO 31;"));
    port_free(p);
    server_free(s);
}

static void rfc2217_read_ends_with_its_deadline(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    char byte;
    (void)state;
    assert_int_equal(port_read(p, &byte, 1, in_ms(SHORT_MS), &e), 0);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_in_range(now_ms() - start_ms, SHORT_MS - 1, PATIENCE_MS / 2);
    port_free(p);
    server_free(s);
}

static void *flood_main(void *arg)
{
    static const uint8_t notice[] = { 0xFF, 0xFA, 44, 107, 0x30, 0xFF, 0xF0 };
    const struct server *s = arg;
    while (send(s->fd, notice, sizeof notice, MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

/* A server that never stops talking of other things must not hold a read, a purge or a rate. */
static void rfc2217_flood_of_notices_does_not_hold_anyone(void **state)
{
    struct server *s = server_new(NO_PURGE_ANSWER);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    pthread_t flood;
    char byte;
    (void)state;
    assert_int_equal(pthread_create(&flood, NULL, flood_main, s), 0);
    assert_int_equal(port_read(p, &byte, 1, in_ms(SHORT_MS), &e), 0);
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_true(port_discard(p, &e));
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(flood, NULL);
    port_free(p);
    server_free(s);
}

static void rfc2217_read_ends_with_a_stop(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint64_t start_ms = now_ms();
    char byte;
    (void)state;
    p->stop_fd = stop_asked();
    assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
    assert_int_equal(e.code, ERR_STOPPED);
    assert_true(now_ms() - start_ms < PATIENCE_MS / 2);
    close(p->stop_fd);
    port_free(p);
    server_free(s);
}

/* ---- The far end goes ---- */

static void rfc2217_closed_by_the_server_is_gone(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    (void)state;
    shutdown(server_fd(s), SHUT_RDWR);
    for (int i = 0; i < 3; i++) {
        memset(&e, 0, sizeof e);
        assert_int_equal(port_read(p, &byte, 1, in_ms(PATIENCE_MS), &e), 0);
        assert_int_equal(e.code, ERR_PORT_GONE);
    }
    assert_false(port_set_baud(p, 9600, &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    assert_false(port_discard(p, &e));
    assert_int_equal(e.code, ERR_PORT_GONE);
    port_free(p);
    server_free(s);
}

static void *shut_when_data_came(void *arg)
{
    struct server *s = arg;
    const struct timespec until = patience();
    pthread_mutex_lock(&s->lock);
    while (s->data_bytes == 0 && pthread_cond_timedwait(&s->changed, &s->lock, &until) == 0)
        ;
    shutdown(s->fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void rfc2217_closed_in_mid_write_is_gone(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    uint8_t bytes[16384] = { 0 };
    pthread_t far;
    bool ok = true;
    (void)state;
    assert_int_equal(pthread_create(&far, NULL, shut_when_data_came, s), 0);
    for (int i = 0; ok && i < 100000; i++)
        ok = port_write(p, bytes, sizeof bytes, in_ms(PATIENCE_MS), &e);
    assert_false(ok);
    assert_int_equal(e.code, ERR_PORT_GONE);
    pthread_join(far, NULL);
    port_free(p);
    server_free(s);
}

/* ---- A server that does not read ---- */

/* Writes until the server's and our own buffers are full. Every other byte is FF, so that of each
 * three bytes on the wire one is the middle of a pair; `shift` moves them about. */
static void fill_until_timeout(struct port *p, size_t shift)
{
    static uint8_t bytes[1 << 20];
    struct err e = { .code = ERR_NONE };
    bool ok = true;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (i + shift) % 2 ? 0xFF : '.';
    for (int i = 0; ok && i < 256; i++)
        ok = port_write(p, bytes + shift, sizeof bytes - shift, in_ms(SHORT_MS), &e);
    assert_false(ok);
    assert_int_equal(e.code, ERR_TIMEOUT);
}

static void rfc2217_failed_write_leaves_the_stream_whole(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 6; shift++) {
        struct server *s = server_new(0);
        struct port *p = port_at(s->where, 115200, -1);
        struct err e = { .code = ERR_NONE };
        server_waits_for(s, "BAUD 115200;");
        server_pause(s, true);
        fill_until_timeout(p, shift);
        server_forgets(s);
        server_pause(s, false);
        assert_true(port_set_lines(p, PORT_RTS, PORT_RTS, &e));
        assert_true(port_write(p, "after", 5, in_ms(PATIENCE_MS), &e));
        assert_true(port_set_lines(p, PORT_RTS, 0, &e));
        const char *log = server_waits_for(s, "CONTROL 12;");
        assert_text_has(log, "CONTROL 11;");
        assert_null(strstr(log, "STRAY"));
        assert_null(strstr(log, "NO "));
        assert_memory_equal(s->data + s->data_bytes - 5, "after", 5);
        port_free(p);
        server_free(s);
    }
}

/* ---- Hold and go on ---- */

static void rfc2217_holds_its_data_when_asked(void **state)
{
    static const uint8_t hold[] = { 108 }, go_on[] = { 109 };
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    (void)state;
    say_sub(s, hold, sizeof hold);
    say(s, "x", 1);
    read_all(p, &byte, 1); /* so the request has been met */
    assert_false(port_write(p, "data", 4, in_ms(SHORT_MS), &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    server_waits_for_data(s, 0);
    say_sub(s, go_on, sizeof go_on);
    assert_true(port_write(p, "data", 4, in_ms(PATIENCE_MS), &e));
    server_waits_for_data(s, 4);
    port_free(p);
    server_free(s);
}

/* ---- Discard ---- */

static void rfc2217_discard_drops_up_to_the_answer(void **state)
{
    struct server *s = server_new(OLD_DATA);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char bytes[3];
    (void)state;
    say(s, "older", 5);
    assert_true(port_discard(p, &e));
    server_waits_for(s, "PURGE 1;");
    read_all(p, bytes, 3);
    assert_memory_equal(bytes, "new", 3);
    port_free(p);
    server_free(s);
}

/* The length of a reset pulse counts from when the server has set the line. */
static void rfc2217_lines_are_set_when_it_says_so(void **state)
{
    struct server *s = server_new(0);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    for (int i = 0; i < 100; i++) {
        server_forgets(s);
        assert_true(port_set_lines(p, PORT_DTR | PORT_RTS, PORT_DTR, &e));
        pthread_mutex_lock(&s->lock);
        assert_non_null(strstr(s->log, "CONTROL 8;"));
        assert_non_null(strstr(s->log, "CONTROL 12;"));
        pthread_mutex_unlock(&s->lock);
    }
    port_free(p);
    server_free(s);
}

static void rfc2217_lines_do_not_wait_twice_for_a_mute_server(void **state)
{
    struct server *s = server_new(NO_LINES_ANSWER);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    (void)state;
    assert_true(port_set_lines(p, PORT_RTS, 0, &e));
    uint64_t start_ms = now_ms();
    for (int i = 0; i < 5; i++)
        assert_true(port_set_lines(p, PORT_RTS, i % 2 ? PORT_RTS : 0, &e));
    assert_true(now_ms() - start_ms < 500);
    port_free(p);
    server_free(s);
}

static void rfc2217_waits_for_no_line_where_it_is_told_so(void **state)
{
    struct server *s = server_new(NO_LINES_ANSWER);
    char where[96];
    struct err e = { .code = ERR_NONE };
    struct port_fault fault;
    (void)state;
    snprintf(where, sizeof where, "%s?ign_set_control", s->where);
    struct port *p = port_at(where, 115200, -1);
    uint64_t start_ms = now_ms();
    assert_true(port_set_lines(p, PORT_RTS, 0, &e));
    assert_true(now_ms() - start_ms < 500);
    assert_false(port_lines_fault(p, &fault));
    port_free(p);
    server_free(s);
}

static void rfc2217_option_is_no_other_port(void **state)
{
    struct server *s = server_new(0);
    char where[96];
    struct err e = { .code = ERR_NONE };
    (void)state;
    snprintf(where, sizeof where, "%s?ign_set_control", s->where);
    struct port *p = port_at(s->where, 115200, -1);
    assert_null(port_new(where, 115200, &clock_system, -1, in_ms(PATIENCE_MS), &e));
    assert_int_equal(e.code, ERR_PORT_BUSY);
    port_free(p);
    server_free(s);
}

/* A reset's two changes, as often as a run makes them. */
static bool lines_are_faulty(unsigned habits, struct port_fault *fault)
{
    struct server *s = server_new(habits);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    assert_true(port_discard(p, &e));
    for (int i = 0; i < 5; i++) {
        assert_true(port_set_lines(p, PORT_DTR | PORT_RTS, PORT_RTS, &e));
        assert_true(port_set_lines(p, PORT_DTR | PORT_RTS, PORT_DTR, &e));
    }
    bool faulty = port_lines_fault(p, fault);
    port_free(p);
    server_free(s);
    return faulty;
}

static void rfc2217_tells_of_lines_that_are_slow_or_silent(void **state)
{
    static const struct {
        unsigned habits;
        const char *what;
    } rows[] = {
        { NO_LINES, "the serial server does not know of any DTR and RTS" },
        { NO_LINES_ANSWER, "the serial server does not confirm DTR and RTS" },
        { SLOW_LINES, " ms from one line to the other" },
        { LATE_LINES, " ms from one line to the other" },
    };
    struct port_fault fault;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(lines_are_faulty(rows[i].habits, &fault));
        assert_text_has(fault.what, rows[i].what);
        assert_true(strlen(fault.hint) > 40);
    }
    assert_false(lines_are_faulty(0, &fault));
}

static void rfc2217_discard_does_not_wait_twice_for_a_mute_server(void **state)
{
    struct server *s = server_new(NO_PURGE_ANSWER);
    struct port *p = port_at(s->where, 115200, -1);
    struct err e = { .code = ERR_NONE };
    char byte;
    (void)state;
    assert_true(port_discard(p, &e));
    uint64_t start_ms = now_ms();
    for (int i = 0; i < 5; i++)
        assert_true(port_discard(p, &e));
    assert_true(now_ms() - start_ms < 500);
    say(s, "n", 1);
    read_all(p, &byte, 1);
    assert_int_equal(byte, 'n');
    port_free(p);
    server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2217_opens_and_sets_up_the_port),
        cmocka_unit_test(rfc2217_learns_how_the_lines_stand),
        cmocka_unit_test(rfc2217_takes_a_server_that_offers_by_itself),
        cmocka_unit_test(rfc2217_refusal_points_to_socket),
        cmocka_unit_test(rfc2217_echo_is_unsuitable),
        cmocka_unit_test(rfc2217_text_server_is_unsuitable),
        cmocka_unit_test(rfc2217_silent_server_is_busy),
        cmocka_unit_test(rfc2217_closed_at_once_is_busy),
        cmocka_unit_test(rfc2217_closed_without_a_word_is_busy),
        cmocka_unit_test(rfc2217_device_that_is_not_there_is_missing),
        cmocka_unit_test(rfc2217_open_ends_with_a_stop),
        cmocka_unit_test(rfc2217_rate_may_be_3_percent_off),
        cmocka_unit_test(rfc2217_rate_with_ff_in_it),
        cmocka_unit_test(rfc2217_data_that_come_with_an_answer_are_kept),
        cmocka_unit_test(rfc2217_lines_pass_through_no_false_reset),
        cmocka_unit_test(rfc2217_one_line_is_one_command),
        cmocka_unit_test(rfc2217_carries_all_bytes_and_order),
        cmocka_unit_test(rfc2217_reads_around_notices),
        cmocka_unit_test(rfc2217_refuses_other_options_while_reading),
        cmocka_unit_test(rfc2217_read_ends_with_its_deadline),
        cmocka_unit_test(rfc2217_flood_of_notices_does_not_hold_anyone),
        cmocka_unit_test(rfc2217_read_ends_with_a_stop),
        cmocka_unit_test(rfc2217_closed_by_the_server_is_gone),
        cmocka_unit_test(rfc2217_closed_in_mid_write_is_gone),
        cmocka_unit_test(rfc2217_failed_write_leaves_the_stream_whole),
        cmocka_unit_test(rfc2217_holds_its_data_when_asked),
        cmocka_unit_test(rfc2217_discard_drops_up_to_the_answer),
        cmocka_unit_test(rfc2217_lines_are_set_when_it_says_so),
        cmocka_unit_test(rfc2217_lines_do_not_wait_twice_for_a_mute_server),
        cmocka_unit_test(rfc2217_waits_for_no_line_where_it_is_told_so),
        cmocka_unit_test(rfc2217_option_is_no_other_port),
        cmocka_unit_test(rfc2217_tells_of_lines_that_are_slow_or_silent),
        cmocka_unit_test(rfc2217_discard_does_not_wait_twice_for_a_mute_server),
    };
    return cmocka_run_group_tests_name("port_rfc2217", tests, NULL, NULL);
}
