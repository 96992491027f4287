#include "station/cli/unit_input.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "NAME=VALUE", in place. What is none may be a secret that lost its name: it is never shown, and
 * so is a name that has another form than names have. */
static bool give_pair(struct unit_input *in, char *pair, int slot, struct err *e)
{
    char *equals = strchr(pair, '=');
    if (!equals || strspn(pair, "abcdefghijklmnopqrstuvwxyz0123456789_") != (size_t)(equals - pair))
        return err_set(e, ERR_USAGE, "What was given is no NAME=VALUE");
    *equals = '\0';
    return in->give(in->ctx, slot, pair, equals + 1, e);
}

static bool give_line(struct unit_input *in, char *line, struct err *e)
{
    char *rest = line;
    long slot = strtol(line, &rest, 10);
    if (rest == line || *rest != ' ') {
        slot = in->only_slot;
        rest = line;
    } else {
        rest += strspn(rest, " ");
    }
    if (slot < 1 || slot > 100000)
        return err_set(e, ERR_USAGE, "A line names its slot, as in: 3 NAME=VALUE");
    return give_pair(in, rest, (int)slot, e);
}

static void take_line(struct unit_input *in)
{
    struct err e = { 0 };
    in->number++;
    in->line[in->used] = '\0';
    if (in->used > 0 && in->line[in->used - 1] == '\r')
        in->line[in->used - 1] = '\0';
    if (in->skips)
        err_set(&e, ERR_USAGE, "A line of more than %d bytes was passed over", UNIT_LINE_BYTES);
    else if (in->line[0] != '\0')
        give_line(in, in->line, &e);
    if (e.code != ERR_NONE) {
        err_wrap(&e, "Line %zu of standard input", in->number);
        cmd_print_err(&e);
    }
    explicit_bzero(in->line, sizeof in->line);
    in->used = 0;
    in->skips = false;
}

bool unit_input_take(void *input)
{
    struct unit_input *in = input;
    char bytes[512];
    const ssize_t n = read(in->fd, bytes, sizeof bytes);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            take_line(in);
        else if (in->used + 1 < sizeof in->line)
            in->line[in->used++] = bytes[i];
        else
            in->skips = true;
    }
    explicit_bzero(bytes, sizeof bytes);
    if (n == 0 && in->used > 0)
        take_line(in);
    return n > 0;
}

bool unit_input_options(struct unit_input *input, const struct option_list *options, int slot,
                        struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < options->count; i++) {
        char *pair = strdup(options->values[i]);
        ok = pair ? give_pair(input, pair, slot, e) : err_set(e, ERR_STATION, "Out of memory");
        free(pair);
    }
    return ok;
}
