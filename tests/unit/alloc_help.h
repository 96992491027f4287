/*
 * Memory that runs out on purpose: the n-th allocation of a call fails, that one alone or all from
 * there on, whichever library asks for it.
 *
 * This binary has malloc, calloc, realloc, strdup and strndup of its own, which the C library and
 * all others then use; they fail only between `alloc_begin` and `alloc_end`, for
 * the thread that called these.
 */
#ifndef TESTS_UNIT_ALLOC_HELP_H
#define TESTS_UNIT_ALLOC_HELP_H

#include "tests/lib/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t count, size_t n);
void *REAL(realloc)(void *p, size_t n);

/* Of the thread that asked for it: a thread that is started meanwhile has its memory, as the
 * sanitizers' own start of a thread cannot do without. */
static _Thread_local bool alloc_on;

static struct {
    bool and_all_after;
    unsigned long count, fail_at, failed;
} alloc;

static bool alloc_fails(void)
{
    if (!alloc_on)
        return false;
    alloc.count++;
    if (alloc.count != alloc.fail_at && !(alloc.and_all_after && alloc.count > alloc.fail_at))
        return false;
    alloc.failed++;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return alloc_fails() ? NULL : REAL(malloc)(n);
}

void *calloc(size_t count, size_t n)
{
    return alloc_fails() ? NULL : REAL(calloc)(count, n);
}

void *realloc(void *p, size_t n)
{
    return alloc_fails() ? NULL : REAL(realloc)(p, n);
}

/* The sanitizers' own ones would get their memory past the functions above. */
char *strndup(const char *text, size_t n)
{
    size_t have = strnlen(text, n);
    char *copy = malloc(have + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, have);
    copy[have] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

static void alloc_begin(unsigned long fail_at, bool and_all_after)
{
    memset(&alloc, 0, sizeof alloc);
    alloc.fail_at = fail_at;
    alloc.and_all_after = and_all_after;
    alloc_on = true;
}

static void alloc_end(void)
{
    alloc_on = false;
}

/* What fails must say that it is for want of memory. */
static void assert_says_memory(const struct err *e, unsigned long n)
{
    if (e->code != ERR_STATION && e->code != ERR_DATABASE)
        fail_msg("without allocation %lu: %s: %s", n, err_word(e->code), e->what);
    if (!strstr(e->what, "ut of memory") && !strstr(e->what, "o memory") &&
        !strstr(e->what, "annot allocate memory"))
        fail_msg("without allocation %lu: says nothing of memory: %s", n, e->what);
    if (e->hint[0] == '\0')
        fail_msg("without allocation %lu: no advice: %s", n, e->what);
}

/* Something that allocates, in three parts: the outer two have all the memory they want. */
struct alloc_case {
    void (*before)(void *ctx); /* NULL: nothing */
    bool (*call)(void *ctx, struct err *e);
    void (*after)(void *ctx, bool ok); /* judges and frees what came out */
    void *ctx;
    bool long_way; /* tens of thousands of allocations: the further, the fewer of them fail */
};

static void alloc_try(const struct alloc_case *c, unsigned long n, bool and_all_after)
{
    struct err e = { 0 };
    if (c->before)
        c->before(c->ctx);
    alloc_begin(n, and_all_after);
    bool ok = c->call(c->ctx, &e);
    alloc_end();
    if (alloc.failed == 0 && !ok)
        fail_msg("with all memory: %s: %s", err_word(e.code), e.what);
    if (ok != (e.code == ERR_NONE))
        fail_msg("without allocation %lu: %s, and the code is %s: %s", n,
                 ok ? "success" : "failure", err_word(e.code), e.what);
    if (!ok)
        assert_says_memory(&e, n);
    c->after(c->ctx, ok);
}

static unsigned long next_place(const struct alloc_case *c, unsigned long n)
{
    bool all = !c->long_way || getenv("ALLOC_ALL");
    return n < 60 || all ? n + 1 : n + 1 + n / 12;
}

/* Fails the first allocation, the second, and so on, until none is left to fail. ALLOC_ALL=1 in the
 * environment leaves none out on a long way, which takes minutes. */
static void alloc_try_all(const struct alloc_case *c)
{
    for (int and_all_after = 0; and_all_after < 2; and_all_after++) {
        unsigned long n = 0, tries = 0;
        do {
            n = next_place(c, n);
            alloc_try(c, n, and_all_after);
            tries++;
        } while (alloc.failed > 0);
        print_message("# %lu places up to allocation %lu\n", tries, n);
        assert_true(n > 1);
    }
}

#endif
