/* What every test of the core includes: cmocka with what it needs in front, and two assertions that
 * say what an error value holds when they fail. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include "core/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those above, which it needs */
#include <cmocka.h>

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static inline void assert_ok_at(bool ok, const struct err *e, const char *file, int line)
{
    if (!ok) {
        print_error("%s: %s\n", err_word(e->code), e->what);
        _fail(file, line);
    }
}
#define assert_ok(ok, e) assert_ok_at((ok), (e), __FILE__, __LINE__)

static inline void assert_code_at(bool ok, const struct err *e, enum err_code code,
                                  const char *file, int line)
{
    if (ok || e->code != code) {
        print_error("expected %s, got %s: %s\n", err_word(code), ok ? "success" : err_word(e->code),
                    ok ? "" : e->what);
        _fail(file, line);
    }
}
/* The call failed, with this code. */
#define assert_code(ok, e, code) assert_code_at((ok), (e), (code), __FILE__, __LINE__)

static inline void assert_has_at(const char *text, const char *part, const char *file, int line)
{
    if (!strstr(text, part)) {
        print_error("'%s' does not hold '%s'\n", text, part);
        _fail(file, line);
    }
}
#define assert_has(text, part) assert_has_at((text), (part), __FILE__, __LINE__)

/* Small, repeatable noise; the state is the caller's and must not be 0. */
static inline uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

#endif
