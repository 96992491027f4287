/* Each check of the doctor against made-up trees of /sys, /proc, /etc, /run and made-up facts. */
#include "station/doctor/doctor.h"
#include "db/store/db.h"
#include "station/base/limits.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_MAX 64
#define EVE_UID   1000
#define DIALOUT   20

struct bench {
    char root[64];
    char db_path[128];
    struct doctor_world w;
    struct doctor_line lines[LINES_MAX];
    size_t count;
    enum doctor_grade worst;
};

/* ---- The made-up machine ---- */

static void full_path(const struct bench *b, const char *path, char *full, size_t cap)
{
    assert_true((size_t)snprintf(full, cap, "%s/%s", b->root, path) < cap);
    for (char *slash = full + strlen(b->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void put(const struct bench *b, const char *path, const char *text)
{
    char full[512];
    full_path(b, path, full, sizeof full);
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void put_link(const struct bench *b, const char *path, const char *target)
{
    char full[512];
    full_path(b, path, full, sizeof full);
    assert_int_equal(symlink(target, full), 0);
}

static void put_number(const struct bench *b, const char *folder, const char *name,
                       const char *value)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    put(b, path, value);
}

#define USB1 "sys/devices/pci0000:00/usb1"

/* Attributes of a hub: `attributes` has bit 6 for a supply of its own. */
static void put_hub(const struct bench *b, const char *folder, const char *attributes,
                    const char *speed, const char *protocol)
{
    put_number(b, folder, "idVendor", "1d6b\n");
    put_number(b, folder, "idProduct", "0002\n");
    put_number(b, folder, "bDeviceClass", "09\n");
    put_number(b, folder, "bDeviceProtocol", protocol);
    put_number(b, folder, "bmAttributes", attributes);
    put_number(b, folder, "bMaxPower", "100mA\n");
    put_number(b, folder, "maxchild", "7\n");
    put_number(b, folder, "speed", speed);
}

/* An adapter in the folder `device`, whose port is ttyUSB`number`. */
static void put_adapter(const struct bench *b, const char *device, int number, const char *control)
{
    char path[256], target[256];
    const char *name = strrchr(device, '/') + 1;
    put_number(b, device, "idVendor", "1a86\n");
    put_number(b, device, "idProduct", "7523\n");
    put_number(b, device, "bDeviceClass", "ff\n");
    put_number(b, device, "bMaxPower", "98mA\n");
    put_number(b, device, "power/control", control);
    snprintf(path, sizeof path, "%s/%s:1.0/ttyUSB%d/port_number", device, name, number);
    put(b, path, "0\n");
    snprintf(path, sizeof path, "sys/class/tty/ttyUSB%d/device", number);
    snprintf(target, sizeof target, "../../../../%s/%s:1.0/ttyUSB%d", device, name, number);
    put_link(b, path, target);
    snprintf(path, sizeof path, "sys/class/tty/ttyUSB%d/dev", number);
    snprintf(target, sizeof target, "188:%d\n", number);
    put(b, path, target);
    snprintf(path, sizeof path, "dev/serial/by-path/usb-0:%d", number);
    put(b, path, "");
}

/* `count` adapters on one hub. */
static void put_fixture(const struct bench *b, int count, const char *attributes, const char *speed,
                        const char *protocol)
{
    put_hub(b, USB1, "e0\n", "480\n", "01\n");
    put_hub(b, USB1 "/1-1", attributes, speed, protocol);
    for (int i = 0; i < count; i++) {
        char device[128];
        snprintf(device, sizeof device, USB1 "/1-1/1-1.%d", i + 1);
        put_adapter(b, device, i, "on\n");
    }
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->root, sizeof b->root, "/tmp/doctor-test.XXXXXX");
    assert_non_null(mkdtemp(b->root));
    snprintf(b->db_path, sizeof b->db_path, "%s/record.db", b->root);
    b->w = (struct doctor_world){
        .root = b->root,
        .uid = EVE_UID,
        .user = "eve",
        .groups = { DIALOUT, EVE_UID },
        .group_count = 2,
        .files_soft = 1024,
        .files_hard = 4096,
        .utc_ms = 1800000000000, /* January 2027 */
        .sync = DOCTOR_SYNC_YES,
        .db_path = b->db_path,
        .disk_known = true,
        .disk_free_bytes = (uint64_t)20 << 30,
        .stubs = 14,
    };
    put(b, "etc/group", "root:x:0:\ndialout:x:20:mallory,eve\n");
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", b->root);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

/* ---- What it said ---- */

static void keep(void *ctx, const struct doctor_line *line)
{
    struct bench *b = ctx;
    assert_true(b->count < LINES_MAX);
    b->lines[b->count++] = *line;
    if (line->grade != DOCTOR_OK)
        print_message("# %-7s %-12s %s [%s]\n", doctor_grade_word(line->grade), line->check,
                      line->sentence, line->cure);
    assert_true(strlen(line->sentence) > 10);
    /* Whatever is not right has a cure. */
    assert_int_equal(line->grade != DOCTOR_OK, line->cure[0] != '\0');
}

static void examine(struct bench *b)
{
    const struct doctor_sink sink = { b, keep };
    b->count = 0;
    b->worst = doctor_examine(&b->w, &sink);
}

/* The only line of that check which is as bad as that. */
static const struct doctor_line *line_of(const struct bench *b, const char *check,
                                         enum doctor_grade grade)
{
    const struct doctor_line *found = NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->lines[i].check, check) != 0 || b->lines[i].grade != grade)
            continue;
        if (found)
            fail_msg("%s says more than one line", check);
        found = &b->lines[i];
    }
    if (!found)
        fail_msg("%s says nothing that is %s", check, doctor_grade_word(grade));
    return found;
}

static void assert_says(struct bench *b, const char *check, enum doctor_grade grade,
                        const char *words, const char *cure)
{
    examine(b);
    const struct doctor_line *line = line_of(b, check, grade);
    assert_has(line->sentence, words);
    assert_has(line->cure, cure);
}

/* ---- Tests ---- */

static void doctor_finds_nothing_wrong_with_a_good_machine(void **state)
{
    struct bench *b = *state;
    put_fixture(b, 4, "e0\n", "480\n", "02\n");
    examine(b);
    assert_int_equal(b->worst, DOCTOR_OK);
    assert_has(line_of(b, "ports", DOCTOR_OK)->sentence,
               "4 adapters are plugged in: ttyUSB0, ttyUSB1");
    assert_has(line_of(b, "hubs", DOCTOR_OK)->sentence,
               "Hub 1-1 (7 sockets, 480 Mbit/s, says it has its own supply) carries ttyUSB0");
    assert_has(line_of(b, "hubs", DOCTOR_OK)->sentence, "392 mA");
}

static void doctor_bears_a_machine_without_any_of_its_files(void **state)
{
    struct bench *b = *state;
    b->w.root = "/nonexistent";
    examine(b);
    assert_has(line_of(b, "group", DOCTOR_WARNING)->cure, "ls -l");
    assert_int_equal(b->worst, DOCTOR_WARNING);
}

static void doctor_looks_at_this_machine(void **state)
{
    struct bench *b = *state;
    doctor_look(&b->w, b->db_path);
    assert_int_equal(b->w.uid, geteuid());
    assert_true(b->w.group_count > 0 && b->w.files_hard > 0 && b->w.disk_known);
    assert_true(b->w.utc_ms > 0 && b->w.user[0] != '\0');
    examine(b);
}

static void doctor_warns_of_root(void **state)
{
    struct bench *b = *state;
    b->w.uid = 0;
    b->w.group_count = 0;
    assert_says(b, "user", DOCTOR_WARNING, "root", "usermod -aG dialout");
    line_of(b, "group", DOCTOR_OK);
}

static void doctor_knows_who_may_open_ports(void **state)
{
    struct bench *b = *state;
    assert_says(b, "group", DOCTOR_OK, "eve is in the group dialout", "");
    b->w.groups[0] = 4;
    assert_says(b, "group", DOCTOR_WRONG, "logged in before that", "newgrp dialout");
    put(b, "etc/group", "dialout:x:20:evelyn,steve\n");
    assert_says(b, "group", DOCTOR_WRONG, "eve is not in the group dialout",
                "sudo usermod -aG dialout eve");
    put(b, "etc/group", "dialout\ndialout:x\nuucp:x:14:\n");
    assert_says(b, "group", DOCTOR_WRONG, "not in the group uucp", "usermod -aG uucp eve");
    assert_int_equal(b->worst, DOCTOR_WRONG);
}

static void doctor_knows_whether_modemmanager_is_kept_off(void **state)
{
    struct bench *b = *state;
    put(b, "proc/notaprocess/comm", "ModemManager\n");
    assert_says(b, "modemmanager", DOCTOR_OK, "does not run", "");
    put(b, "proc/77/comm", "ModemManager\n");
    assert_says(b, "modemmanager", DOCTOR_WARNING, "(pid 77), and no udev rule",
                "sudo systemctl disable --now ModemManager");
    put(b, "etc/udev/rules.d/60-x.rules", "# ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n");
    assert_says(b, "modemmanager", DOCTOR_WARNING, "no udev rule", "60-espstation.rules");
    put(b, "etc/udev/rules.d/60-x.rules", "SUBSYSTEM==\"tty\", ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n");
    assert_says(b, "modemmanager", DOCTOR_OK, "60-x.rules keeps it off", "");
    /* With adapters what udev has noted counts: a rule may have come too late. */
    put_fixture(b, 2, "e0\n", "480\n", "02\n");
    put(b, "run/udev/data/c188:0", "S:serial/x\nE:ID_MM_DEVICE_IGNORE=1\n");
    assert_says(b, "modemmanager", DOCTOR_WARNING, "not kept off ttyUSB1:", "systemctl");
    put(b, "run/udev/data/c188:1", "E:ID_MM_PORT_IGNORE=1\n");
    assert_says(b, "modemmanager", DOCTOR_OK, "keeps it off all 2", "");
    put(b, "run/udev/data/c188:1", "");
    put(b, USB1 "/1-1/1-1.2/dev", "189:7\n");
    put(b, "run/udev/data/c189:7", "E:ID_MM_DEVICE_IGNORE=1\n");
    assert_says(b, "modemmanager", DOCTOR_OK, "keeps it off all 2", "");
}

static void doctor_knows_what_brltty_takes(void **state)
{
    struct bench *b = *state;
    static const char rule[] = "ENV{PRODUCT}==\"1a86/7523/*\", ENV{BRLTTY_BRAILLE_DRIVER}=\"bm\", "
                               "GOTO=\"brltty_usb_run\"\n";
    char commented[200];
    snprintf(commented, sizeof commented, "  # %s", rule);
    put(b, "usr/lib/udev/rules.d/85-brltty.rules", commented);
    assert_says(b, "brltty", DOCTOR_OK, "takes no adapters", "");
    put(b, "usr/lib/udev/rules.d/85-brltty.rules", rule);
    assert_says(b, "brltty", DOCTOR_WARNING, "85-brltty.rules", "sudo apt-get remove brltty");
    put(b, "usr/lib/udev/rules.d/85-brltty.rules", "");
    put(b, "proc/9/comm", "brltty\n");
    assert_says(b, "brltty", DOCTOR_WARNING, "(pid 9)", "apt-get remove brltty");
}

static void doctor_tells_the_latency_timers(void **state)
{
    struct bench *b = *state;
    put(b, "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "1\n");
    put(b, "sys/bus/usb-serial/devices/ttyUSB1/port_number", "0\n");
    assert_says(b, "latency", DOCTOR_OK, "every FTDI port (1) is at 1 ms", "");
    put(b, "sys/bus/usb-serial/devices/ttyUSB2/latency_timer", "16\n");
    assert_says(b, "latency", DOCTOR_OK, "of ttyUSB2 is above 1 ms", "");
}

static void doctor_adds_up_what_hubs_must_bear(void **state)
{
    struct bench *b = *state;
    put_fixture(b, 2, "a0\n", "480\n", "02\n");
    assert_says(b, "hubs", DOCTOR_WARNING,
                "Hub 1-1 has no supply of its own: 400 mA for all of "
                "ttyUSB0, ttyUSB1, which declare 196 mA",
                "supply");
    /* One adapter that declares more than a socket of such a hub gives. */
    put(b, USB1 "/1-1/1-1.1/bMaxPower", "500mA\n");
    assert_says(b, "hubs", DOCTOR_WARNING, "which declare 598 mA", "supply");
}

static void doctor_lets_one_small_adapter_hang_on_an_unfed_hub(void **state)
{
    struct bench *b = *state;
    put_fixture(b, 1, "a0\n", "480\n", "02\n");
    assert_says(b, "hubs", DOCTOR_OK, "no supply of its own) carries ttyUSB0: 98 mA", "");
    put(b, USB1 "/1-1/1-1.1/bMaxPower", "500mA\n");
    assert_says(b, "hubs", DOCTOR_WARNING, "500 mA", "supply");
}

static void doctor_knows_hubs_that_are_too_slow(void **state)
{
    struct bench *b = *state;
    put_fixture(b, 9, "e0\n", "480\n", "01\n"); /* one translator for all */
    assert_says(b, "hubs", DOCTOR_WARNING, "9 adapters on one link of 12 Mbit/s", "more hubs");
    put(b, USB1 "/1-1/bDeviceProtocol", "02\n");
    assert_says(b, "hubs", DOCTOR_OK, "carries", "");
    put(b, USB1 "/1-1/speed", "12\n");
    assert_says(b, "hubs", DOCTOR_WARNING, "9 adapters on one link of 12 Mbit/s", "more hubs");
}

static void doctor_tells_root_hubs_apart(void **state)
{
    struct bench *b = *state;
    put_hub(b, USB1, "a0\n", "480\n", "01\n");
    put_adapter(b, USB1 "/1-2", 0, "on\n");
    assert_says(b, "hubs", DOCTOR_OK, "Root hub usb1 (7 sockets, 480 Mbit/s) carries ttyUSB0", "");
}

static void doctor_warns_of_adapters_that_may_sleep(void **state)
{
    struct bench *b = *state;
    put_fixture(b, 3, "e0\n", "480\n", "02\n");
    put(b, USB1 "/1-1/1-1.2/power/control", "auto\n");
    assert_says(b, "usb-sleep", DOCTOR_WARNING, "may put ttyUSB1 to sleep",
                "tee /sys/bus/usb/devices/1-1.2/power/control");
    put(b, USB1 "/1-1/1-1.3/power/control", "auto\n");
    assert_says(b, "usb-sleep", DOCTOR_WARNING, "ttyUSB1, ttyUSB2",
                "tee /sys/bus/usb/devices/*/power/control");
}

static void doctor_misses_names_that_stay(void **state)
{
    struct bench *b = *state;
    char path[128];
    put_fixture(b, 1, "e0\n", "480\n", "02\n");
    snprintf(path, sizeof path, "%s/dev/serial/by-path/usb-0:0", b->root);
    assert_int_equal(unlink(path), 0);
    assert_says(b, "ports", DOCTOR_WARNING, "by-path is empty", "systemd-udevd");
}

static void doctor_finds_who_has_a_port_open(void **state)
{
    struct bench *b = *state;
    char path[128], words[64];
    put_fixture(b, 2, "e0\n", "480\n", "02\n");
    put(b, "dev/ttyUSB1", "");
    snprintf(path, sizeof path, "%s/dev/ttyUSB1", b->root);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    snprintf(words, sizeof words, "ttyUSB1 is open in doctor (pid %ld)", (long)getpid());
    assert_says(b, "ports", DOCTOR_WARNING, words, "kill ");
    close(fd);
    examine(b);
    line_of(b, "ports", DOCTOR_OK);
    assert_int_equal(b->worst, DOCTOR_OK);
}

static void doctor_counts_open_files(void **state)
{
    struct bench *b = *state;
    b->w.files_hard = limits_files_for(64);
    assert_says(b, "files", DOCTOR_OK, "64 boards", "");
    b->w.files_hard--;
    assert_says(b, "files", DOCTOR_WARNING, "64 boards", "sudo prlimit --pid $$");
    put_fixture(b, 12, "e0\n", "480\n", "02\n");
    b->w.files_hard = limits_files_for(12) - 1;
    assert_says(b, "files", DOCTOR_WRONG, "12 boards", "sudo prlimit --pid $$");
}

static void doctor_weighs_the_disk(void **state)
{
    struct bench *b = *state;
    b->w.disk_free_bytes = 100u << 20;
    assert_says(b, "disk", DOCTOR_WARNING, "100 MB", "du -xh");
    b->w.disk_free_bytes = 3u << 20;
    assert_says(b, "disk", DOCTOR_WRONG, "3.0 MB", "du -xh");
    b->w.disk_full_of_files = true;
    assert_says(b, "disk", DOCTOR_WRONG, "as many files", "df -i");
    b->w.disk_known = false;
    assert_says(b, "disk", DOCTOR_WRONG, "folder does not exist", "mkdir -p");
}

static void doctor_judges_the_clock(void **state)
{
    struct bench *b = *state;
    b->w.sync = DOCTOR_SYNC_NO;
    assert_says(b, "clock", DOCTOR_WARNING, "2027-01-15 08:00 UTC and is not",
                "timedatectl set-ntp");
    b->w.utc_ms = 1000;
    assert_says(b, "clock", DOCTOR_WRONG, "1970-01-01", "sudo date -u -s");
    b->w.utc_ms = INT64_MAX;
    assert_says(b, "clock", DOCTOR_WRONG, "292278994", "timedatectl");
}

static void doctor_names_network_disks(void **state)
{
    struct bench *b = *state;
    b->w.disk_type = 0x6969;
    assert_says(b, "record", DOCTOR_WRONG, "network disk (NFS)", "--db");
}

/* A record with one run that began then. */
static void make_record(struct bench *b, int64_t utc_ms)
{
    struct err e = { 0 };
    struct db_station here;
    const struct db_image image = {
        .file = "app.bin",
        .size_bytes = 4,
        .sha256 = "0000000000000000000000000000000000000000000000000000000000000000",
        .md5 = "00000000000000000000000000000000",
    };
    const struct db_recipe recipe = { .name = "x",
                                      .chip = "esp32",
                                      .text = "x",
                                      .text_bytes = 1,
                                      .images = &image,
                                      .image_count = 1 };
    struct db *db = db_open(b->db_path, 1000, &e);
    assert_ok(db != NULL, &e);
    assert_ok(db_station_here(&here, &e), &e);
    assert_ok(db_station_start(db, &here, "0", utc_ms, NULL, &e), &e);
    const struct db_run_begin run = { .recipe_id = db_recipe_put(db, &recipe, utc_ms, &e),
                                      .slot = 1,
                                      .port = "/dev/ttyUSB0",
                                      .started_utc_ms = utc_ms };
    assert_ok(db_run_start(db, &run, &e) != 0, &e);
    db_close(db);
}

static void doctor_reads_the_record(void **state)
{
    struct bench *b = *state;
    assert_says(b, "record", DOCTOR_OK, "is not there yet", "");
    make_record(b, b->w.utc_ms - 1000);
    assert_says(b, "record", DOCTOR_OK, "its newest run: 2027-01-15T07:59:59.000Z", "");
    assert_int_equal(b->worst, DOCTOR_OK);
    b->w.utc_ms -= 3600 * 1000;
    assert_says(b, "record", DOCTOR_WRONG, "is behind the newest run", "timedatectl");
}

static void doctor_finds_damage_in_the_record(void **state)
{
    struct bench *b = *state;
    make_record(b, b->w.utc_ms - 1000);
    int fd = open(b->db_path, O_WRONLY | O_CLOEXEC);
    static const char noise[4000] = "noise";
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    /* Not the first pages, which hold the schema. */
    for (off_t at = 8 * 4096; at < st.st_size; at += 4096)
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), (ssize_t)sizeof noise);
    close(fd);
    examine(b);
    assert_has(line_of(b, "record", DOCTOR_WRONG)->sentence, "damaged");
}

static void doctor_lets_an_older_record_pass(void **state)
{
    struct bench *b = *state;
    sqlite3 *sql = NULL;
    make_record(b, b->w.utc_ms - 1000);
    assert_int_equal(sqlite3_open(b->db_path, &sql), SQLITE_OK);
    assert_int_equal(sqlite3_exec(sql, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
    assert_says(b, "record", DOCTOR_OK, "of an older espstation; the next run brings it up", "");
}

static void doctor_refuses_what_is_no_record(void **state)
{
    struct bench *b = *state;
    put(b, "record.db",
        "recipe: blinky\nchip: esp32, and so on, longer than a header of SQLite is, "
        "which has a hundred bytes\n");
    assert_says(b, "record", DOCTOR_WRONG, "is not an SQLite database", "--db");
}

static void doctor_misses_the_right_to_write(void **state)
{
    struct bench *b = *state;
    if (geteuid() == 0)
        skip(); /* root may write everywhere */
    make_record(b, b->w.utc_ms - 1000);
    assert_int_equal(chmod(b->root, 0555), 0);
    assert_says(b, "record", DOCTOR_WRONG, "eve may not make files", "ls -ld");
    assert_int_equal(chmod(b->root, 0755), 0);
    assert_int_equal(chmod(b->db_path, 0444), 0);
    assert_says(b, "record", DOCTOR_WRONG, "eve may not write the record", "ls -l");
}

static void doctor_shows_hostile_names_plainly(void **state)
{
    struct bench *b = *state;
    put(b, "proc/77/comm", "ModemManager\n");
    put(b, "etc/udev/rules.d/\033[2J.rules", "ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n");
    assert_says(b, "modemmanager", DOCTOR_OK, "?[2J.rules keeps it off", "");
}

static void doctor_misses_the_stubs(void **state)
{
    struct bench *b = *state;
    b->w.stubs = 0;
    assert_says(b, "stubs", DOCTOR_WARNING, "without flasher stubs", "make deps");
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(doctor_finds_nothing_wrong_with_a_good_machine),
        ROW(doctor_bears_a_machine_without_any_of_its_files),
        ROW(doctor_looks_at_this_machine),
        ROW(doctor_warns_of_root),
        ROW(doctor_knows_who_may_open_ports),
        ROW(doctor_knows_whether_modemmanager_is_kept_off),
        ROW(doctor_knows_what_brltty_takes),
        ROW(doctor_tells_the_latency_timers),
        ROW(doctor_adds_up_what_hubs_must_bear),
        ROW(doctor_lets_one_small_adapter_hang_on_an_unfed_hub),
        ROW(doctor_knows_hubs_that_are_too_slow),
        ROW(doctor_tells_root_hubs_apart),
        ROW(doctor_warns_of_adapters_that_may_sleep),
        ROW(doctor_misses_names_that_stay),
        ROW(doctor_finds_who_has_a_port_open),
        ROW(doctor_counts_open_files),
        ROW(doctor_weighs_the_disk),
        ROW(doctor_judges_the_clock),
        ROW(doctor_names_network_disks),
        ROW(doctor_reads_the_record),
        ROW(doctor_finds_damage_in_the_record),
        ROW(doctor_lets_an_older_record_pass),
        ROW(doctor_refuses_what_is_no_record),
        ROW(doctor_misses_the_right_to_write),
        ROW(doctor_shows_hostile_names_plainly),
        ROW(doctor_misses_the_stubs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
