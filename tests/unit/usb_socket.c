/* Sockets of USB hubs: their names, and the adapters in made-up trees of sysfs. */
#include "core/ports/usb_socket.h"
#include "tests/lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

/* ---- The made-up machine ---- */

static void make_folders(char *path)
{
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", root, path);
    make_folders(full);
    FILE *f = fopen(full, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void put_link(const char *path, const char *target)
{
    char full[512], to[512];
    snprintf(full, sizeof full, "%s/%s", root, path);
    make_folders(full);
    snprintf(to, sizeof to, "%s%s", target[0] == '/' ? root : "", target);
    assert_int_equal(symlink(to, full), 0);
}

/* A port of a usb-serial driver, in the interface `interface` of `device`. */
static void put_serial(const char *device, const char *interface, const char *tty, int number)
{
    char path[400], text[16];
    snprintf(path, sizeof path, "%s/%s/%s/port_number", device, interface, tty);
    snprintf(text, sizeof text, "%d\n", number);
    put(path, text);
    snprintf(path, sizeof path, "%s/%s/%s/driver", device, interface, tty);
    put_link(path, "../../ch341-uart");
    snprintf(path, sizeof path, "%s/idVendor", device);
    put(path, "1a86\n");
    snprintf(path, sizeof path, "%s/idProduct", device);
    put(path, "7523\n");
    char target[400];
    snprintf(target, sizeof target, "/%s/%s/%s", device, interface, tty);
    snprintf(path, sizeof path, "sys/class/tty/%s/device", tty);
    put_link(path, target);
}

/* A port of cdc-acm: the interface itself is the device. */
static void put_acm(const char *device, const char *interface, const char *tty)
{
    char path[400], target[400];
    snprintf(path, sizeof path, "%s/%s/bInterfaceClass", device, interface);
    put(path, "02\n");
    snprintf(path, sizeof path, "%s/idVendor", device);
    put(path, "303a\n");
    snprintf(path, sizeof path, "%s/serial", device);
    put(path, "24:0a\x1b[1m\n");
    snprintf(target, sizeof target, "/%s/%s", device, interface);
    snprintf(path, sizeof path, "sys/class/tty/%s/device", tty);
    put_link(path, target);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/usb-socket-test.XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

#define PCI "sys/devices/pci0000:00/0000:00:14.0/usb1"

static void assert_socket(const char *tty, const char *want)
{
    char socket[USB_SOCKET_BYTES];
    assert_true(usb_socket_of(root, tty, socket));
    assert_string_equal(socket, want);
}

/* ---- Names ---- */

static void socket_has_one_form(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "pci-0000:00:14.0-usb-0:1.4.2:1.0", "pci-0000:00:14.0-usb-0:1.4.2:1.0" },
        { "pci-0000:00:14.0-usb-0:1.4.2:1.0-port0", "pci-0000:00:14.0-usb-0:1.4.2:1.0" },
        { "pci-0000:00:14.0-usb-0:1.4.2:1.0-port3", "pci-0000:00:14.0-usb-0:1.4.2:1.0-port3" },
        { "pci-0000:00:14.0-usbv2-0:3:1.1", "pci-0000:00:14.0-usb-0:3:1.1" },
        { "/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0",
          "pci-0000:00:14.0-usb-0:3:1.0" },
        { "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0",
          "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0" },
    };
    char socket[USB_SOCKET_BYTES];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(usb_socket_parse(rows[i][0], socket));
        assert_string_equal(socket, rows[i][1]);
    }
}

static void what_is_no_socket_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1.4.2",
        "-usb-0:1:1.0",
        "pci-0000:00:14.0-usb-0:",
        "pci-0000:00:14.0-usb-0:1.4.2",
        "pci-0000:00:14.0-usb-0:1..2:1.0",
        "pci-0000:00:14.0-usb-0:1.2:1.0-port",
        "pci-0000:00:14.0-usb-0:1.2:1.0-portx",
        "pci-0000:00:14.0-usb-0:1.2:1.0 ",
        "pci 0000-usb-0:1.2:1.0",
        "/dev/ttyUSB0",
        "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0",
    };
    char socket[USB_SOCKET_BYTES], text[2 * USB_SOCKET_BYTES];
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_false(usb_socket_parse(rows[i], socket));
    snprintf(text, sizeof text, "pci-%0*d-usb-0:1:1.0", USB_SOCKET_BYTES, 1);
    assert_false(usb_socket_parse(text, socket));
}

/* ---- sysfs ---- */

static void socket_is_the_same_for_either_kind_of_driver(void **state)
{
    (void)state;
    put_serial(PCI "/1-4/1-4.2", "1-4.2:1.0", "ttyUSB3", 0);
    put_acm(PCI "/1-4/1-4.3", "1-4.3:1.0", "ttyACM0");
    assert_socket("ttyUSB3", "pci-0000:00:14.0-usb-0:4.2:1.0");
    assert_socket("ttyACM0", "pci-0000:00:14.0-usb-0:4.3:1.0");
}

static void ports_of_one_adapter_are_told_apart(void **state)
{
    (void)state;
    put_serial(PCI "/1-1", "1-1:1.0", "ttyUSB0", 0);
    put_serial(PCI "/1-1", "1-1:1.1", "ttyUSB1", 0); /* an interface for each: FT2232 */
    put_serial(PCI "/1-2", "1-2:1.0", "ttyUSB2", 0);
    put_serial(PCI "/1-2", "1-2:1.0", "ttyUSB10", 3); /* one interface for all: MCS7840 */
    assert_socket("ttyUSB1", "pci-0000:00:14.0-usb-0:1:1.1");
    assert_socket("ttyUSB10", "pci-0000:00:14.0-usb-0:2:1.0-port3");
}

static void bus_number_does_not_count(void **state)
{
    (void)state;
    put_serial("sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0/usb9/9-1", "9-1:1.0", "ttyUSB0",
               0);
    assert_socket("ttyUSB0", "pci-0000:03:00.0-usb-0:1:1.0");
}

/* As on a Raspberry Pi: the controller hangs on a bridge that is no PCI device. */
static void platform_stands_in_front(void **state)
{
    (void)state;
#define PLATFORM "sys/devices/platform/scb/fd500000.pcie"
    put_link(PLATFORM "/subsystem", "../../../../bus/platform");
    put_serial(PLATFORM "/pci0000:00/0000:00:00.0/0000:01:00.0/usb1/1-1/1-1.2", "1-1.2:1.0",
               "ttyUSB0", 0);
    assert_socket("ttyUSB0", "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0");
}

static void what_is_not_on_usb_has_no_socket(void **state)
{
    (void)state;
    char socket[USB_SOCKET_BYTES];
    put("sys/devices/platform/serial8250/x", "");
    put_link("sys/class/tty/ttyS0/device", "/sys/devices/platform/serial8250");
    put("sys/class/tty/tty1/dev", "4:1\n");
    assert_false(usb_socket_of(root, "ttyS0", socket));
    assert_false(usb_socket_of(root, "tty1", socket));
    assert_false(usb_socket_of(root, "none", socket));
}

static void all_ports_are_listed_with_what_is_known(void **state)
{
    (void)state;
    struct err e = { 0 };
    char want[128];
    put_serial(PCI "/1-1", "1-1:1.0", "ttyUSB10", 0);
    put_serial(PCI "/1-2", "1-2:1.0", "ttyUSB2", 0);
    put_acm(PCI "/1-3", "1-3:1.0", "ttyACM0");
    put("sys/class/tty/tty1/dev", "4:1\n");
    struct usb_ports *ports = usb_ports_new(root, &e);
    assert_ok(ports != NULL, &e);
    assert_int_equal(usb_ports_count(ports), 3);
    const struct usb_port *p = usb_ports_at(ports, 1);
    snprintf(want, sizeof want, "%s/dev/ttyUSB2", root);
    assert_string_equal(p->path, want);
    assert_string_equal(p->driver, "ch341-uart");
    assert_int_equal(p->usb.vid, 0x1a86);
    assert_int_equal(p->usb.pid, 0x7523);
    assert_string_equal(usb_ports_at(ports, 0)->usb.serial, "24:0a?[1m"); /* steers no terminal */
    assert_ptr_equal(usb_ports_in(ports, "pci-0000:00:14.0-usb-0:2:1.0"), p);
    assert_null(usb_ports_in(ports, "pci-0000:00:14.0-usb-0:9:1.0"));
    usb_ports_free(ports);
}

static void a_machine_without_ports_has_none(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct usb_ports *ports = usb_ports_new(root, &e);
    assert_ok(ports != NULL, &e);
    assert_int_equal(usb_ports_count(ports), 0);
    usb_ports_free(ports);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_has_one_form),
        cmocka_unit_test(what_is_no_socket_is_refused),
        ROW(socket_is_the_same_for_either_kind_of_driver),
        ROW(ports_of_one_adapter_are_told_apart),
        ROW(bus_number_does_not_count),
        ROW(platform_stands_in_front),
        ROW(what_is_not_on_usb_has_no_socket),
        ROW(all_ports_are_listed_with_what_is_known),
        ROW(a_machine_without_ports_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
