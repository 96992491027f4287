#include "tests/fuzz/lib/far_end.h"

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTE_US        87 /* 115200 baud */
#define READ_MAX_BYTES 1024

/* Far longer than any attempt may take. */
#define LONGEST_US 7200000000u

static struct far_end *far_of(struct port *p)
{
    return (struct far_end *)p;
}

/* ---- What it says ---- */

static size_t frame_of(const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                       uint8_t *out, size_t cap)
{
    struct slip_encoder s;
    slip_begin(&s, out, cap);
    slip_put(&s, head, head_bytes);
    slip_put(&s, body, body_bytes);
    return slip_end(&s);
}

static size_t answer(uint8_t command, uint32_t value, const void *data, size_t n, uint8_t *out,
                     size_t cap)
{
    uint8_t head[PACKET_HEADER_BYTES] = { 0x01, command };
    store_u16(head + 2, (uint16_t)n);
    store_u32(head + 4, value);
    return frame_of(head, sizeof head, data, n, out, cap);
}

static bool is_stub(const struct far_end *f)
{
    return f->step == FAR_ZERO;
}

/* Of what the plan wants there, else of blank flash. */
static void md5_of_flash(const struct far_end *f, uint32_t addr, uint32_t size_bytes,
                         uint8_t md5[static DIGEST_MD5_BYTES])
{
    const struct plan_variant *v = f->variant ? *f->variant : NULL;
    for (size_t i = 0; v && f->step != FAR_BLANK && i < 2; i++) {
        const struct plan_region *r = plan_region(v, i);
        if (addr >= r->addr && addr - r->addr < r->size_bytes &&
            size_bytes <= r->size_bytes - (addr - r->addr)) {
            must(digest_md5(r->bytes + (addr - r->addr), size_bytes, md5), "there is memory");
            return;
        }
    }
    size_t n = size_bytes < 1 << 16 ? size_bytes : 1 << 16;
    uint8_t *blank = must_alloc(n);
    memset(blank, 0xFF, n);
    must(digest_md5(blank, n, md5), "there is memory");
    free(blank);
}

static size_t answer_md5(struct far_end *f, uint8_t *out, size_t cap)
{
    uint8_t md5[DIGEST_MD5_BYTES], data[2 * DIGEST_MD5_BYTES + 5] = { 0 };
    size_t n = is_stub(f) || f->step == FAR_BLANK ? DIGEST_MD5_BYTES : 2 * DIGEST_MD5_BYTES;
    if (f->step == FAR_BLANK && input_byte(&f->in) & 1)
        n = 2 * DIGEST_MD5_BYTES;
    md5_of_flash(f, load_u32(f->request + 8), load_u32(f->request + 12), md5);
    if (n == DIGEST_MD5_BYTES)
        memcpy(data, md5, n);
    else
        digest_hex(md5, sizeof md5, (char *)data);
    memset(data + n, 0, 4);
    return answer(CMD_SPI_FLASH_MD5, 0, data, n + (is_stub(f) ? 2 : 4), out, cap);
}

static size_t answer_security(struct far_end *f, uint8_t *out, size_t cap)
{
    uint8_t data[24] = { 0 };
    store_u32(data, input_byte(&f->in)); /* flags */
    data[4] = input_byte(&f->in);        /* how often the crypt counter was burnt */
    store_u32(data + 12, f->step == FAR_MAGIC ? f->chip->image_id : input_byte(&f->in));
    return answer(CMD_GET_SECURITY_INFO, 0, data, sizeof data, out, cap);
}

static size_t answer_properly(struct far_end *f, uint8_t *out, size_t cap)
{
    const uint8_t success[4] = { 0 };
    uint8_t command = f->request[1];
    bool magic = f->step == FAR_MAGIC && load_u32(f->request + 8) == CHIP_MAGIC_ADDR;
    if (command == CMD_SPI_FLASH_MD5)
        return answer_md5(f, out, cap);
    if (command == CMD_GET_SECURITY_INFO)
        return answer_security(f, out, cap);
    uint32_t value = is_stub(f)                ? 0
                     : magic                   ? f->chip->magic
                     : command == CMD_READ_REG ? input_u32(&f->in)
                     : command == CMD_SYNC     ? 0x20120707
                                               : 0;
    return answer(command, value, success, is_stub(f) ? 2 : f->chip->status_bytes, out, cap);
}

static size_t say_boot_log(struct far_end *f, uint8_t *out, size_t cap)
{
    static const char *const lines[] = { "rst:0x1 (POWERON),boot:0x%x (SPI_FAST_FLASH_BOOT)\r\n",
                                         "waiting for download %u\r\n",
                                         "\r\nboot mode:(%u,6)\r\n",
                                         "invalid header: 0x%08x\r\n",
                                         "Brownout detector was triggered %u\r\n",
                                         "I (%u) main: ready\r\n",
                                         "Guru Meditation Error %u\r\n",
                                         "rst cause:%u\r\n" };
    uint8_t which = input_byte(&f->in);
    char line[100];
    int n = snprintf(line, sizeof line, lines[which % 8], (unsigned)(which >> 3));
    size_t part = (size_t)n < cap ? (size_t)n : cap;
    memcpy(out, line, part);
    return part;
}

static size_t say_packet(struct far_end *f, uint8_t *out, size_t cap)
{
    uint8_t block[READ_MAX_BYTES / 2 - 8];
    size_t n = input_u16(&f->in) % (sizeof block + 1);
    memset(block, input_byte(&f->in), sizeof block);
    return frame_of(block, n, NULL, 0, out, cap);
}

/* Gives 0 where nothing is said. */
static size_t say(struct far_end *f, uint8_t *out, size_t cap)
{
    uint8_t status[4] = { 0 };
    size_t n;
    const uint8_t *bytes;
    switch ((enum far_step)f->step) {
    case FAR_PROPER:
    case FAR_ZERO:
    case FAR_MAGIC:
    case FAR_BLANK:
        return answer_properly(f, out, cap);
    case FAR_REFUSE:
        store_u16(status, input_u16(&f->in));
        return answer(f->request[1], 0, status, f->chip->status_bytes, out, cap);
    case FAR_DATA:
        bytes = input_bytes(&f->in, input_byte(&f->in), &n);
        return answer(f->request[1], (uint32_t)n, bytes, n, out, cap);
    case FAR_OTHER:
        return answer(input_byte(&f->in), 0, status, 4, out, cap);
    case FAR_BYTES:
        bytes = input_bytes(&f->in, input_byte(&f->in), &n);
        memcpy(out, bytes, n < cap ? n : cap);
        return n < cap ? n : cap;
    case FAR_FRAME:
        bytes = input_bytes(&f->in, input_byte(&f->in), &n);
        return frame_of(bytes, n, NULL, 0, out, cap);
    case FAR_GREETING:
        return frame_of("OHAI", 4, NULL, 0, out, cap);
    case FAR_BOOT_LOG:
        return say_boot_log(f, out, cap);
    case FAR_PACKET:
        return say_packet(f, out, cap);
    default:
        return 0;
    }
}

static void next_step(struct far_end *f)
{
    if (f->times > 0) {
        f->times--;
        return;
    }
    uint8_t byte = input_byte(&f->in);
    f->step = byte & 0xF;
    f->times = byte >> 4;
}

/* ---- The port ---- */

static bool gone(struct far_end *f, struct err *e)
{
    return f->gone ? err_set(e, ERR_PORT_GONE, "far end: unplugged") : true;
}

static size_t no_data(struct far_end *f, struct deadline d, struct err *e)
{
    fake_clock_to(&f->clock, d.at_us);
    err_set(e, ERR_TIMEOUT, "far end: no data came in time");
    return 0;
}

static size_t far_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    struct far_end *f = far_of(p);
    uint8_t said[READ_MAX_BYTES];
    must(f->clock.us < LONGEST_US, "an attempt ends");
    while (gone(f, e) && f->in.left > 0) {
        next_step(f);
        if (f->step == FAR_SILENCE)
            return no_data(f, d, e);
        if (f->step == FAR_DELAY)
            fake_clock_pass_us(&f->clock, 1000u * input_u16(&f->in));
        if (f->clock.us >= d.at_us)
            return no_data(f, d, e);
        f->gone = f->step == FAR_GONE;
        if (f->step == FAR_STOP && p->stop_fd >= 0) {
            err_set(e, ERR_STOPPED, "far end: stopped on request");
            return 0;
        }
        size_t n = say(f, said, cap < sizeof said ? cap : sizeof said);
        fake_clock_pass_us(&f->clock, (uint64_t)BYTE_US * n);
        if (n > 0) {
            memcpy(buf, said, n);
            return n;
        }
    }
    return f->gone ? 0 : no_data(f, d, e);
}

/* Keeps the front of a frame, from its direction byte on. */
static bool far_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    struct far_end *f = far_of(p);
    struct slip_decoder s;
    enum slip_event event;
    size_t front = n < sizeof f->request ? n : sizeof f->request;
    (void)d;
    memset(f->request, 0, sizeof f->request);
    slip_decoder_init(&s, f->request, sizeof f->request);
    slip_decode(&s, buf, front, &event);
    fake_clock_pass_us(&f->clock, (uint64_t)BYTE_US * n);
    return gone(f, e);
}

static bool far_drain(struct port *p, struct deadline d, struct err *e)
{
    (void)d;
    return gone(far_of(p), e);
}

static bool far_discard(struct port *p, struct err *e)
{
    return gone(far_of(p), e);
}

static bool far_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    (void)baud;
    return gone(far_of(p), e);
}

static bool far_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    must(mask <= 3 && (on & ~mask) == 0, "lines are set that there are");
    return gone(far_of(p), e);
}

/* A port that was gone may come back. */
static bool far_open(struct port *p, struct deadline d, struct err *e)
{
    struct far_end *f = far_of(p);
    (void)d;
    f->gone = f->gone && (input_byte(&f->in) & 1);
    return gone(f, e);
}

static void far_close(struct port *p)
{
    (void)p;
}

static const struct port_ops ops = {
    .name = "far end",
    .prefix = "far://",
    .struct_bytes = sizeof(struct far_end),
    .open = far_open,
    .read = far_read,
    .write = far_write,
    .drain = far_drain,
    .discard = far_discard,
    .set_baud = far_set_baud,
    .set_lines = far_set_lines,
    .close = far_close,
};

void far_end_init(struct far_end *f, struct input in, const struct chip *chip, unsigned caps,
                  uint16_t usb)
{
    memset(f, 0, sizeof *f);
    fake_clock_init(&f->clock);
    f->in = in;
    f->chip = chip;
    f->port.ops = &ops;
    f->port.clock = &f->clock.clock;
    f->port.stop_fd = 1000000; /* one is there: a stop can be asked for */
    f->port.caps = caps;
    f->port.baud = 115200;
    f->port.usb.vid = usb ? 0x303A : 0;
    f->port.usb.pid = usb;
    snprintf(f->port.where, sizeof f->port.where, "far end");
}
