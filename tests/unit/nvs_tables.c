/* Tables of values: every trap of the two official programs is a mistake with its place. */
#include "tests/unit/nvs_help.h"

#include "core/base/csv_table.h"

#define HEAD "key,type,encoding,value\n"
#define A    HEAD "a,namespace,,\n"

/* ---- CSV ---- */

static void csv_fields_know_their_places(void **state)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "# no row\r\n"
                               "a,\"b \"\"c\"\"\r\nd\",\r\n"
                               "\n"
                               "caf\xC3\xA9, x ,\n"
                               ",last";
    static const struct csv_field want[] = {
        { "a", 1, 2, 1, false },   { "b \"c\"\nd", 7, 2, 3, true },
        { "", 0, 3, 4, false },    { "caf\xC3\xA9", 5, 5, 1, false },
        { " x ", 3, 5, 6, false }, { "", 0, 5, 10, false },
        { "", 0, 6, 1, false },    { "last", 4, 6, 2, false },
    };
    struct csv_table table;
    struct csv_problem problem;
    size_t n = 0;
    (void)state;
    assert_true(csv_table_read(text, sizeof text - 1, true, &table, &problem));
    assert_int_equal(table.count, 3);
    for (size_t i = 0; i < table.count; i++) {
        for (size_t k = 0; k < table.rows[i].count; k++, n++) {
            const struct csv_field *f = &table.rows[i].fields[k];
            assert_string_equal(f->text, want[n].text);
            assert_int_equal(f->n, want[n].n);
            assert_int_equal(f->line, want[n].line);
            assert_int_equal(f->column, want[n].column);
            assert_int_equal(f->quoted, want[n].quoted);
        }
    }
    assert_int_equal(n, COUNT_OF(want));
    csv_table_done(&table);
}

static void csv_ends_in_a_comma(void **state)
{
    struct csv_table table;
    struct csv_problem problem;
    (void)state;
    assert_true(csv_table_read("a,b,", 4, false, &table, &problem));
    assert_int_equal(table.rows[0].count, 3);
    assert_int_equal(table.rows[0].fields[2].column, 5);
    csv_table_done(&table);
    assert_true(csv_table_read("", 0, false, &table, &problem));
    assert_int_equal(table.count, 0);
    csv_table_done(&table);
}

static void csv_refuses_what_programs_read_differently(void **state)
{
    static const struct {
        const char *text;
        size_t n, line, column;
        const char *what;
    } cases[] = {
        { "a,b\"c\n", 6, 1, 4, "inside of a value" },
        { "a,\"b\" ,c\n", 9, 1, 6, "behind the closing quotation mark" },
        { "a\nb,\"c\nd", 8, 2, 3, "never closed" },
        { "a,\0,b", 5, 1, 3, "byte 00" },
        { "a\ncaf\xE9,", 7, 2, 4, "no UTF-8" },
        { "\xFF\xFE"
          "a\0",
          4, 1, 1, "UTF-16" },
        { "a,\"b\n#c\"\n", 9, 2, 1, "takes it for a comment" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct csv_table table;
        struct csv_problem problem = { 0 };
        assert_false(csv_table_read(cases[i].text, cases[i].n, true, &table, &problem));
        assert_has(problem.what, cases[i].what);
        assert_int_equal(problem.line, cases[i].line);
        assert_int_equal(problem.column, cases[i].column);
    }
}

/* ---- The table of one image ---- */

struct trap {
    const char *csv;
    size_t line, column;
    const char *sentence;
};

static void assert_mistake(const struct nvs_report *report, const struct trap *trap)
{
    const struct nvs_mistake *m = &report->mistakes[0];
    if (report->kept == 0)
        fail_msg("no mistake in: %s", trap->csv);
    if (m->line != trap->line || m->column != trap->column || !strstr(m->sentence, trap->sentence))
        fail_msg("%s\n%zu:%zu: %s; expected %zu:%zu: %s", trap->csv, m->line, m->column,
                 m->sentence, trap->line, trap->column, trap->sentence);
}

static void try_traps(const struct trap *traps, size_t count, unsigned version)
{
    for (size_t i = 0; i < count; i++) {
        const struct nvs_text text = nvs_text_of("t.csv", traps[i].csv);
        struct nvs_report report;
        struct nvs_table table;
        struct err e = { 0 };
        if (nvs_table_read(&text, &nvs_fake_files, version, &table, &report, &e))
            fail_msg("accepted: %s", traps[i].csv);
        assert_int_equal(e.code, ERR_IMAGE);
        assert_mistake(&report, &traps[i]);
        assert_string_equal(report.mistakes[0].file, "t.csv");
        assert_null(table.rows);
    }
}

static void table_tells_every_trap_of_the_generator(void **state)
{
    static const struct trap traps[] = {
        { A "x,data,u8,1\nb,namespace,,\na,namespace,,\n", 5, 1,
          "opened a second time, first in line 2" },
        { HEAD "x,data,u8,1\n", 2, 1, "before any namespace" },
        { A "sta.ssid,data,string,home\n", 3, 1, "key of the Wi-Fi driver" },
        { A "ap.passwd,data,string,home\n", 3, 1, "key of the Wi-Fi driver" },
        { A "x,data,u8,1\nx,data,string,y\n", 4, 1, "twice, first in line 3" },
        { A ",data,u8,1\n", 3, 1, "no name" },
        { A "caf\xC3\xA9,data,u8,1\n", 3, 1, "not plain ASCII" },
        { A " x,data,u8,1\n", 3, 1, "a blank at its begin" },
        { A "sixteen_letters_,data,u8,1\n", 3, 1, "16 characters, and 15 are the most" },
        { HEAD "sixteen_letters_,namespace,,\n", 2, 1, "namespace 'sixteen_letters_'" },
        { A "x,data,string,\n", 3, 15, "the value is missing" },
        { A "x,data,string\n", 3, 14, "the value is missing" },
        { A "x,data,string, y\n", 3, 15, "blanks around" },
        { A "x,data,u8,0x10\n", 3, 11, "a decimal number" },
        { A "x,data,u8,1_0\n", 3, 11, "no decimal number" },
        { A "x,data,u8,+7\n", 3, 11, "no decimal number" },
        { A "x,data,u8,\" 7 \"\n", 3, 11, "no decimal number" },
        { A "x,data,u8,\xD9\xA7\n", 3, 11, "no decimal number" },
        { A "x,data,u8,-\n", 3, 11, "no decimal number" },
        { A "x,data,u8,256\n", 3, 11, "u8 goes from 0 to 255" },
        { A "x,data,u8,-1\n", 3, 11, "u8 goes from 0 to 255" },
        { A "x,data,i8,128\n", 3, 11, "i8 goes from -128 to 127" },
        { A "x,data,i8,-129\n", 3, 11, "i8 goes from -128 to 127" },
        { A "x,data,u64,18446744073709551616\n", 3, 12, "out of range" },
        { A "x,data,i64,9223372036854775808\n", 3, 12, "out of range" },
        { A "x,data,i64,-9223372036854775809\n", 3, 12, "out of range" },
        { A "x,data,base64,AAEC!!\n", 3, 15, "no base64" },
        { A "x,data,base64,AAE\n", 3, 15, "no base64" },
        { A "x,data,base64,====\n", 3, 15, "no base64" },
        { A "x,data,base64,AAF=\n", 3, 15, "no base64" }, /* bits behind the end are lost */
        { A "x,data,base64,AA==AAEC\n", 3, 15, "no base64" },
        { A "x,data,hex2bin,abc\n", 3, 16, "an odd number" },
        { A "x,data,hex2bin,zz\n", 3, 16, "character 1 of the value" },
        { A "x,data,hex2bin,\n", 3, 16, "the value is missing" },
        { A "x,data,binary,abc\n", 3, 8, "for rows of type file" },
        { A "x,data,float,1.5\n", 3, 8, "'float' is no encoding" },
        { A "x,data,U8,1\n", 3, 8, "'U8' is no encoding" },
        { A "x,data,,1\n", 3, 8, "'' is no encoding" },
        { A "x,data,blob_fill(3),ab\n", 3, 8, "of the form blob_fill(BYTES;0xNN)" },
        { A "x,data,blob_fill(3;0xff0),ab\n", 3, 8, "of the form" },
        { A "x,data,blob_fill(2;0xff),abc\n", 3, 26, "3 bytes, and the encoding leaves 2" },
        { A "x,data,blob_fill(999999999;0xff),\n", 3, 8, "up to 508000" },
        { A "x,file,u8,blob1\n", 3, 8, "a file has the encoding" },
        { A "x,file,blob_fill(3;0xff),blob1\n", 3, 8, "a file has the encoding" },
        { A "x,file,binary,missing\n", 3, 15, "'missing' cannot be read" },
        { A "x,file,binary,empty\n", 3, 15, "the file is empty" },
        { A "x,file,string,latin1\n", 3, 15, "byte 4 of the string is no UTF-8" },
        { A "x,file,string,blob300\n", 3, 15, "byte 1 of the string is 00" },
        { A "x,file,string,\n", 3, 15, "the name of the file is missing" },
        { A "x,thing,u8,1\n", 3, 3, "'thing' is no type" },
        { A "x,data,string,a,b\n", 3, 17, "more fields than the header" },
        { HEAD "a,namespace,u8,\n", 2, 13, "a namespace has no encoding" },
        { HEAD "a,namespace,,x\n", 2, 14, "a namespace has no value" },
        { HEAD ",,,\n", 2, 2, "'' is no type" },
        { "", 1, 1, "the table is empty" },
        { HEAD, 1, 1, "no rows behind its header" },
        { "a,namespace,,\n", 1, 1, "no column 'key'" },
        { "key,type,encoding\n", 1, 1, "no column 'value'" },
        { "key,type,type,encoding,value\n", 1, 10, "the column 'type' is there twice" },
        { "key;type;encoding;value\n", 1, 1, "semicolons" },
        { A "x,data,string,a\"b\n", 3, 16, "inside of a value" },
        { A "x,data,string,\"a\n#b\"\n", 4, 1, "takes it for a comment" },
    };
    (void)state;
    try_traps(traps, COUNT_OF(traps), 2);
}

static void table_tells_all_mistakes_at_once(void **state)
{
    const struct nvs_text text =
        nvs_text_of("t.csv", A "x,data,u8,256\ny,data,u8,1\nz,data,i8,200\n");
    struct nvs_report report;
    struct nvs_table table;
    struct err e = { 0 };
    (void)state;
    assert_code(nvs_table_read(&text, NULL, 2, &table, &report, &e), &e, ERR_IMAGE);
    assert_int_equal(report.total, 2);
    assert_int_equal(report.mistakes[1].line, 5);
    assert_has(e.what, "2 mistakes");
}

/* Long values, made here. */
static void try_length(const char *encoding, size_t n, unsigned version, bool fits)
{
    size_t cap = n + 200;
    char *csv = malloc(cap);
    struct nvs_report report;
    struct nvs_table table;
    struct err e = { 0 };
    assert_non_null(csv);
    int head = snprintf(csv, cap, A "x,data,%s,", encoding);
    memset(csv + head, '0', n);
    csv[(size_t)head + n] = '\0';
    const struct nvs_text text = nvs_text_of("t.csv", csv);
    assert_true(fits == nvs_table_read(&text, NULL, version, &table, &report, &e));
    if (!fits)
        assert_has(report.mistakes[0].sentence, "are the most");
    nvs_table_done(&table);
    free(csv);
}

static void table_knows_how_long_values_may_be(void **state)
{
    (void)state;
    try_length("string", 3999, 2, true);
    try_length("string", 4000, 2, false);
    try_length("string", 1983, 1, true);
    try_length("string", 1984, 1, false);
    try_length("hex2bin", 2 * 1984, 1, true);
    try_length("hex2bin", 2 * 1985, 1, false);
    try_length("hex2bin", 2 * 508000, 2, true);
    try_length("hex2bin", 2 * 508001, 2, false);
}

static void table_takes_what_is_right(void **state)
{
    static const char csv[] = "\xEF\xBB\xBF# made by hand\r\n"
                              "type,key,value,encoding,remark\r\n"
                              "namespace,a,,,\r\n"
                              "data,quoted,\" a, \"\"b\"\"\r\n c\",string,x\r\n"
                              "data,u,18446744073709551615,u64\r\n"
                              "data,i,-9223372036854775808,i64\r\n"
                              "data,zero,007,u8\r\n"
                              "data,hex,00fFA0,hex2bin\r\n"
                              "data,b64,AAECAw==,base64\r\n"
                              "data,fill,ab,blob_fill(4;0xee)\r\n"
                              "data,sized,ab,blob_sz_fill(4;0x00)\r\n"
                              "file,text,text,string\r\n"
                              "file,hexfile,hex,hex2bin\r\n"
                              "file,b64file,base64,base64\r\n"
                              "file,raw,blob5,binary\r\n"
                              "namespace,b,,\r\n"
                              "data,u,1,u8\r\n";
    static const struct {
        const char *name;
        enum nvs_type type;
        uint64_t bits;
        const char *bytes;
        size_t n;
    } want[] = {
        { "quoted", NVS_STRING, 0, " a, \"b\"\n c", 10 },
        { "u", NVS_U64, UINT64_MAX, NULL, 0 },
        { "i", NVS_I64, UINT64_C(1) << 63, NULL, 0 },
        { "zero", NVS_U8, 7, NULL, 0 },
        { "hex", NVS_BLOB, 0, "\x00\xFF\xA0", 3 },
        { "b64", NVS_BLOB, 0, "\x00\x01\x02\x03", 4 },
        { "fill", NVS_BLOB, 0, "ab\xEE\xEE", 4 },
        { "sized", NVS_BLOB, 0,
          "\x02\x00\x00\x00"
          "ab\x00\x00",
          8 },
        { "text", NVS_STRING, 0, "caf\xC3\xA9", 5 },
        { "hexfile", NVS_BLOB, 0, "\x00\xFF\xA0", 3 },
        { "b64file", NVS_BLOB, 0, "\x00\x01\x02\x03", 4 },
        { "raw", NVS_BLOB, 0, "\x00\x07\x0E\x15\x1C", 5 },
    };
    const struct nvs_text text = { "t.csv", csv, sizeof csv - 1 };
    struct nvs_report report;
    struct nvs_table table;
    struct err e = { 0 };
    (void)state;
    bool ok = nvs_table_read(&text, &nvs_fake_files, 2, &table, &report, &e);
    if (!ok)
        fail_msg("%zu: %s", report.mistakes[0].line, report.mistakes[0].sentence);
    assert_int_equal(table.count, COUNT_OF(want) + 3);
    assert_true(table.rows[0].space && table.rows[COUNT_OF(want) + 1].space);
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        const struct nvs_row *row = &table.rows[1 + i];
        assert_string_equal(row->name, want[i].name);
        assert_int_equal(row->type, want[i].type);
        assert_true(row->bits == want[i].bits);
        assert_int_equal(row->n, want[i].n);
        if (want[i].n > 0)
            assert_memory_equal(row->bytes, want[i].bytes, want[i].n);
    }
    nvs_table_done(&table);
}

/* ---- Many units ---- */

#define CONFIG "factory,namespace,\nserial,data,string\nkind,data,u8,REPEAT\nkey,file,binary\n"
#define VALUES "id,serial,remark,kind,key\n"

struct pair {
    const char *config, *values;
    bool in_config; /* where the mistake is */
    size_t line, column;
    const char *sentence;
};

static void try_pair(const struct pair *p)
{
    static const char *const unique[] = { "serial" };
    const struct nvs_text config = nvs_text_of("config.csv", p->config);
    const struct nvs_text values = nvs_text_of("values.csv", p->values);
    struct nvs_report report;
    struct err e = { 0 };
    struct nvs_units *units =
        nvs_units_open(&config, &values, "id", unique, 1, &nvs_fake_files, 2, &report, &e);
    const struct trap trap = { p->values, p->line, p->column, p->sentence };
    if (units)
        fail_msg("accepted: %s%s", p->config, p->values);
    assert_int_equal(e.code, ERR_IMAGE);
    assert_mistake(&report, &trap);
    assert_string_equal(report.mistakes[0].file, p->in_config ? "config.csv" : "values.csv");
}

static void units_tell_every_trap_of_mfg_gen(void **state)
{
    static const struct pair pairs[] = {
        { CONFIG, VALUES "1,EX1,,3,blob9\n2,EX1,,,blob9\n", false, 3, 3,
          "'EX1' is in the column 'serial' twice, first in line 2" },
        { CONFIG, VALUES "1,EX1,,3,blob9\n1,EX2,,,blob9\n", false, 3, 1,
          "in the column 'id' twice" },
        { CONFIG, VALUES "1,,,3,blob9\n", false, 2, 3, "the value is missing" },
        { CONFIG, VALUES "1,EX1,,300,blob9\n", false, 2, 8, "300 is out of range" },
        { CONFIG, VALUES "1,EX1,,3,blob9\n2,EX2,,4,blob9\n", false, 3, 8,
          "REPEAT, and all units get that of line 2" },
        { CONFIG, VALUES "1,EX1,,3,missing\n", false, 2, 10, "'missing' cannot be read" },
        { CONFIG, VALUES "1,EX1,,3,blob9,more\n", false, 2, 16, "more fields than the header" },
        { CONFIG, VALUES "a/b,EX1,,3,blob9\n", false, 2, 1, "cannot be part of a file's name" },
        { CONFIG, VALUES ".,EX1,,3,blob9\n", false, 2, 1, "cannot be part of a file's name" },
        { CONFIG, VALUES, false, 1, 1, "no unit" },
        { CONFIG, "", false, 1, 1, "the table is empty" },
        { CONFIG, "id,kind,serial,key\n1,3,EX1,blob9\n", false, 1, 4,
          "column 'kind' must stand where" },
        { CONFIG, "id,serial,kind\n1,EX1,3\n", false, 1, 1,
          "no column 'key', which the configuration has" },
        { CONFIG, "no,serial,kind,key\n1,EX1,3,blob9\n", false, 1, 1, "no column 'id'" },
        { "namespace,data,u8\n", VALUES, true, 1, 1, "called 'namespace'" },
        { "# units\n" CONFIG, VALUES, true, 1, 1, "has no comments" },
        { "serial,data,string\n", VALUES, true, 1, 1, "before any namespace" },
        { "key,type,encoding,value\na,namespace,,\n", VALUES, true, 1, 1, "leave --config out" },
        { "a,namespace,\nx,data,u8\na,namespace,\n", VALUES, true, 3, 1,
          "opened a second time, first in line 1" },
        { "a,namespace,\nx,data,u8\nx,data,u8\n", VALUES, true, 3, 1, "twice, first in line 2" },
        { "a,namespace,\nx,data,u8,repeat\n", VALUES, true, 2, 11, "REPEAT or nothing" },
        { "a,namespace,\nx,data\n", VALUES, true, 2, 3, "no encoding" },
        { "a,namespace,\nx,data,u9\n", VALUES, true, 2, 8, "'u9' is no encoding" },
        { "a,namespace,\nx,dato,u8\n", VALUES, true, 2, 3, "'dato' is no type" },
        { "a\n", VALUES, true, 1, 1, "has no type" },
        { "a,namespace,\nx,data,u8,,5\n", VALUES, true, 2, 12, "and perhaps REPEAT" },
        { "a,namespace,\nsta.ssid,data,string\n", VALUES, true, 2, 1, "Wi-Fi driver" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        try_pair(&pairs[i]);
}

/* The mark of Excel in both, i16, the same key in two namespaces, other columns between. */
static void units_are_read_as_they_are(void **state)
{
    const struct nvs_text config = nvs_text_of("c", "\xEF\xBB\xBF"
                                                    "a,namespace,\r\nx,data,i16\r\nk,data,u8,"
                                                    "REPEAT\r\n"
                                                    "b,namespace,\r\nx,data,string\r\n");
    const struct nvs_text values = nvs_text_of("v", "\xEF\xBB\xBF"
                                                    "id,x,who,k,x\r\nu1,-5,me,9,one\r\nu2,6,you,,"
                                                    "two\r\n");
    struct nvs_report report;
    struct nvs_table table;
    struct err e = { 0 };
    char id[NVS_ID_CAP];
    (void)state;
    struct nvs_units *units = nvs_units_open(&config, &values, "id", NULL, 0, NULL, 2, &report, &e);
    if (!units)
        fail_msg("%s", report.mistakes[0].sentence);
    assert_int_equal(nvs_units_count(units), 2);
    assert_ok(nvs_units_table(units, 1, &table, &report, &e), &e);
    assert_int_equal(table.count, 5);
    assert_true(table.rows[1].bits == 6 && table.rows[2].bits == 9);
    assert_memory_equal(table.rows[4].bytes, "two", 3);
    nvs_units_id(units, 1, id);
    assert_string_equal(id, "u2");
    nvs_table_done(&table);
    nvs_units_free(units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_fields_know_their_places),
        cmocka_unit_test(csv_ends_in_a_comma),
        cmocka_unit_test(csv_refuses_what_programs_read_differently),
        cmocka_unit_test(table_tells_every_trap_of_the_generator),
        cmocka_unit_test(table_tells_all_mistakes_at_once),
        cmocka_unit_test(table_knows_how_long_values_may_be),
        cmocka_unit_test(table_takes_what_is_right),
        cmocka_unit_test(units_tell_every_trap_of_mfg_gen),
        cmocka_unit_test(units_are_read_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
