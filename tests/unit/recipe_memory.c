/*
 * Memory that runs out: the first allocation fails, then the second, and so on until a recipe or a
 * station file is read. Each time it is refused as a failure of the station, and nothing is lost.
 */
#include "core/base/err.h"
#include "recipes/people/people_file.h"
#include "recipes/recipe.h"
#include "recipes/station/station_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOCATOR_IS_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCATOR_IS_TAKEN 1
#endif
#endif

static struct doc_report report;

#ifdef ALLOCATOR_IS_TAKEN

static void recipe_survives_without_memory(void **state)
{
    (void)state;
    (void)report;
    print_message("skipped: the sanitizer has the allocator; the plain build runs this\n");
    skip();
}

static void station_survives_without_memory(void **state)
{
    recipe_survives_without_memory(state);
}

static void people_survive_without_memory(void **state)
{
    recipe_survives_without_memory(state);
}

#else

/* glibc's own, behind the names that this program takes over for itself and its libraries. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *old, size_t n);
void __libc_free(void *p);

static bool counting;
static long until_failure; /* allocations that still succeed */
static long in_use;        /* blocks allocated and not freed while counting */

static bool may_allocate(void)
{
    if (!counting)
        return true;
    return until_failure-- > 0;
}

void *malloc(size_t n)
{
    void *const p = may_allocate() ? __libc_malloc(n) : NULL;
    in_use += counting && p;
    return p;
}

void *calloc(size_t count, size_t n)
{
    void *const p = may_allocate() ? __libc_calloc(count, n) : NULL;
    in_use += counting && p;
    return p;
}

void *realloc(void *old, size_t n)
{
    void *const p = may_allocate() ? __libc_realloc(old, n) : NULL;
    in_use += counting && p && !old;
    return p;
}

void free(void *p)
{
    in_use -= counting && p;
    __libc_free(p);
}

static bool load_recipe(struct err *e)
{
    struct recipe *recipe = NULL;
    const bool ok = recipe_load("tests/data/recipes/valid_full.yaml", &recipe, &report, e);
    recipe_free(recipe);
    return ok;
}

static bool load_station(struct err *e)
{
    static const char text[] = "station: x\nrecord: r.db\nslots:\n"
                               "  - { name: A1, usb: pci-0000:00:14.0-usb-0:1:1.0 }\n"
                               "  - { name: B1, port: /dev/ttyS0 }\n"
                               "groups: [{ name: l, slots: [A1] }]\ngrid: [[A1, B1]]\n"
                               "people: p.yaml\nrecipes: { only_signed_by: keys }\n"
                               "plc: { listen: \"127.0.0.1:1502\", allow: [10.0.0.1] }\n";
    struct station *station = NULL;
    const bool ok = station_parse("s", text, sizeof text - 1, "d", &station, &report, e);
    station_free(station);
    return ok;
}

static bool load_people(struct err *e)
{
    static const char text[] = "people:\n"
                               "  - name: Ann\n"
                               "    role: engineer\n"
                               "    pin: scrypt:16:1:1:000102030405060708090a0b0c0d0e0f:"
                               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
                               "    badge: scrypt:16:1:1:000102030405060708090a0b0c0d0e0f:"
                               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    struct people_file *file = NULL;
    const bool ok = people_file_parse("p", text, sizeof text - 1, &file, &report, e);
    people_file_free(file);
    return ok;
}

static bool load(bool (*what)(struct err *e), long allocations, struct err *e)
{
    in_use = 0;
    until_failure = allocations;
    counting = true;
    const bool ok = what(e);
    counting = false;
    return ok;
}

static void survives_without_memory(bool (*what)(struct err *e))
{
    struct err e = { 0 };
    long allocations = 0;
    assert_true(load(what, 1000000, &e)); /* libcrypto sets itself up once */
    while (!load(what, allocations, &e)) {
        assert_int_equal(e.code, ERR_STATION);
        assert_int_equal(report.total, 0);
        assert_int_equal(in_use, 0);
        allocations++;
        assert_true(allocations < 100000);
    }
    assert_int_equal(in_use, 0);
    assert_true(allocations > 50);
    print_message("%ld allocations\n", allocations);
}

static void recipe_survives_without_memory(void **state)
{
    (void)state;
    survives_without_memory(load_recipe);
}

static void station_survives_without_memory(void **state)
{
    (void)state;
    survives_without_memory(load_station);
}

static void people_survive_without_memory(void **state)
{
    (void)state;
    survives_without_memory(load_people);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_survives_without_memory),
        cmocka_unit_test(station_survives_without_memory),
        cmocka_unit_test(people_survive_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
