#!/usr/bin/env bash
# libyaml places the end of a mapping on a line that the text does not have.
#
# Guessed: the last event of "a: b", four bytes without a line end, is at line 0, column 4 (marks count from 0), as the end of b is.
# Version: Debian libyaml-dev 0.2.5-1.
# Seen: the scalar ends at 0:4, and the ends of mapping, document and stream are at line 1, column 0, index 4. With a line end after
#     it, also 1:0, index 5; so the line is the same for both and only the index tells them apart. A flow mapping ends where its
#     brace is. So a mapping with a missing key is reported one line late, or in a line that no editor shows.
# So: for "something is missing here" keep the end mark of the last scalar, or the start mark of the mapping.
. "$(dirname "$0")/lib.sh"
debian_packages libyaml-dev=0.2.5-1 libyaml-0-2=0.2.5-1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <stdio.h>
#include <string.h>
#include <yaml.h>
static void ends(const char *title, const char *text)
{
    yaml_parser_t p;
    yaml_event_t e;
    yaml_event_type_t type;
    yaml_parser_initialize(&p);
    yaml_parser_set_input_string(&p, (const unsigned char *)text, strlen(text));
    printf("%s:", title);
    do {
        if (!yaml_parser_parse(&p, &e)) return;
        type = e.type;
        const yaml_mark_t m = e.end_mark;
        if (type == YAML_SCALAR_EVENT && e.data.scalar.value[0] == 'b') printf(" scalar %zu:%zu/%zu", m.line, m.column, m.index);
        if (type == YAML_MAPPING_END_EVENT) printf(" mapping %zu:%zu/%zu", m.line, m.column, m.index);
        if (type == YAML_STREAM_END_EVENT) printf(" stream %zu:%zu/%zu", m.line, m.column, m.index);
        yaml_event_delete(&e);
    } while (type != YAML_STREAM_END_EVENT);
    puts("");
    yaml_parser_delete(&p);
}
int main(void)
{
    ends("no line end", "a: b");
    ends("line end", "a: b\n");
    ends("flow", "{a: b}");
}
END
compile t.c t "-I$root/usr/include" "$libs"/libyaml-0.so.2
judge "no line end: scalar 0:4/4 mapping 1:0/4 stream 1:0/4
line end: scalar 0:4/4 mapping 1:0/5 stream 1:0/5
flow: scalar 0:5/5 mapping 0:6/6 stream 1:0/6" "$(./t)"
