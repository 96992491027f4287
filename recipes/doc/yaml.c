/*
 * YAML as events. Events keep the position of each value, which a document tree would lose, and
 * need no memory in proportion to what a hostile text nests.
 */
#include "recipes/doc/doc_priv.h"

#include <stdio.h>
#include <string.h>

/* A recipe needs four (recipe, images, entry; recipe, boot, reject). The rest is for what stands
 * in the wrong place; beyond it the text is no document of ours and we stop. */
#define DEPTH_MAX 16

static struct doc_pos pos_of(yaml_mark_t mark)
{
    /* The text has at most 1 MiB, so that both fit. libyaml counts from 0. */
    return (struct doc_pos){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

struct doc_pos yaml_reader_pos(const struct yaml_reader *y)
{
    return pos_of(y->event.start_mark);
}

bool yaml_reader_init(struct yaml_reader *y, const char *text, size_t n, const char *noun,
                      struct doc_report *report)
{
    /* Left in, the byte order mark of Windows editors would be the first letter of the first key.
     */
    const size_t mark = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    memset(y, 0, sizeof *y);
    y->text = text + mark;
    y->text_bytes = n - mark;
    y->noun = noun;
    y->report = report;
    if (!yaml_parser_initialize(&y->parser)) {
        y->out_of_memory = y->broken = true;
        return false;
    }
    /* Said outright: left alone, libyaml would also take UTF-16. */
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y->parser, (const unsigned char *)y->text, y->text_bytes);
    return true;
}

void yaml_reader_done(struct yaml_reader *y)
{
    yaml_event_delete(&y->event);
    yaml_parser_delete(&y->parser);
}

/* The reader below the parser knows only the byte offset of what it could not take. */
static struct doc_pos pos_of_offset(const struct yaml_reader *y, size_t offset)
{
    struct doc_pos at = { 1, 1 };
    for (size_t i = 0; i < offset && i < y->text_bytes; i++) {
        const unsigned char c = (unsigned char)y->text[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

static void report_unreadable(struct yaml_reader *y)
{
    const yaml_parser_t *const p = &y->parser;
    const struct doc_pos at = pos_of_offset(y, p->problem_offset);
    if (y->text_bytes >= 2 &&
        (memcmp(y->text, "\xFF\xFE", 2) == 0 || memcmp(y->text, "\xFE\xFF", 2) == 0))
        doc_report_add(y->report, at, "the text is UTF-16; save it as UTF-8");
    else if (p->problem_value >= 0 && p->problem_value < 0x20)
        doc_report_add(y->report, at, "control character 0x%02x; a %s is plain text",
                       (unsigned)p->problem_value, y->noun);
    else
        doc_report_add(y->report, at, "not readable as UTF-8 text: %s", p->problem);
}

/* libyaml's index counts characters. */
static bool is_tab(const struct yaml_reader *y, size_t index)
{
    size_t i = 0;
    for (size_t characters = 0; i < y->text_bytes; i++) {
        if (((unsigned char)y->text[i] & 0xC0) != 0x80 && characters++ == index)
            break;
    }
    return i < y->text_bytes && y->text[i] == '\t';
}

static void report_syntax(struct yaml_reader *y)
{
    const yaml_parser_t *const p = &y->parser;
    const struct doc_pos at = pos_of(p->problem_mark);
    const struct doc_pos from = pos_of(p->context_mark);
    char sentence[200];

    snprintf(sentence, sizeof sentence, "not YAML: %s", p->problem);
    if (is_tab(y, p->problem_mark.index))
        text_append(sentence, sizeof sentence, " (a tab; indent with spaces)");
    if (p->context)
        text_append(sentence, sizeof sentence, " %s", p->context);
    if (p->context && (from.line != at.line || from.column != at.column))
        text_append(sentence, sizeof sentence, " that began at %u:%u", from.line, from.column);
    doc_report_add(y->report, at, "%s; what follows was not read", sentence);
}

static void report_problem(struct yaml_reader *y)
{
    switch (y->parser.error) {
    case YAML_MEMORY_ERROR:
        y->out_of_memory = true;
        break;
    case YAML_READER_ERROR:
        report_unreadable(y);
        break;
    default:
        report_syntax(y);
        break;
    }
}

static void refuse_anchor(struct yaml_reader *y, const yaml_char_t *anchor)
{
    char quoted[QUOTE_BYTES];
    if (anchor)
        doc_report_add(y->report, yaml_reader_pos(y),
                       "anchor '&%s': %ss have no anchors; write each value where it belongs",
                       value_quote((const char *)anchor, quoted, sizeof quoted), y->noun);
}

static void refuse_tag(struct yaml_reader *y, const yaml_char_t *tag)
{
    char quoted[QUOTE_BYTES];
    if (tag)
        doc_report_add(y->report, yaml_reader_pos(y),
                       "tag '%s': %ss have no tags; the key alone decides what a value is",
                       value_quote((const char *)tag, quoted, sizeof quoted), y->noun);
}

static void refuse_alias(struct yaml_reader *y)
{
    char quoted[QUOTE_BYTES];
    doc_report_add(
        y->report, yaml_reader_pos(y), "alias '*%s': %ss have no aliases; write the value itself",
        value_quote((const char *)y->event.data.alias.anchor, quoted, sizeof quoted), y->noun);
}

static void go_deeper(struct yaml_reader *y)
{
    if (++y->depth <= DEPTH_MAX)
        return;
    doc_report_add(y->report, yaml_reader_pos(y),
                   "nested deeper than %d levels: not a %s; what follows was not read", DEPTH_MAX,
                   y->noun);
    y->broken = true;
}

static void look_at_event(struct yaml_reader *y)
{
    switch (y->event.type) {
    case YAML_ALIAS_EVENT:
        refuse_alias(y);
        break;
    case YAML_SCALAR_EVENT:
        refuse_anchor(y, y->event.data.scalar.anchor);
        refuse_tag(y, y->event.data.scalar.tag);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_anchor(y, y->event.data.sequence_start.anchor);
        refuse_tag(y, y->event.data.sequence_start.tag);
        go_deeper(y);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_anchor(y, y->event.data.mapping_start.anchor);
        refuse_tag(y, y->event.data.mapping_start.tag);
        go_deeper(y);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        y->depth--;
        break;
    default:
        break;
    }
}

bool yaml_reader_next(struct yaml_reader *y)
{
    if (y->broken || y->event.type == YAML_STREAM_END_EVENT)
        return false;
    yaml_event_delete(&y->event);
    if (!yaml_parser_parse(&y->parser, &y->event)) {
        memset(&y->event, 0, sizeof y->event);
        y->broken = true;
        report_problem(y);
        return false;
    }
    look_at_event(y);
    return !y->broken;
}

void yaml_reader_skip(struct yaml_reader *y)
{
    const bool opens =
        y->event.type == YAML_MAPPING_START_EVENT || y->event.type == YAML_SEQUENCE_START_EVENT;
    const unsigned outside = y->depth - 1;
    while (opens && y->depth > outside && yaml_reader_next(y))
        ;
}
