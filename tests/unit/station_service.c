/* What a service tells systemd: the manager's socket is one of ours, the journal is caught. */
#include "station/service/service.h"

#include "core/facts/chip.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- The manager ---- */

static int manager = -1;

/* Abstract, so that no folder is needed and nothing is left. */
static int set_up_manager(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[64];
    (void)state;
    snprintf(name, sizeof name, "@espstation-test-%d", (int)getpid());
    memcpy(address.sun_path, name, strlen(name));
    address.sun_path[0] = '\0';
    const socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (manager < 0 || bind(manager, (struct sockaddr *)&address, n) != 0)
        return -1;
    return setenv("NOTIFY_SOCKET", name, 1);
}

static int tear_down_manager(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    return close(manager);
}

static void expect_told(const char *text)
{
    char got[512];
    const ssize_t n = recv(manager, got, sizeof got - 1, 0);
    assert_true(n >= 0);
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void the_manager_is_told(void **state)
{
    (void)state;
    service_ready();
    expect_told("READY=1");
    service_status("%d of %d boards passed", 3, 4);
    expect_told("STATUS=3 of 4 boards passed");
    service_alive();
    expect_told("WATCHDOG=1");
    service_stopping(90000);
    expect_told("STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000");
}

static void signs_of_life_come_twice_in_the_time_that_is_allowed(void **state)
{
    (void)state;
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(service_alive_every_ms(), 0);
    setenv("WATCHDOG_USEC", "60000000", 1);
    assert_int_equal(service_alive_every_ms(), 30000);
    setenv("WATCHDOG_USEC", "1", 1);
    assert_int_equal(service_alive_every_ms(), 1);
    setenv("WATCHDOG_PID", "1", 1); /* another process is meant */
    assert_int_equal(service_alive_every_ms(), 0);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

static void by_hand_nobody_is_told_and_nothing_happens(void **state)
{
    char got;
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    service_ready();
    service_alive();
    assert_int_equal(recv(manager, &got, 1, 0), -1);
}

/* ---- The journal ---- */

static char entry[4096];

int __wrap_sd_journal_sendv(const struct iovec *parts, int count);
int __wrap_sd_journal_sendv(const struct iovec *parts, int count)
{
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(entry + n, sizeof entry - n, "%.*s\n", (int)parts[i].iov_len,
                              (const char *)parts[i].iov_base);
    return 0;
}

/* As systemd sets it: device and inode of the stream. */
static void connect_journal(void)
{
    char stream[64];
    struct stat st;
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
}

static struct event a_failure(void)
{
    struct event event = { .kind = EVENT_VERDICT,
                           .slot = 3,
                           .port = "/dev/ttyUSB2",
                           .run_id = 17,
                           .attempt = 2,
                           .phase = PHASE_WRITE,
                           .verdict = VERDICT_FAIL,
                           .state = BOARD_HALF_WRITTEN,
                           .chip = chip_by_name("esp32"),
                           .mac = "24:0a:c4:00:00:03",
                           .seconds = 12.5 };
    err_set(&event.err, ERR_WRITE, "Block 17 of 43: no reply");
    return event;
}

static void expect_field(const char *field)
{
    char line[512];
    snprintf(line, sizeof line, "\n%s\n", field);
    if (!strstr(entry, line) && strncmp(entry, line + 1, strlen(line + 1)) != 0)
        fail_msg("no %s in:\n%s", field, entry);
}

static void a_verdict_has_its_fields(void **state)
{
    static const char *const fields[] = {
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=espstation",
        "SLOT=3",
        "SLOT_NAME=A3",
        "PORT=/dev/ttyUSB2",
        "RUN=17",
        "ATTEMPT=2",
        "PHASE=write",
        "CHIP=esp32",
        "VERDICT=FAIL",
        "MAC=24:0a:c4:00:00:03",
        "CODE=write",
        "SECONDS=12.500",
        "BOARD_STATE=half-written",
    };
    struct event event = a_failure();
    (void)state;
    connect_journal();
    service_log(&event, "A3");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        expect_field(fields[i]);
    assert_non_null(strstr(entry, "MESSAGE=slot A3: FAIL ESP32 24:0a:c4:00:00:03 in 12.5 s"));
    assert_non_null(strstr(entry, "MESSAGE_ID="));
    assert_non_null(strstr(entry, "HINT="));
}

static void what_the_station_cannot_help_is_an_error(void **state)
{
    struct event event = a_failure();
    (void)state;
    connect_journal();
    err_set(&event.err, ERR_DATABASE, "The disk is full");
    service_log(&event, NULL);
    expect_field("PRIORITY=3");
    assert_null(strstr(entry, "SLOT_NAME="));
    assert_non_null(strstr(entry, "MESSAGE=slot 3: FAIL"));
}

static void without_a_journal_nothing_is_sent(void **state)
{
    const struct event event = a_failure();
    (void)state;
    entry[0] = '\0';
    unsetenv("JOURNAL_STREAM");
    service_log(&event, "A3");
    setenv("JOURNAL_STREAM", "1:1", 1); /* that of whoever started us */
    service_log(&event, "A3");
    assert_string_equal(entry, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_manager_is_told, set_up_manager, tear_down_manager),
        cmocka_unit_test(signs_of_life_come_twice_in_the_time_that_is_allowed),
        cmocka_unit_test_setup_teardown(by_hand_nobody_is_told_and_nothing_happens, set_up_manager,
                                        tear_down_manager),
        cmocka_unit_test(a_verdict_has_its_fields),
        cmocka_unit_test(what_the_station_cannot_help_is_an_error),
        cmocka_unit_test(without_a_journal_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
