/* The job's own thread, which encodes images while the command goes on. */
#include "recipes/recipe.h"
#include "station/attempt/job.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { IMAGE_BYTES = 2 << 20 }; /* work for a while */

static void put_image(const char *path)
{
    FILE *f = fopen(path, "w");
    uint32_t x = 1;
    assert_non_null(f);
    for (int i = 0; i < IMAGE_BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        assert_true(fputc((int)(x >> 24), f) != EOF);
    }
    assert_int_equal(fclose(f), 0);
}

static void put_recipe(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("recipe: large\nchip: esp32\nimages:\n  - { file: large.bin, offset: 0x100000 }\n", f);
    assert_int_equal(fclose(f), 0);
}

/* Ctrl-C in the first moment of a run: it waits for the command, and no thread beside takes it. */
static void encoder_takes_no_signals(void **state)
{
    (void)state;
    char folder[] = "/tmp/station-job-XXXXXX", image[64], recipe[64];
    struct err e = { 0 };
    struct doc_report report;
    sigset_t interrupt, before, pending;
    assert_non_null(mkdtemp(folder));
    snprintf(image, sizeof image, "%s/large.bin", folder);
    snprintf(recipe, sizeof recipe, "%s/large.yaml", folder);
    put_image(image);
    put_recipe(recipe);

    doc_report_init(&report);
    struct job *j = job_new(recipe, NULL, &report, &e);
    if (!j)
        fail_msg("%s", e.what);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    assert_int_equal(sigprocmask(SIG_BLOCK, &interrupt, &before), 0);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    job_free(j); /* ends the thread */
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGINT), 1);

    int taken = 0;
    assert_int_equal(sigwait(&interrupt, &taken), 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    unlink(image);
    unlink(recipe);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoder_takes_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
