#include "tests/lib/fast_host.h"

#include "core/frames/packet.h"
#include "core/frames/slip.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_MOST 2000u /* longer than a flash is busy here */
#define BUSY_POLLS 3u

static struct fast_host *now;
static jmp_buf end;
static uint32_t read_words[16];
static uint32_t read_bytes;
static bool enabled;

/* ---- UART ---- */

size_t hal_receive(uint8_t *to, size_t room)
{
    struct fast_host *h = now;
    size_t n = h->in_bytes - h->in_at;
    if (n > room)
        n = room;
    if (n > 1) /* a slow wire: what has come can be worked on before the next byte */
        n = 1;
    memcpy(to, h->in + h->in_at, n);
    h->in_at += n;
    h->quiet = n > 0 ? 0 : h->quiet + 1;
    if (h->quiet > QUIET_MOST)
        longjmp(end, 1);
    return n;
}

bool hal_may_send(void)
{
    return true;
}

void hal_send(uint8_t byte)
{
    if (now->out_bytes < FAST_HOST_OUT)
        now->out[now->out_bytes++] = byte;
}

bool hal_all_sent(void)
{
    return true;
}

bool hal_set_baud(uint32_t now_baud, uint32_t baud)
{
    if (now_baud == 0 || baud == 0)
        return false;
    now->baud = baud;
    return true;
}

/* ---- Flash ---- */

static void change(uint32_t addr, uint32_t n)
{
    if (addr < now->lowest)
        now->lowest = addr;
    if (addr + n > now->highest)
        now->highest = addr + n;
    now->busy = BUSY_POLLS;
    enabled = false;
}

static void erase(uint32_t addr, uint32_t n)
{
    if (!enabled)
        return;
    addr = addr % FAST_HOST_FLASH / n * n;
    memset(now->flash + addr, 0xFF, n);
    now->erases++;
    change(addr, n);
}

static void program(const struct hal_exchange *x)
{
    const uint8_t *from = (const uint8_t *)x->out;
    if (!enabled)
        return;
    for (uint32_t i = 0; i < x->out_bytes; i++)
        now->flash[(x->addr + i) % FAST_HOST_FLASH] &= from[i];
    now->programs++;
    change(x->addr % FAST_HOST_FLASH, x->out_bytes);
}

void hal_begin(const struct hal_exchange *x)
{
    uint8_t bytes[64] = { 0 };
    read_bytes = x->in_bytes;
    now->quiet = 0;
    if (x->command == 0x05)
        bytes[0] = now->busy > 0 && now->busy-- > 0;
    else if (now->busy > 0)
        abort(); /* it hears nothing but that */
    else if (x->command == 0x06)
        enabled = true;
    else if (x->command == 0x20 || x->command == 0xD8)
        erase(x->addr, x->command == 0x20 ? 4096 : 65536);
    else if (x->command == 0x02)
        program(x);
    else if (x->command == 0x03)
        for (uint32_t i = 0; i < x->in_bytes; i++)
            bytes[i] = now->flash[(x->addr + i) % FAST_HOST_FLASH];
    memcpy(read_words, bytes, sizeof bytes);
}

void hal_end(uint32_t *words, uint32_t in_bytes)
{
    if (in_bytes > read_bytes)
        abort();
    memcpy(words, read_words, (in_bytes + 3) / 4 * 4);
}

/* ---- The rest ---- */

uint32_t hal_read(uint32_t addr)
{
    return ~addr;
}

void hal_write(uint32_t addr, uint32_t value)
{
    (void)addr;
    (void)value;
}

void hal_pause_us(uint32_t us)
{
    (void)us;
}

/* ---- For tests ---- */

struct fast_host *fast_host_new(uint8_t fill, bool untold)
{
    struct fast_host *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    memset(h->flash, fill, sizeof h->flash);
    h->lowest = UINT32_MAX;
    now = h;
    enabled = false;
    fast_begin(&h->fast, h->slots, FAST_HOST_WINDOW, h->ring, FAST_HOST_RING);
    fast_greet(&h->fast);
    h->fast.pen.flash_bytes = untold ? 0 : FAST_HOST_FLASH;
    return h;
}

void fast_host_say_raw(struct fast_host *h, const uint8_t *bytes, size_t n)
{
    if (n > FAST_HOST_IN - h->in_bytes)
        n = FAST_HOST_IN - h->in_bytes;
    memcpy(h->in + h->in_bytes, bytes, n);
    h->in_bytes += n;
}

void fast_host_say(struct fast_host *h, uint8_t command, const void *data, size_t n)
{
    static uint8_t frame[SLIP_ENCODED_MAX(4096)];
    uint32_t crc = packet_crc(command, data, n, NULL, 0);
    fast_host_say_raw(h, frame, packet_encode(frame, sizeof frame, command, crc, data, n, NULL, 0));
}

void fast_host_run(struct fast_host *h)
{
    h->quiet = 0;
    if (setjmp(end) == 0) {
        for (;;)
            fast_turn(&h->fast);
    }
}

size_t fast_host_answer(const struct fast_host *h, size_t *at, uint8_t *frame, size_t cap)
{
    struct slip_decoder s;
    slip_decoder_init(&s, frame, cap);
    while (*at < h->out_bytes) {
        enum slip_event event;
        *at += slip_decode(&s, h->out + *at, h->out_bytes - *at, &event);
        size_t n = s.have;
        if (event == SLIP_FRAME)
            return packet_check_crc(frame, &n) ? n : 0;
    }
    return 0;
}
