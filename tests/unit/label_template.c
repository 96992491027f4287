/* Templates of labels: what they say, every mistake they can have, what is made of them, and what
 * does not fit. That printers and readers take it so is shown by tests/integration/label.sh. */
#include "recipes/label/label.h"
#include "recipes/label/label_code.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct doc_report report;

static struct label_template *parse(const char *text, struct err *e)
{
    struct label_template *t;
    *e = (struct err){ 0 };
    label_template_parse("l.zpl", text, strlen(text), &t, &report, e);
    return t;
}

static struct label_template *parse_ok(const char *text)
{
    struct err e;
    struct label_template *t = parse(text, &e);
    assert_ok(t != NULL, &e);
    return t;
}

/* The label of a template whose one value is {v}. */
static char *make(const char *text, const char *value, struct err *e)
{
    const struct label_value rows[] = { { "v", value } };
    struct label_template *t = parse_ok(text);
    *e = (struct err){ 0 };
    char *zpl = label_make(t, &(struct label_values){ rows, 1 }, e);
    label_template_free(t);
    return zpl;
}

static void assert_made(const char *text, const char *value, const char *part)
{
    struct err e;
    char *zpl = make(text, value, &e);
    assert_ok(zpl != NULL, &e);
    assert_has(zpl, part);
    free(zpl);
}

#define HEAD      "^XA^PW400^LL240"
#define ONE(rest) HEAD "^FO40,40" rest "^FS^XZ"

static void label_template_is_read_whole(void **state)
{
    (void)state;
    struct label_template *t = parse_ok("^XA\r\n^CI28^PW400^LL240^LH0,0^MMT^PR2\n"
                                        "^FXa note, with commas^FS\n"
                                        "^FO20,12 ^A0N,26,20^FDRoom {v}^FS\n"
                                        "^FO40,44^BY3^BCN,50,N,N,N,A^FD{v}^FS\n"
                                        "^FO20,100^BXN,3,200^FH^FD_7B{v}^FS\n"
                                        "^FO260,100^BQN,2,4^FDQA,{v}^FS\n"
                                        "^FO1,1^GB398,3,3^FS^PQ1^XZ\n");
    assert_int_equal(label_template_width(t), 400);
    assert_int_equal(label_template_height(t), 240);
    assert_int_equal(label_template_fields(t), 5);
    const struct label_field *f = label_template_field(t, 0);
    assert_int_equal(f->kind, LABEL_TEXT);
    assert_int_equal(f->x, 20);
    assert_int_equal(f->height, 26);
    assert_int_equal(f->width, 20);
    assert_int_equal(f->at.line, 4);
    f = label_template_field(t, 1);
    assert_int_equal(f->kind, LABEL_CODE128);
    assert_int_equal(f->module, 3);
    assert_int_equal(f->mode, 'A');
    assert_false(f->shows_text);
    assert_int_equal(label_template_field(t, 3)->level, 'Q');
    assert_int_equal(label_template_field(t, 3)->drop, 10);
    assert_int_equal(label_template_field(t, 4)->kind, LABEL_BOX);
    const struct label_value rows[] = { { "v", "1" } };
    char data[LABEL_DATA_MAX_BYTES];
    struct err e = { 0 };
    assert_ok(label_data(t, 2, &(struct label_values){ rows, 1 }, data, &e), &e);
    assert_string_equal(data, "{1");
    assert_true(label_template_asks(t, "v"));
    assert_false(label_template_asks(t, "Room"));
    label_template_free(t);
}

static const struct {
    const char *text, *mistake;
} mistakes[] = {
    { "", "^XA is missing" },
    { "hello", "1:1: a label begins with ^XA" },
    { "^XA^PW400^LL240^FO1,1^A0N,20,20^FDx^FS", "^XZ is missing at the end" },
    { "^XA^PW400^LL240^FO1,1^A0N,20,20^FD{{mac}}^FS^XZ", "stands between single braces" },
    { "^XA^LL240^FO1,1^A0N,20,20^FDx^FS^XZ", "^PW is missing" },
    { "^XA^PW400^FO1,1^A0N,20,20^FDx^FS^XZ", "^LL is missing" },
    { HEAD "^XZ", "the label has no field" },
    { HEAD "^XZ^XA^XZ", "a second ^XA" },
    { HEAD "^FO1,1^A0N,20,20^FDx^FS^XZ^FO1,1", "this is outside" },
    { HEAD "^XB^XZ", "1:16: ^XB is no command of a template" },
    { HEAD "^SN001,1,Y^XZ", "the printer would count by itself" },
    { HEAD "^DFR:A.ZPL^XZ", "lost when the printer is switched off" },
    { HEAD "^FN1^XZ", "write {name} where a value goes" },
    { HEAD "^FT10,10^XZ", "write ^FO" },
    { HEAD "^PQ2^XZ", "a number from 1 to 1, got '2'" },
    { HEAD "^PQ1,0,1^XZ", "^PQ takes nothing but 1" },
    { HEAD "^CI0^XZ", "a number from 28 to 28, got '0'" },
    { HEAD "^LH10,0^XZ", "a number from 0 to 0, got '10'" },
    { HEAD "~JA^XZ", "commands with ~ are for the printer" },
    { HEAD "^FO1,1^A0N,20,20^FDa~b^FS^XZ", "commands with ~" },
    { HEAD "^FO1,1^A0R,20,20^FDx^FS^XZ", "a text stands upright" },
    { HEAD "^FO1,1^ADN,20,20^FDx^FS^XZ", "the font is 0" },
    { HEAD "^FO1,1^FDx^FS^XZ", "the text has no size" },
    { HEAD "^FO1,1^A0N,20,20^FS^XZ", "^FD is missing" },
    { HEAD "^FO1,1^A0N,20,20^FD^FS^XZ", "the field is empty" },
    { HEAD "^FO1,1^A0N,20,20^FDx^FO2,2^FS^XZ", "the one before has no ^FS" },
    { HEAD "^FO1,1^A0N,20,20^FDx^XZ", "the last field has no ^FS" },
    { HEAD "^FDx^FS^XZ", "^FD stands in no field" },
    { HEAD "^A0N,20,20^XZ", "stands in no field" },
    { HEAD "^FO1,1^A0N,20,20^BCN,50^FDx^FS^XZ", "already of a kind" },
    { HEAD "^FO1,1^BCR,50^FDx^FS^XZ", "parameter 1 of this command is one of N, got 'R'" },
    { HEAD "^FO1,1^BCN,50,N,N,N,D^FDx^FS^XZ", "is one of NA, got 'D'" },
    { HEAD "^FO1,1^BCN,50,N,N,N,A^FD>;12^FS^XZ", "subsets are not chosen by hand" },
    { HEAD "^FO1,1^BQN,1,4^FDx^FS^XZ", "a number from 2 to 2" },
    { HEAD "^FO1,1^BQN,2,4^FDMM,x^FS^XZ", "level and mode A" },
    { HEAD "^FO1,1^BXN,4,140^FDx^FS^XZ", "a number from 200 to 200" },
    { HEAD "^FO1,1^BX^FDx^FS^XZ", "write module and quality" },
    { HEAD "^FO1,1^BXN,4,200,10^FDx^FS^XZ", "^BX takes no more" },
    { HEAD "^FO1,1^A0N,20,20^FH^FD_4^FS^XZ", "two hexadecimal digits" },
    { HEAD "^FO1,1^A0N,20,20^FH^FD_00^FS^XZ", "two hexadecimal digits" },
    { HEAD "^FO99999,1^A0N,20,20^FDx^FS^XZ", "a number from 0 to 32000" },
    { HEAD "^FO-1,1^A0N,20,20^FDx^FS^XZ", "got '-1'" },
    { HEAD "^FO1,1^A0N,20,20^FDx\x01^FS^XZ", "no text in UTF-8" },
    { HEAD "^MMT;X^XZ", "what is no parameter" },
};

static void label_template_mistakes_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct err e;
        struct label_template *t = parse(mistakes[i].text, &e);
        assert_code(t != NULL, &e, ERR_RECIPE);
        bool found = false;
        for (size_t k = 0; k < report.kept; k++) {
            char text[400];
            doc_mistake_text("l.zpl", &report.mistakes[k], text, sizeof text);
            found = found || strstr(text, mistakes[i].mistake);
        }
        if (!found)
            print_error("%s: %s\n", mistakes[i].text, e.what);
        assert_true(found);
    }
}

static void label_template_mistakes_come_all_at_once(void **state)
{
    (void)state;
    struct err e;
    assert_null(parse("^XA^PW400\n^XB\n^XC\n^XZ", &e));
    assert_true(report.total >= 3);
    assert_has(e.what, "l.zpl");
}

static void label_values_that_are_not_there_are_named(void **state)
{
    (void)state;
    static const char *const names[] = { "mac", "lot", NULL };
    struct err e = { 0 };
    struct label_template *t = parse_ok(HEAD "\n^FO40,40^A0N,20,20^FD{mca}^FS^XZ");
    assert_code(label_template_knows(t, names, &e), &e, ERR_RECIPE);
    assert_has(e.what, "l.zpl:2:19: there is no value {mca}; did you mean {mac}?");
    assert_has(e.hint, "mac, lot");
    label_template_free(t);
    t = parse_ok(HEAD "^FO40,40^A0N,20,20^FD{not a value} {} { mac } {lot}^FS^XZ");
    assert_ok(label_template_knows(t, names, &e), &e);
    label_template_free(t);
}

static void label_sets_all_that_a_printer_remembers(void **state)
{
    (void)state;
    assert_made(ONE("^A0N,20,20^FD{v}"), "x", "^XA^CI28^LH0,0^PW400^LL240\n");
    assert_made("^XA^PW400^LL240^MMT^PR2^FO1,1^A0N,20,20^FD{v}^FS^XZ", "x", "^LL240^MMT^PR2\n");
    assert_made(ONE("^A0N,20,20^FD{v}"), "x", "^FS\n^PQ1^XZ\n");
    assert_made(ONE("^BCN,50,N^FD{v}"), "x", "^BY2,3,10^BCN,50,N,N,N,N^FH^FDx^FS");
}

static void label_data_can_be_no_command(void **state)
{
    (void)state;
    assert_made(ONE("^A0N,20,20^FD{v}"), "A^XZ~JA", "^FDA_5EXZ_7EJA^FS");
    assert_made(ONE("^A0N,20,20^FD{v}"), "SN_0001", "^FDSN_5F0001^FS");
    assert_made(ONE("^A0N,20,20^FD{v}_41"), "x", "^FDx_5F41^FS");
    assert_made(ONE("^A0N,20,20^FH^FD{v}_41"), "x", "^FDxA^FS");
    assert_made(ONE("^A0N,20,20^FH#^FD{v}#41_"), "x", "^FDxA_5F^FS");
    assert_made(ONE("^A0N,20,20^FD{v}"), "B\xC3\xBCro", "^FDB_C3_BCro^FS");
    assert_made(ONE("^BCN,50,N,N,N,N^FD{v}"), "AB>CD", ",A^FH^FDAB_3ECD^FS");
    assert_made(ONE("^BCN,50,N,N,N,A^FD{v}"), "AB>CD", "^FDAB_3ECD^FS");
    assert_made(ONE("^BQN,2,4^FD{v}"), "x", "^BQN,2,4^FH^FDMA,x^FS");
    assert_made(ONE("^BQN,2,4^FDHA,{v}"), "x", "^FDHA,x^FS");
    assert_made(ONE("^BQN,2,4^FD{v}"), "MA,x", "^FDMA,MA_2Cx^FS");
    assert_made(ONE("^BXN,4,200^FD{v}"), "x", "^BXN,4,200,,,,_^FH^FDx^FS");
    assert_made(ONE("^BXN,4,200^FD{v}"), "a_1", "^BXN,4,200,,,,\\^FH^FDa_5F1^FS");
}

static void label_refuses_what_no_code_can_hold(void **state)
{
    (void)state;
    struct err e;
    assert_code(make(ONE("^BCN,50,N^FD{v}"), "B\xC3\xBCro", &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "l.zpl:1:33: a code takes printable ASCII only");
    assert_code(make(ONE("^BQN,2,4^FD{v}"), "", &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "would be empty");
    assert_code(make(ONE("^A0N,20,20^FD{v}"), "a\nb", &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "control character");
    assert_code(make(ONE("^A0N,20,20^FD{w}"), "x", &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "there is no value w");
    static char much[LABEL_DATA_MAX_BYTES + 1];
    memset(much, 'x', sizeof much - 1);
    assert_code(make(ONE("^A0N,20,20^FD{v}"), much, &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "too much data");
    much[400] = '\0';
    assert_code(make(ONE("^BCN,50,N^FD{v}"), much, &e) != NULL, &e, ERR_RECIPE);
    assert_has(e.what, "does not go into the code");
}

/* ---- What fits ---- */

static void assert_fits(const char *text, const char *value, const char *why_not)
{
    struct err e;
    char *zpl = make(text, value, &e);
    free(zpl);
    if (!why_not) {
        assert_ok(zpl != NULL, &e);
        return;
    }
    if (zpl)
        print_error("fits: %s\n", text);
    assert_code(zpl != NULL, &e, ERR_RECIPE);
    assert_has(e.what, why_not);
}

static void label_too_wide_is_refused(void **state)
{
    (void)state;
    /* Subset B: 11 modules a character and 35 more, 10 of quiet zone on each side. */
    assert_fits(ONE("^BY2^BCN,50,N^FD{v}"), "ABCDEFGHIJKLM",
                "ends 16 dots beyond the label's right");
    assert_fits(ONE("^BY2^BCN,50,N^FD{v}"), "ABCDEFGHIJKL", NULL);
    assert_fits("^XA^PW400^LL240^FO16,40^BY2^BCN,50,N^FD{v}^FS^XZ", "A",
                "ends 4 dots beyond the "
                "label's left");
    assert_fits(ONE("^BY2^BCN,190,N^FD{v}"), "A", NULL);
    assert_fits(ONE("^BY2^BCN,190,Y^FD{v}"), "A", "label's lower edge");
    /* Mode A halves digits, but for one change that a printer may not save. */
    assert_fits(ONE("^BY2^BCN,50,N,N,N,A^FD{v}"), "1234567890123456", NULL);
    assert_fits(ONE("^BY2^BCN,50,N,N,N,N^FD{v}"), "1234567890123456", "right edge");
    /* Version 1 to 14 bytes, 21 modules, 4 of quiet zone; it begins 10 dots lower. */
    assert_fits("^XA^PW116^LL126^FO16,16^BQN,2,4^FD{v}^FS^XZ", "abcdefghijklmn", NULL);
    assert_fits("^XA^PW116^LL126^FO16,16^BQN,2,4^FD{v}^FS^XZ", "abcdefghijklmno", "16 dots beyond");
    assert_fits("^XA^PW116^LL125^FO16,16^BQN,2,4^FD{v}^FS^XZ", "abcdefghijklmn", "lower edge");
    assert_fits("^XA^PW64^LL64^FO4,4^BXN,4,200^FD{v}^FS^XZ", "240AC4000001", NULL);
    assert_fits("^XA^PW63^LL64^FO4,4^BXN,4,200^FD{v}^FS^XZ", "240AC4000001", "1 dots beyond");
    assert_fits(ONE("^A0N,40,40^FD{v}"), "WWWWWWWWWW", NULL);
    assert_fits(ONE("^A0N,40,40^FD{v}"), "WWWWWWWWWWW", "the text ends");
    assert_fits(ONE("^A0N,201,20^FD{v}"), "W", "lower edge");
    assert_fits(ONE("^GB361,3,3"), "", "the box ends 1 dots");
}

static void label_codes_stay_free(void **state)
{
    (void)state;
#define QR HEAD "^FO40,40^BQN,2,4^FD{v}^FS"
    assert_fits(QR "^FO40,20^A0N,20,20^FDtext^FS^XZ", "x", "is not free");
    assert_fits(QR "^FO40,5^A0N,20,20^FDtext^FS^XZ", "x", NULL);
    assert_fits(QR "^FO138,50^A0N,20,20^FDtext^FS^XZ", "x", "the field of 1:");
    assert_fits(QR "^FO141,50^A0N,20,20^FDtext^FS^XZ", "x", NULL);
    assert_fits(QR "^FO10,10^GB300,200,3^FS^XZ", "x", NULL);
    assert_fits(QR "^FO30,10^GB300,200,3^FS^XZ", "x", "is not free");
    assert_fits(QR "^FO139,50^BXN,4,200^FDx^FS^XZ", "x", "QR code");
    assert_fits(QR "^FO141,50^BXN,4,200^FDx^FS^XZ", "x", NULL);
}

/* The sizes that the standards give, of which a label's room is computed. */
static void label_codes_have_the_sizes_of_the_standards(void **state)
{
    (void)state;
    static const struct {
        enum label_kind kind;
        const char *data;
        unsigned columns, widest;
    } rows[] = {
        { LABEL_CODE128, "12345678", 79, 90 },        { LABEL_CODE128, "EX26-000123-7", 167, 178 },
        { LABEL_QR, "20ALPHANUMERIC:/. A1", 21, 21 }, { LABEL_QR, "21ALPHANUMERIC:/. A1X", 25, 25 },
        { LABEL_DATAMATRIX, "123456", 10, 10 },       { LABEL_DATAMATRIX, "1234567", 12, 12 },
        { LABEL_DATAMATRIX, "240AC4000001", 14, 14 },
    };
    static struct label_code code;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct label_field f = {
            .kind = rows[i].kind, .module = 1, .mode = 'A', .level = 'M'
        };
        struct err e = { 0 };
        assert_ok(label_code_make(&f, rows[i].data, &code, &e), &e);
        assert_int_equal(code.columns, rows[i].columns);
        assert_int_equal(code.widest, rows[i].widest);
    }
}

static void label_template_survives_noise(void **state)
{
    (void)state;
    static const char words[][12] = {
        "^XA", "^XZ",  "^FO10,10", "^A0N,20,20", "^FD", "{v}",  "^FS",
        "^FH", "^BCN", ",",        "_4",         "~",   "^PW9", "\xC3"
    };
    uint32_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        char text[400] = "^XA^PW400^LL240";
        for (int i = 0; i < 25; i++)
            strncat(text, words[next_random(&seed) % COUNT_OF(words)], 12);
        struct err e;
        struct label_template *t = parse(text, &e);
        const struct label_value rows[] = { { "v", "1" } };
        if (t)
            free(label_make(t, &(struct label_values){ rows, 1 }, &e));
        label_template_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_template_is_read_whole),
        cmocka_unit_test(label_template_mistakes_are_told),
        cmocka_unit_test(label_template_mistakes_come_all_at_once),
        cmocka_unit_test(label_values_that_are_not_there_are_named),
        cmocka_unit_test(label_sets_all_that_a_printer_remembers),
        cmocka_unit_test(label_data_can_be_no_command),
        cmocka_unit_test(label_refuses_what_no_code_can_hold),
        cmocka_unit_test(label_too_wide_is_refused),
        cmocka_unit_test(label_codes_stay_free),
        cmocka_unit_test(label_codes_have_the_sizes_of_the_standards),
        cmocka_unit_test(label_template_survives_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
