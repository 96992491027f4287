/*
 * Fuses are burnt as espefuse burns them: register by register, over tests/data/fuses.
 *
 * Each trace is taken apart into blocks that are burnt; the station burns the same into a virtual
 * board, and what it wrote must be what espefuse wrote, but for what is meant to differ: it clears
 * the check words, too, and on the ESP32 all four areas, before and after.
 */
#include "tests/unit/burn_bench.h"

#include <ctype.h>

#define TRACES    "tests/data/fuses/espefuse-traces.txt"
#define STEPS_MAX 400
#define READS     6

enum step_kind { STEP_WRITE, STEP_FIELD, STEP_CLEAR, STEP_REFRESH };

struct step {
    enum step_kind kind;
    uint32_t offset, mask, value;
};

struct trace {
    char chip[16], title[512];
    bool goes_on; /* on the board of the trace before */
    struct step step[STEPS_MAX];
    size_t steps;
};

/* ---- Reading ---- */

static void read_step(struct trace *t, const char *line)
{
    struct step s = { .kind = STEP_WRITE, .mask = UINT32_MAX };
    unsigned times;
    assert_true(t->steps + READS < STEPS_MAX);
    if (sscanf(line, "READ x%u", &times) == 1) {
        s.kind = STEP_REFRESH;
        while (times-- > 0)
            t->step[t->steps++] = s;
        return;
    }
    if (strncmp(line, "CLEAR", 5) == 0)
        s.kind = STEP_CLEAR;
    else if (sscanf(line, "U +%x mask %x field %x", &s.offset, &s.mask, &s.value) == 3)
        s.kind = STEP_FIELD;
    else if (sscanf(line, "W +%x %x", &s.offset, &s.value) != 2)
        fail_msg("what is \"%s\"?", line);
    t->step[t->steps++] = s;
}

static void read_title(struct trace *t, const char *line)
{
    memset(t, 0, sizeof *t);
    char name[8];
    assert_int_equal(sscanf(line, "[%7[a-z0-9]]", name), 1);
    bool is_first = strcmp(name, "esp32") == 0;
    snprintf(t->chip, sizeof t->chip, "%s%s", is_first ? "" : "esp32", name);
    snprintf(t->title, sizeof t->title, "%s", line);
    t->goes_on = strstr(line, ": then ") != NULL;
}

static bool next_trace(FILE *f, struct trace *t)
{
    char line[512];
    memset(t, 0, sizeof *t);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '[')
            read_title(t, line);
        else if (isupper((unsigned char)line[0]))
            read_step(t, line);
        else if (t->steps > 0)
            return true;
    }
    return t->steps > 0;
}

/* ---- What is burnt ---- */

static bool is_burn(const struct bench *b, const struct step *s)
{
    return s->kind == STEP_WRITE && s->offset == b->set->burner.cmd && (s->value & 3) == 2;
}

static unsigned area_of(const struct bench *b, uint32_t offset)
{
    unsigned block = 0;
    while (block + 1 < 4 && offset >= b->set->burner.areas[block + 1])
        block++;
    return block;
}

/* Six of each eight bytes: what 3/4 codes. */
static void decode(struct fuse_burn *burn)
{
    struct fuse_burn coded = *burn;
    memset(burn->word, 0, sizeof burn->word);
    burn->count = 6;
    for (unsigned i = 0; i < 24; i++) {
        unsigned from = i / 6 * 8 + i % 6;
        burn->word[i / 4] |= (coded.word[from / 4] >> from % 4 * 8 & 0xFF) << i % 4 * 8;
    }
}

static void take_word(const struct bench *b, struct fuse_burn *burn, const struct step *s)
{
    bool areas = b->set->burner.areas[0] != 0;
    unsigned block = areas ? area_of(b, s->offset) : 0;
    unsigned word = (s->offset - b->set->burner.areas[areas ? block : 0]) / 4;
    if (s->kind != STEP_WRITE || s->offset >= b->set->burner.conf || word >= FUSE_WORDS_MAX)
        return;
    burn->word[word] = s->value;
    if (areas)
        burn->block = (uint8_t)block;
}

/* The check words of other blocks are where the ESP32-S31 has the last word of block 0. */
static struct fuse_burn burn_from(const struct bench *b, const struct step *s, size_t *n)
{
    struct fuse_burn burn = { .block = 0 };
    bool areas = b->set->burner.areas[0] != 0;
    for (*n = 0; !is_burn(b, &s[*n]); (*n)++)
        take_word(b, &burn, &s[*n]);
    if (!areas)
        burn.block = s[*n].value >> 2 & 0xF;
    burn.kind = burn.block == 0 || (areas && burn.block == 3) ? FUSE_BURN_BITS : FUSE_BURN_KEY;
    burn.count = b->set->blocks[burn.block].words;
    if (areas && burn.block > 0 && (b->words.word[0][6] & 3) == 1)
        decode(&burn);
    memset(burn.word + burn.count, 0, (FUSE_WORDS_MAX - burn.count) * sizeof burn.word[0]);
    for (*n += s[*n + 1].kind == STEP_CLEAR ? 2 : 1; s[*n].kind == STEP_REFRESH; ++*n)
        ;
    return burn;
}

/* ---- What was written ---- */

static uint32_t base(const struct bench *b)
{
    return b->set->burner.base_addr;
}

/* How many writes from i on are zeros in the whole window. */
static size_t window_clear(const struct bench *b, size_t i)
{
    size_t n = 0;
    while (n < 11 && i + n < b->writes && b->write[i + n].addr == base(b) + 4 * n &&
           b->write[i + n].value == 0)
        n++;
    return n == 11 ? n : 0;
}

static size_t areas_clear(const struct bench *b, size_t i)
{
    size_t n = 0;
    for (unsigned block = 0; block < 4; block++) {
        for (uint32_t k = 0; k < b->set->blocks[block].words; k++, n++) {
            uint32_t addr = base(b) + b->set->burner.areas[block] + 4 * k;
            if (i + n >= b->writes || b->write[i + n].addr != addr || b->write[i + n].value != 0)
                return 0;
        }
    }
    return n;
}

static bool is_refresh(const struct bench *b, size_t i)
{
    return i + 1 < b->writes && b->write[i].addr == base(b) + b->set->burner.conf &&
           b->write[i].value == 0x5AA5 && b->write[i + 1].addr == base(b) + b->set->burner.cmd &&
           b->write[i + 1].value == 1;
}

/* Gives how many writes the step took; 0: it is not there. */
static size_t match(const struct bench *b, const struct step *s, size_t i)
{
    const struct bench_write *w = &b->write[i];
    if (i >= b->writes)
        return 0;
    if (s->kind == STEP_CLEAR)
        return window_clear(b, i);
    if (s->kind == STEP_REFRESH)
        return is_refresh(b, i) ? 2 : 0;
    uint32_t value = s->kind == STEP_FIELD ? s->value << __builtin_ctz(s->mask) : s->value;
    return w->addr == base(b) + s->offset && (w->value & s->mask) == value;
}

static size_t pass_over(const struct bench *b, size_t i)
{
    while (i < b->writes && b->write[i].mask == 0) /* pauses */
        i++;
    return b->set->burner.areas[0] ? i + areas_clear(b, i) : i;
}

/* The traces of the ESP32 leave out a first word of block 0 that is zero. */
static size_t pass_over_first(const struct bench *b, const struct step *s, size_t i)
{
    bool is_left_out = b->set->burner.areas[0] != 0 && s->offset == 0x20 && i < b->writes &&
                       b->write[i].addr == base(b) + 0x1C && b->write[i].value == 0;
    return i + is_left_out;
}

static void compare(const struct bench *b, const struct trace *t, const struct step *s, size_t n,
                    bool closed)
{
    size_t i = pass_over_first(b, s, pass_over(b, 0)), refreshed = 0;
    for (size_t k = 0; k < n; k++) {
        size_t took = match(b, &s[k], i);
        refreshed += s[k].kind == STEP_REFRESH;
        if (took == 0 && closed && refreshed > 1)
            return; /* the chip had closed its loader by then */
        if (took == 0)
            fail_msg("%s: step %zu, at +%03X: the station wrote %08X to %08X instead of %08X",
                     t->title, k, s[k].offset, i < b->writes ? b->write[i].value : 0,
                     i < b->writes ? b->write[i].addr : 0, s[k].value);
        i = pass_over(b, i + took);
    }
    if (i != b->writes)
        fail_msg("%s: the station wrote %08X to %08X, and espefuse nothing more", t->title,
                 b->write[i].value, b->write[i].addr);
}

static void replay(struct bench *b, const struct trace *t)
{
    for (size_t at = 0; at < t->steps;) {
        size_t n;
        struct fuse_burn burn = burn_from(b, t->step + at, &n);
        b->writes = 0;
        enum fuse_outcome outcome = bench_burn(b, &burn);
        bool closes = strstr(t->title, "ENABLE_SECURITY_DOWNLOAD") != NULL;
        assert_outcome(b, outcome, closes ? FUSE_CLOSED : FUSE_BURNT);
        compare(b, t, t->step + at, n, closes);
        at += n;
    }
}

/* The board that a trace begins with. */
static struct bench *board_for(const struct trace *t)
{
    /* Later silicon of the ESP32-H2 has no ECDSA_FORCE_USE_HARDWARE_K; espefuse --virt takes every
     * crystal for one of 40 MHz, and an ESP32-C2 may have another. */
    int revision = strcmp(t->chip, "esp32h2") == 0 ? 101 : -1;
    struct bench *b = bench_new(t->chip, revision, strcmp(t->chip, "esp32c2") == 0 ? 40 : 0);
    if (strstr(t->title, "CODING_SCHEME 1")) {
        struct fuse_burn coding = burn_of(b, "CODING_SCHEME", 1);
        assert_outcome(b, bench_burn(b, &coding), FUSE_BURNT);
    }
    return b;
}

static void the_station_writes_what_espefuse_writes(void **state)
{
    FILE *f = fopen(TRACES, "r");
    struct trace *t = malloc(sizeof *t);
    struct bench *b = NULL;
    size_t traces = 0;
    (void)state;
    assert_non_null(f);
    assert_non_null(t);
    for (; next_trace(f, t); traces++) {
        if (!b || !t->goes_on) {
            if (b)
                bench_free(b);
            b = board_for(t);
        }
        replay(b, t);
    }
    assert_int_equal(traces, 30);
    bench_free(b);
    free(t);
    fclose(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_station_writes_what_espefuse_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
