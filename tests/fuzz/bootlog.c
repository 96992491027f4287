/* Whatever a board says: a cause or none, and never more than was said. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/loader/bootlog.h"
#include "core/loader/link.h"
#include "tests/lib/script_port.h"

#include <stdlib.h>
#include <string.h>

static void must_have_words(const char *log)
{
    const struct bootlog_row *row = bootlog_find(log);
    must(!row || (row->meaning[0] && row->code != ERR_NONE), "a cause has words");
    must(!bootlog_loops(log) || bootlog_has_banner(log), "what restarts has banners");
    int mode = bootlog_boot_mode(log);
    must(mode >= -1 && mode <= 0xFFFF, "a boot mode is a small number");
    must(!bootlog_in_loader(log) || log[0], "silence is no loader");
}

/* The same bytes as they come over a port, through the tail that is kept of them. */
static void hear(const uint8_t *bytes, size_t n)
{
    static struct link link;
    struct fake_clock clock;
    struct script_port port;
    struct err e = { 0 };
    char text[LINK_TAIL_MAX + 1];
    fake_clock_init(&clock);
    script_port_init(&port, &clock);
    port.read_at_most = 1 + n % 97;
    link_init(&link, &port.port);
    if (n > 0)
        script_give(&port, 10, bytes, n);
    must_tell(link_listen(&link, deadline_in_ms(&clock.clock, 100), &e), &e);
    size_t length = link_tail_text(&link, text, sizeof text);
    must(length == strlen(text) && length <= n, "the tail is no longer than what was heard");
    for (size_t i = 0; i < length; i++)
        must((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n', "...and plain text");
    must_have_words(text);
    script_port_done(&port);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *log = must_alloc(n + 1);
    memcpy(log, bytes, n);
    log[n] = '\0';
    must_have_words(log);
    free(log);
    hear(bytes, n);
    return 0;
}
