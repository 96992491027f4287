/*
 * What a failed attempt changes for the next one: each code in each state that matters, and the
 * table that README.md gives of it.
 */
#include "station/line/remedy.h"
#include "tests/lib/test.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct recipe_retry allowed = { .sync = 5, .write = 2, .verify = 2, .finish = 3 };

static struct remedy_facts facts(void)
{
    return (struct remedy_facts){ .allowed = &allowed, .fallback_count = 2 };
}

static struct err failure(enum err_code code, enum err_code wire)
{
    struct err e = { 0 };
    err_set(&e, code, "It failed");
    e.wire = wire;
    return e;
}

/* ---- Code by state ---- */

/* What one failure changes. */
struct change {
    bool again;
    size_t baud, reset; /* so many steps further */
    bool careful, slowly, rom, no_fast;
};

struct row {
    const char *what;
    enum err_code code, wire;
    struct remedy before;
    bool only_looks, may_use_rom, no_stub, rate_from_sync, was_open, plays_usb, has_reset;
    bool by_fast;
    bool waits;
    uint32_t differs_addr; /* 0: not known */
    struct change want;
};

#define AGAIN .again = true
#define LOST  .wire = ERR_TIMEOUT
#define BYTE  .differs_addr = 0x11111

static const struct row rows[] = {
    { "silent: another reset, and synced slowly", ERR_NO_SYNC,
      .want = { AGAIN, .reset = 1, .slowly = true } },
    { "silent again: the rate stays where the ROM changes it", ERR_NO_SYNC,
      .before = { .sync_slowly = true }, .want = { AGAIN, .reset = 1, .slowly = true } },
    { "an ESP8266 with a stub is synced slowly, and then fast", ERR_NO_SYNC,
      .before = { .sync_slowly = true }, .rate_from_sync = true,
      .want = { AGAIN, .reset = 1, .slowly = true } },
    { "without a stub it stays at that rate: lower", ERR_NO_SYNC, .before = { .sync_slowly = true },
      .rate_from_sync = true, .no_stub = true,
      .want = { AGAIN, .baud = 1, .reset = 1, .slowly = true } },
    { "and so without its stub", ERR_NO_SYNC, .before = { .sync_slowly = true, .use_rom = true },
      .rate_from_sync = true,
      .want = { AGAIN, .baud = 1, .reset = 1, .slowly = true, .rom = true } },
    { "wrong boot mode", ERR_WRONG_BOOT_MODE, .want = { AGAIN, .reset = 1, .slowly = true } },
    { "silent, and yet in its loader: the same reset", ERR_NO_SYNC, .waits = true,
      .want = { AGAIN, .slowly = true } },
    { "silent too often", ERR_NO_SYNC, .before = { .sync_tries = 5 },
      .want = { .reset = 1, .slowly = true } },
    { "no such port", ERR_PORT_MISSING, .want = { 0 } },
    { "a port that was there", ERR_PORT_MISSING, .was_open = true, .want = { AGAIN } },
    { "busy", ERR_PORT_BUSY, .want = { 0 } },
    { "busy all of a sudden", ERR_PORT_BUSY, .was_open = true, .want = { AGAIN } },
    { "pulled", ERR_PORT_GONE, .was_open = true, .want = { AGAIN } },
    { "pulled too often", ERR_PORT_GONE, .was_open = true, .before = { .write_tries = 2 } },
    { "identity", ERR_IDENTIFY, LOST, .want = { AGAIN, .careful = true } },
    { "erase: first one by one", ERR_ERASE, LOST, .want = { AGAIN, .careful = true } },
    { "no answer to erase again: lower", ERR_ERASE, LOST, .before = { .careful = true },
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "a refused erase: as it was", ERR_ERASE, ERR_REFUSED, .before = { .careful = true },
      .want = { AGAIN, .careful = true } },
    { "stub once", ERR_STUB, LOST, .may_use_rom = true, .want = { AGAIN, .careful = true } },
    { "stub twice", ERR_STUB, LOST, .may_use_rom = true, .before = { .stub_failures = 1 },
      .want = { AGAIN, .careful = true, .rom = true } },
    { "stub twice, where it must be", ERR_STUB, LOST, .before = { .stub_failures = 1 },
      .want = { AGAIN, .careful = true } },
    { "a stub that only proves: lower", ERR_STUB, LOST, .rate_from_sync = true, .no_stub = true,
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "a stub that proves and writes: as it was", ERR_STUB, LOST, .rate_from_sync = true,
      .want = { AGAIN, .careful = true } },
    { "rate", ERR_BAUD, LOST, .want = { AGAIN, .baud = 1, .careful = true } },
    { "rate, at the last one", ERR_BAUD, LOST, .before = { .baud_index = 2 },
      .want = { AGAIN, .careful = true } },
    { "a lost block: first one by one", ERR_WRITE, LOST, .want = { AGAIN, .careful = true } },
    { "lost all the same: lower", ERR_WRITE, LOST, .before = { .careful = true },
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "a lost block of a board that has reset itself: lower", ERR_WRITE, LOST, .has_reset = true,
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "a refused block: lower", ERR_WRITE, ERR_REFUSED,
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "written too often", ERR_WRITE, LOST, .before = { .write_tries = 2 },
      .want = { .careful = true } },
    { "no MD5 came: first one by one", ERR_VERIFY, LOST, .want = { AGAIN, .careful = true } },
    { "no MD5 came to one who only looks", ERR_VERIFY, LOST, .only_looks = true,
      .want = { AGAIN, .careful = true } },
    { "no MD5 again: lower", ERR_VERIFY, LOST, .before = { .careful = true },
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "it differs, and nobody knows where: first one by one", ERR_VERIFY,
      .want = { AGAIN, .careful = true } },
    { "it differs again, and nobody knows where: lower", ERR_VERIFY, .before = { .careful = true },
      .want = { AGAIN, .baud = 1, .careful = true } },
    { "a byte differs: again as it was", ERR_VERIFY, BYTE, .want = { AGAIN } },
    { "the same byte differs again: no more", ERR_VERIFY, BYTE,
      .before = { .differed = { true, 0x11111 } } },
    { "another byte differs: lower", ERR_VERIFY, BYTE, .before = { .differed = { true, 0x22222 } },
      .want = { AGAIN, .baud = 1 } },
    { "a byte differs, and nothing is written", ERR_VERIFY, BYTE, .only_looks = true },
    { "our own stub does not start: the vendor's", ERR_STUB, LOST, .by_fast = true,
      .want = { AGAIN, .no_fast = true } },
    { "it falls silent: the vendor's, at the same rate", ERR_WRITE, LOST, .by_fast = true,
      .want = { AGAIN, .no_fast = true } },
    { "it is not heard at the rate: the vendor's first", ERR_BAUD, LOST, .by_fast = true,
      .want = { AGAIN, .no_fast = true } },
    { "what it wrote differs: the vendor's writes it again", ERR_VERIFY, BYTE, .by_fast = true,
      .want = { AGAIN, .no_fast = true } },
    { "the vendor's differs at the same byte: no more", ERR_VERIFY, BYTE, .by_fast = true,
      .before = { .no_fast = true, .differed = { true, 0x11111 } } },
    { "the vendor's has failed after it: lower", ERR_WRITE, ERR_REFUSED, .by_fast = true,
      .before = { .no_fast = true }, .want = { AGAIN, .baud = 1, .careful = true } },
    { "a board that does not answer is not its fault", ERR_NO_SYNC, .by_fast = true,
      .want = { AGAIN, .reset = 1, .slowly = true } },
    { "a bad flash", ERR_BAD_FLASH, BYTE },
    { "it stays in its loader", ERR_FINISH, .want = { AGAIN } },
    { "it stays there too often", ERR_FINISH, .before = { .finish_tries = 3 } },
    { "it does not run", ERR_BOOT, .want = { AGAIN } },
    { "it does not run again", ERR_BOOT, .before = { .boot_tries = 1 } },
    { "it does not run, and its loader is gone", ERR_BOOT, .plays_usb = true },
};

static void each_code_in_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *t = &rows[i];
        struct remedy r = t->before;
        const struct err e = failure(t->code, t->wire);
        struct remedy_facts f = facts();
        f.only_looks = t->only_looks;
        f.may_use_rom = t->may_use_rom;
        f.no_stub = t->no_stub;
        f.rate_from_sync = t->rate_from_sync;
        f.port_was_open = t->was_open;
        f.plays_usb = t->plays_usb;
        f.by_fast = t->by_fast;
        f.has_reset = t->has_reset;
        f.waits = t->waits;
        f.differs = (struct remedy_byte){ t->differs_addr != 0, t->differs_addr };
        bool again = remedy_after(&r, &f, &e);
        if (again != t->want.again || r.baud_index != t->before.baud_index + t->want.baud ||
            r.reset_step != t->before.reset_step + t->want.reset ||
            r.careful != (t->want.careful || t->before.careful) ||
            r.sync_slowly != t->want.slowly || r.use_rom != t->want.rom ||
            r.no_fast != (t->want.no_fast || t->before.no_fast))
            fail_msg("%s: again %d, baud %zu, reset %zu, careful %d, slowly %d, rom %d", t->what,
                     again, r.baud_index, r.reset_step, r.careful, r.sync_slowly, r.use_rom);
    }
}

/* Nothing that a board can do keeps a run going for ever. */
static void every_run_ends(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        for (int k = 0; k < 8; k++) {
            struct remedy r = { 0 };
            struct remedy_facts f = facts();
            const struct err e = failure((enum err_code)code, k & 1 ? ERR_TIMEOUT : ERR_REFUSED);
            int attempts = 1;
            f.port_was_open = k & 2;
            do {
                f.differs = (struct remedy_byte){ k & 4, (uint32_t)attempts };
            } while (remedy_after(&r, &f, &e) && ++attempts < 20);
            assert_in_range(attempts, 1, 6);
            assert_true(r.baud_index <= f.fallback_count);
        }
    }
}

static void the_flash_is_bad_when_the_same_byte_differs_twice(void **state)
{
    struct remedy r = { 0 };
    struct remedy_facts f = facts();
    const struct err e = failure(ERR_VERIFY, ERR_NONE), other = failure(ERR_WRITE, ERR_NONE);
    (void)state;
    assert_false(remedy_is_bad_flash(&r, &f, &e));
    f.differs = (struct remedy_byte){ true, 0x11111 };
    assert_false(remedy_is_bad_flash(&r, &f, &e));
    assert_true(remedy_after(&r, &f, &e));
    assert_true(remedy_is_bad_flash(&r, &f, &e));
    assert_false(remedy_is_bad_flash(&r, &f, &other));
    f.differs.addr++;
    assert_false(remedy_is_bad_flash(&r, &f, &e));
}

static void the_rate_is_blamed_for_what_it_can_do(void **state)
{
    struct remedy r = { 0 };
    struct remedy_facts f = facts();
    const struct err lost = failure(ERR_WRITE, ERR_TIMEOUT),
                     no_md5 = failure(ERR_VERIFY, ERR_TIMEOUT);
    const struct err refused = failure(ERR_WRITE, ERR_REFUSED),
                     baud = failure(ERR_BAUD, ERR_TIMEOUT);
    const struct err verify = failure(ERR_VERIFY, ERR_NONE), stub = failure(ERR_STUB, ERR_TIMEOUT);
    const struct err bad = failure(ERR_BAD_FLASH, ERR_NONE);
    (void)state;
    assert_false(remedy_blames_rate(&r, &f, &lost)); /* it may be the haste */
    assert_false(remedy_blames_rate(&r, &f, &no_md5));
    assert_true(remedy_blames_rate(&r, &f, &refused));
    assert_false(remedy_blames_rate(&r, &f, &stub));
    assert_true(remedy_blames_rate(&r, &f, &baud));
    assert_false(remedy_blames_rate(&r, &f, &verify));
    r.careful = true;
    assert_true(remedy_blames_rate(&r, &f, &verify));
    assert_true(remedy_blames_rate(&r, &f, &lost));
    assert_true(remedy_blames_rate(&r, &f, &no_md5));
    assert_true(remedy_blames_rate(&r, &f, &baud));
    f.differs = (struct remedy_byte){ true, 0x11111 };
    assert_false(remedy_blames_rate(&r, &f, &verify)); /* that is the flash */
    assert_false(remedy_blames_rate(&r, &f, &bad));
}

/* ---- The table for people ---- */

#define TABLE_HEAD "| Code | Another attempt? |"

/* In the README, or on the page it was moved to. NULL: nowhere. */
static char *read_table(void)
{
    glob_t found;
    char *text = NULL, *found_text = NULL;
    size_t cap = 0;
    assert_int_equal(glob("docs/*.md", 0, NULL, &found), 0);
    assert_int_equal(glob("README.md", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc && !found_text; i++) {
        FILE *f = fopen(found.gl_pathv[i], "r");
        assert_non_null(f);
        if (getdelim(&text, &cap, '\0', f) >= 0 && strstr(text, TABLE_HEAD))
            found_text = strdup(text);
        fclose(f);
    }
    free(text);
    globfree(&found);
    return found_text;
}

/* As it was when the program was started, on a port that it finds for the first time. */
static bool first_failure_is_tried_again(enum err_code code)
{
    struct remedy r = { 0 };
    const struct remedy_facts f = facts();
    const struct err e = failure(code, ERR_NONE);
    return remedy_after(&r, &f, &e);
}

/* Neither ends an attempt: those of the wire become the phase's, the others come before a board. */
static bool is_told_elsewhere(enum err_code code)
{
    return code == ERR_NONE || code == ERR_TIMEOUT || code == ERR_FRAME || code == ERR_REFUSED ||
           code == ERR_USAGE || code == ERR_RECIPE || code == ERR_IMAGE;
}

static void check_row(char *row, int seen[ERR_CODE_COUNT])
{
    char *words = row + 2, *says = strstr(words, " | ");
    assert_non_null(says);
    *says = '\0';
    bool yes = strncmp(says + 3, "yes", 3) == 0;
    if (!yes && strncmp(says + 3, "no", 2) != 0)
        fail_msg("%s: neither yes nor no: %.40s", words, says + 3);
    for (char *at, *word = strtok_r(words, ", ", &at); word; word = strtok_r(NULL, ", ", &at)) {
        int code = 0;
        while (code < ERR_CODE_COUNT && strcmp(err_word((enum err_code)code), word) != 0)
            code++;
        if (code == ERR_CODE_COUNT)
            fail_msg("'%s' is no code", word);
        if (first_failure_is_tried_again((enum err_code)code) != yes)
            fail_msg("%s: the table says %s", word, yes ? "yes" : "no");
        seen[code]++;
    }
}

static void the_table_for_people_says_the_same(void **state)
{
    int seen[ERR_CODE_COUNT] = { 0 };
    char *text = read_table();
    (void)state;
    assert_non_null(text);
    char *row = strchr(strchr(strstr(text, TABLE_HEAD), '\n') + 1, '\n') + 1;
    while (*row == '|') {
        char *end = strchr(row, '\n');
        *end = '\0';
        check_row(row, seen);
        row = end + 1;
    }
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        if (seen[code] != !is_told_elsewhere((enum err_code)code))
            fail_msg("%s stands %d times in the table", err_word((enum err_code)code), seen[code]);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_in_each_state),
        cmocka_unit_test(every_run_ends),
        cmocka_unit_test(the_flash_is_bad_when_the_same_byte_differs_twice),
        cmocka_unit_test(the_rate_is_blamed_for_what_it_can_do),
        cmocka_unit_test(the_table_for_people_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
