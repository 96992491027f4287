#include "station/base/locked.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Whole pages, so that nothing else is locked or let go with them. */
static size_t in_pages(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

static bool refuse(struct err *e)
{
    err_set_sys(e, ERR_STATION, errno, "Keys cannot be kept out of the swap space");
    return err_hint(e, "Allow more locked memory for this shell, then start again: sudo prlimit "
                       "--pid $$ --memlock=8388608");
}

/* The limit alone does not hold where the kernel hands core dumps to a program. */
static bool keep_no_core(struct err *e)
{
    const struct rlimit none = { 0, 0 };
    return (setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) ||
           err_set_sys(e, ERR_STATION, errno, "Core dumps cannot be switched off");
}

void *locked_new(size_t bytes, struct err *e)
{
    const size_t n = in_pages(bytes);
    void *m = aligned_alloc((size_t)sysconf(_SC_PAGESIZE), n);
    if (!m) {
        err_set(e, ERR_STATION, "Out of memory for keys");
        return NULL;
    }
    memset(m, 0, n);
    /* A second line behind the limit of core dumps; old kernels know none of it. */
    madvise(m, n, MADV_DONTDUMP);
    madvise(m, n, MADV_WIPEONFORK);
    if (mlock(m, n) == 0 ? keep_no_core(e) : refuse(e))
        return m;
    locked_free(m, bytes);
    return NULL;
}

/* Whoever gets these pages next is a stranger to all that. */
void locked_free(void *memory, size_t bytes)
{
    if (!memory)
        return;
    const size_t n = in_pages(bytes);
    OPENSSL_cleanse(memory, n);
    munlock(memory, n);
    madvise(memory, n, MADV_KEEPONFORK);
    madvise(memory, n, MADV_DODUMP);
    free(memory);
}

/* ---- The stack ---- */

#define STACK_BYTES ((size_t)64 << 10)

/* From the page behind the present frame downwards: stacks grow so wherever this runs. */
static uint8_t *stack_part(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return (uint8_t *)((here & ~(page - 1)) - STACK_BYTES);
}

bool locked_stack_begin(struct err *e)
{
    return mlock(stack_part(), STACK_BYTES + in_pages(1)) == 0 || refuse(e);
}

/* What was put there lies below this frame. */
__attribute__((noinline)) static void wipe_below(void)
{
    uint8_t used[STACK_BYTES / 2];
    OPENSSL_cleanse(used, sizeof used);
}

void locked_stack_end(void)
{
    wipe_below();
    munlock(stack_part(), STACK_BYTES + in_pages(1));
}
