#include "station/attempt/job.h"

#include "core/base/bytes.h"
#include "core/base/read_all.h"
#include "core/images/intel_hex.h"
#include "recipes/label/label_board.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Distinct flash sizes that boards of one recipe can have; there are not more codes than that. */
#define VARIANTS_MAX 12

struct job {
    atomic_uint holders;
    struct recipe *recipe;
    struct stub_set *stubs, *fast_stubs;
    struct plan *plan;
    struct label_template *label; /* NULL: none */
    struct job_unit *unit;
    struct job_security *security;
    struct job_image images[RECIPE_IMAGES_MAX];
    size_t image_count;
    struct doc_report warnings;
    /* The plan is encoded while the first boards are reset and asked who they are. */
    pthread_t encoder;
    bool encoder_started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t encoded_cond;
    bool encoded; /* or failed to be */
    struct err encode_err;
    struct {
        uint32_t flash_bytes;
        struct plan_variant *variant;
        struct plan_variant *ciphertext; /* of it, by the shared key; NULL: nobody has asked */
    } variants[VARIANTS_MAX];
    size_t variant_count;
};

/* ---- Image files ---- */

struct loaded {
    uint8_t *bytes;
    size_t size_bytes;
    struct intel_hex hex; /* its regions, if the file is one */
};

/* What the plan is made of: the files, and the regions of HEX files. */
struct sources {
    struct plan_source rows[RECIPE_IMAGES_MAX];
    size_t entry[RECIPE_IMAGES_MAX]; /* which entry of the recipe each came from */
    size_t count;
};

/* The recipe has looked at the file already; it may have changed since, so all is checked again. */
static bool load_file(const struct recipe_image *image, struct loaded *out)
{
    int fd, sys;
    uint64_t size_bytes;
    if (!recipe_image_open(image, &fd, &size_bytes, &sys)) {
        errno = sys;
        return false;
    }
    out->size_bytes = (size_t)size_bytes;
    out->bytes = malloc(out->size_bytes);
    size_t have = 0;
    /* Less than all: the file shrank under our hands. */
    bool ok =
        out->bytes && read_all(fd, out->bytes, out->size_bytes, &have) && have == out->size_bytes;
    close(fd);
    return ok;
}

/* False: out of memory. */
static bool check_pin(const struct recipe_image *image, const struct loaded *file,
                      struct doc_report *report)
{
    uint8_t sha256[DIGEST_SHA256_BYTES];
    char wanted[2 * DIGEST_SHA256_BYTES + 1], got[2 * DIGEST_SHA256_BYTES + 1];
    if (!image->pinned)
        return true;
    if (!digest_sha256(file->bytes, file->size_bytes, sha256))
        return false;
    if (memcmp(image->sha256, sha256, DIGEST_SHA256_BYTES) == 0)
        return true;
    digest_hex(image->sha256, DIGEST_SHA256_BYTES, wanted);
    digest_hex(sha256, DIGEST_SHA256_BYTES, got);
    doc_report_add(report, image->sha256_at,
                   "'%s' has SHA-256 %.16s..., and the recipe pins %.16s...: other bytes are "
                   "refused",
                   image->file, got, wanted);
    return true;
}

/* The name without folder and ending, for a command that a person can paste. */
static void bare_name(const char *file, char *name, size_t cap)
{
    const char *slash = strrchr(file, '/');
    const char *from = slash ? slash + 1 : file;
    const char *dot = strrchr(from, '.');
    size_t n = dot && dot != from ? (size_t)(dot - from) : strlen(from);
    snprintf(name, cap, "%.*s", (int)(n < cap ? n : cap - 1), from);
}

static bool is_elf(const struct loaded *f)
{
    return f->size_bytes >= 4 && load_u32(f->bytes) == 0x464C457F; /* 7F "ELF" */
}

static bool is_uf2(const struct loaded *f)
{
    return f->size_bytes >= 16 && load_u32(f->bytes) == 0x0A324655 &&
           load_u32(f->bytes + 4) == 0x9E5D5157;
}

/* Files that a person may take for an image: each needs another step first. */
static bool refuse_format(const struct recipe *r, const struct recipe_image *image,
                          const struct loaded *f, struct doc_report *report)
{
    char name[48];
    bare_name(image->file, name, sizeof name);
    if (is_elf(f))
        doc_report_add(report, image->file_at,
                       "'%.60s' is an ELF file, not what goes into the flash; make that with: "
                       "esptool --chip %s elf2image -o %s.bin %s.elf",
                       image->file, r->chip->id_name, name, name);
    else if (is_uf2(f))
        doc_report_add(report, image->file_at,
                       "'%.60s' is a UF2 file, not what goes into the flash; make that with: "
                       "uf2conv.py -o %s.bin %s.uf2 (its offset is 0x%x then)",
                       image->file, name, name, load_u32(f->bytes + 12));
    else
        return false;
    return true;
}

/* Takes `name` over, which may be NULL for want of memory. */
static bool add_source(struct job *j, struct sources *to, size_t entry, char *name,
                       const uint8_t *bytes, uint32_t size_bytes, uint32_t offset_addr)
{
    struct job_image *out = &j->images[j->image_count];
    if (!name)
        return false;
    *out = (struct job_image){ .file = name, .offset_addr = offset_addr, .size_bytes = size_bytes };
    j->image_count++; /* which frees the name, whatever follows */
    to->rows[to->count] = (struct plan_source){ name, bytes, size_bytes, offset_addr,
                                                j->recipe->images[entry].as == RECIPE_AS_DATA };
    to->entry[to->count++] = entry;
    return digest_md5(bytes, size_bytes, out->md5) && digest_sha256(bytes, size_bytes, out->sha256);
}

/* A HEX file says itself where its bytes go. */
static bool add_hex(struct job *j, struct sources *to, size_t entry, struct loaded *f,
                    struct doc_report *report)
{
    const struct recipe_image *image = &j->recipe->images[entry];
    struct err e = { 0 };
    if (image->offset_bytes != 0)
        doc_report_add(report, image->offset_at,
                       "'%s' is an Intel HEX file, which has its own addresses; expected "
                       "offset: 0",
                       image->file);
    if (!intel_hex_read(f->bytes, f->size_bytes, PLAN_SECTOR_BYTES, &f->hex, &e)) {
        doc_report_add(report, image->file_at, "'%s' seems to be an Intel HEX file, but %s",
                       image->file, e.what);
        return e.code != ERR_STATION;
    }
    if (f->hex.count > RECIPE_IMAGES_MAX - to->count) {
        doc_report_add(report, image->file_at,
                       "'%s' falls into %zu regions; with the other images that is more than %d",
                       image->file, f->hex.count, RECIPE_IMAGES_MAX);
        return true;
    }
    for (size_t i = 0; i < f->hex.count; i++) {
        const struct intel_hex_region *region = &f->hex.regions[i];
        char *name;
        if (asprintf(&name, "%s@0x%x", image->file, region->addr) < 0)
            name = NULL;
        if (!add_source(j, to, entry, name, region->bytes, region->size_bytes, region->addr))
            return false;
    }
    return true;
}

static bool add_file(struct job *j, struct sources *to, size_t entry, struct loaded *f,
                     struct doc_report *report)
{
    const struct recipe_image *image = &j->recipe->images[entry];
    bool data = image->as == RECIPE_AS_DATA;
    if (!check_pin(image, f, report))
        return false;
    if (!data && refuse_format(j->recipe, image, f, report))
        return true;
    if (!data && intel_hex_is(f->bytes, f->size_bytes))
        return add_hex(j, to, entry, f, report);
    if (to->count == RECIPE_IMAGES_MAX) {
        doc_report_add(report, image->file_at, "'%s' is one region too many; there may be %d",
                       image->file, RECIPE_IMAGES_MAX);
        return true;
    }
    return add_source(j, to, entry, strdup(image->file), f->bytes, (uint32_t)f->size_bytes,
                      image->offset_bytes);
}

/* False: out of memory. */
static bool load_images(struct job *j, struct loaded *files, struct sources *to,
                        struct doc_report *report)
{
    for (size_t i = 0; i < j->recipe->image_count; i++) {
        const struct recipe_image *image = &j->recipe->images[i];
        errno = 0;
        bool loaded = load_file(image, &files[i]);
        if (!loaded && errno == ENOMEM)
            return false;
        if (!loaded)
            doc_report_add(report, image->file_at, "'%s' cannot be read: %s", image->file,
                           errno ? strerror(errno) : "it is not a file with content");
        else if (!add_file(j, to, i, &files[i], report))
            return false;
    }
    return true;
}

/* ---- Settings ---- */

static bool freq_code(const struct recipe *r, const struct chip_code **code,
                      struct doc_report *report)
{
    char word[16];
    *code = NULL;
    if (r->flash.freq_mhz == 0)
        return true;
    snprintf(word, sizeof word, "%um", r->flash.freq_mhz);
    *code = chip_code_by_word(r->chip->freqs, word);
    if (*code)
        return true;
    char list[96] = "";
    for (const struct chip_code *c = r->chip->freqs; c->word; c++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, " %s", c->word);
    }
    doc_report_add(report, r->at[RECIPE_KEY_FLASH_FREQ],
                   "%s cannot run its flash at %s; expected one of: keep%s", r->chip->name, word,
                   list);
    return false;
}

/* Why the ROM would have to write, as what to do about it; NULL: a stub can. */
static const char *stub_advice(const struct job *j)
{
    if (!stub_set_find(j->stubs, j->recipe->chip->id_name))
        return "which is not here: run 'make deps', or give a folder with --stubs";
    return j->recipe->loader == RECIPE_LOADER_ROM ? "so give loader: auto" : NULL;
}

static void make_settings(const struct job *j, struct plan_settings *s, struct doc_report *report)
{
    const struct recipe *r = j->recipe;
    *s = (struct plan_settings){
        .chip = r->chip,
        .flash_bytes = r->flash.size_bytes,
        .unproved = r->verify == RECIPE_VERIFY_NONE,
        .plain_when_encrypted = r->encrypted == RECIPE_ENCRYPTED_PLAIN,
        .erase_all = r->erase == RECIPE_ERASE_ALL,
        .pieces = r->write == RECIPE_WRITE_CHANGED,
        .baud = r->port.baud,
        .fast = r->loader == RECIPE_LOADER_FAST,
        .lzma = r->loader == RECIPE_LOADER_FAST && r->port.baud <= r->chip->lzma_baud,
        .stub_advice = stub_advice(j),
    };
    switch (r->flash.size) {
    case RECIPE_SIZE_DETECT:
        s->size = PLAN_SIZE_DETECT;
        break;
    case RECIPE_SIZE_KEEP:
        s->size = PLAN_SIZE_KEEP;
        break;
    case RECIPE_SIZE_GIVEN:
        s->size = PLAN_SIZE_FIXED;
        break;
    }
    if (r->flash.mode != RECIPE_MODE_KEEP)
        s->mode = chip_code_by_word(chip_modes, recipe_word(RECIPE_KEY_FLASH_MODE, r->flash.mode));
    freq_code(r, &s->freq, report);
}

/* ---- Checks that name a place in the recipe ---- */

struct report_to_recipe {
    const struct recipe *recipe;
    const struct sources *sources;
    struct doc_report *report, *warnings;
};

static struct doc_pos place_of(const struct report_to_recipe *to, size_t image,
                               enum recipe_key otherwise)
{
    return image == PLAN_NO_IMAGE ? to->recipe->at[otherwise]
                                  : to->recipe->images[to->sources->entry[image]].at;
}

static void add_mistake(void *ctx, size_t image, const char *sentence)
{
    struct report_to_recipe *to = ctx;
    doc_report_add(to->report, place_of(to, image, RECIPE_KEY_FLASH_SIZE), "%s", sentence);
}

static void add_warning(void *ctx, size_t image, const char *sentence)
{
    struct report_to_recipe *to = ctx;
    doc_report_add(to->warnings, place_of(to, image, RECIPE_KEY_IMAGES), "warning: %s", sentence);
}

/* A board that fails with it is done by another loader, which begins with a reset. */
static void check_fast(const struct job *j, struct doc_report *report)
{
    const struct recipe *r = j->recipe;
    char list[128] = "";
    if (r->loader != RECIPE_LOADER_FAST && r->at[RECIPE_KEY_PROVE_TWICE].line > 0)
        doc_report_add(report, r->at[RECIPE_KEY_PROVE_TWICE],
                       "prove_twice is for boards that the fast stub writes; it needs "
                       "'loader: fast'");
    if (r->loader != RECIPE_LOADER_FAST)
        return;
    for (size_t i = 0; i < chip_count(); i++) {
        size_t used = strlen(list);
        if (stub_set_find(j->fast_stubs, chip_at(i)->id_name))
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                     chip_at(i)->id_name);
    }
    if (!stub_set_find(j->fast_stubs, r->chip->id_name))
        doc_report_add(report, r->at[RECIPE_KEY_LOADER],
                       "there is no fast stub for %s, only for %s; use 'loader: auto'",
                       r->chip->name, list);
    if (r->port.reset == RECIPE_RESET_NONE)
        doc_report_add(report, r->at[RECIPE_KEY_LOADER],
                       "'loader: fast' needs a port that resets the board, and port.reset is "
                       "none; use 'loader: auto'");
}

static void check_loader(const struct job *j, struct doc_report *report)
{
    const struct recipe *r = j->recipe;
    bool no_stub = !stub_set_find(j->stubs, r->chip->id_name);
    char why[512];
    stub_set_explain(j->stubs, r->chip->id_name, r->chip->name, why, sizeof why);
    if (r->loader == RECIPE_LOADER_STUB && no_stub)
        doc_report_add(report, r->at[RECIPE_KEY_LOADER],
                       "%s; give a folder that has it with --stubs, or use 'loader: auto'", why);
    check_fast(j, report);
    if (r->port.after == RECIPE_AFTER_WATCHDOG && !r->chip->watchdog.resets)
        doc_report_add(report, r->at[RECIPE_KEY_PORT_AFTER],
                       "%s cannot be restarted by its watchdog; expected auto or a sequence",
                       r->chip->name);
    if (r->verify == RECIPE_VERIFY_MD5 && !r->chip->rom->has_md5 && no_stub)
        doc_report_add(report, r->at[RECIPE_KEY_VERIFY],
                       "the ROM of %s cannot compute an MD5, and %s; give a folder that has it "
                       "with --stubs, or use 'verify: none'",
                       r->chip->name, why);
}

/* After an erase of everything there is nothing left that could be as it was. */
static void check_write(const struct job *j, struct doc_report *report)
{
    const struct recipe *r = j->recipe;
    if (r->write == RECIPE_WRITE_CHANGED && r->erase == RECIPE_ERASE_ALL)
        doc_report_add(report, r->at[RECIPE_KEY_WRITE],
                       "'write: changed' and 'erase: all' exclude each other; expected "
                       "write: always, or erase: needed");
}

static bool refuse_recipe(const struct recipe *r, const struct doc_report *report, struct err *e)
{
    return err_set(e, ERR_RECIPE, "The recipe '%s' has %zu mistake%s", r->path, report->total,
                   report->total == 1 ? "" : "s");
}

static void make_plan(struct job *j, const struct sources *sources, struct doc_report *report,
                      struct err *e)
{
    const struct recipe *r = j->recipe;
    struct report_to_recipe to = { r, sources, report, &j->warnings };
    const struct plan_report plan_report = { add_mistake, add_warning, &to };
    struct plan_settings settings;
    make_settings(j, &settings, report);
    check_loader(j, report);
    check_write(j, report);
    if (report->total == 0)
        plan_check(&settings, sources->rows, sources->count, &plan_report);
    if (report->total == 0)
        j->plan = plan_new(&settings, sources->rows, sources->count, e);
    else
        refuse_recipe(r, report, e);
}

/* Only what is whole is looked at: mistakes are told before. */
static bool make_security(struct job *j, const struct sources *sources, struct doc_report *report,
                          struct err *e)
{
    j->security = job_security_new(j->recipe, j->plan, sources->entry, report, e);
    return j->security && (report->total == 0 || refuse_recipe(j->recipe, report, e));
}

static bool build(struct job *j, struct doc_report *report, struct err *e)
{
    struct loaded files[RECIPE_IMAGES_MAX] = { 0 };
    struct sources sources = { .count = 0 };
    if (load_images(j, files, &sources, report))
        make_plan(j, &sources, report, e);
    else
        err_set(e, ERR_STATION, "Out of memory for the images");
    for (size_t i = 0; i < RECIPE_IMAGES_MAX; i++) {
        intel_hex_done(&files[i].hex);
        free(files[i].bytes);
    }
    return j->plan && (j->unit = job_unit_new(j->recipe, j->plan, report, e)) != NULL &&
           make_security(j, &sources, report, e);
}

/* ---- Encoding beside the slots ---- */

static void *encoder_main(void *arg)
{
    struct job *j = arg;
    struct err failure = { 0 };
    plan_encode(j->plan, &failure);
    pthread_mutex_lock(&j->lock);
    j->encode_err = failure;
    j->encoded = true;
    pthread_cond_broadcast(&j->encoded_cond);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* No signal is its business: one that it took would be lost to the command, or end the program. */
static bool start_encoder(struct job *j, struct err *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&j->encoder, NULL, encoder_main, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    j->encoder_started = rc == 0;
    return rc == 0 || err_set_sys(e, ERR_STATION, rc, "The plan's thread cannot be started");
}

static bool await_encoded_locked(struct job *j, struct err *e)
{
    while (!j->encoded)
        pthread_cond_wait(&j->encoded_cond, &j->lock);
    if (j->encode_err.code == ERR_NONE)
        return true;
    *e = j->encode_err;
    return false;
}

/* A file that is there was meant to be used: it is no reason to do without. */
static bool check_stubs(const struct job *j, struct err *e)
{
    const struct recipe *r = j->recipe;
    bool needs = r->loader != RECIPE_LOADER_ROM || !r->chip->rom->has_md5;
    return !needs || (stub_set_check(j->stubs, r->chip->id_name, e) &&
                      (!r->chip->stub_below || stub_set_check(j->stubs, r->chip->stub_below, e)));
}

const struct stub_set *job_stubs(const struct job *j)
{
    return j->stubs;
}

/* A mistake of the template stands where the recipe names it, with its own place in front. */
static void report_label(const struct recipe *r, const struct doc_report *found,
                         struct doc_report *report)
{
    char text[400];
    for (size_t i = 0; i < found->kept; i++)
        doc_report_add(report, r->label.file_at, "%s",
                       doc_mistake_text(r->label.file, &found->mistakes[i], text, sizeof text));
}

#define LABEL_NAMES_MAX (UNIT_VALUES_MAX + 16)

/* What is printed stands in the record for good: secrets do not. */
static bool shows_secret(const struct job *j, struct err *e)
{
    const struct unit *u = &j->recipe->unit;
    for (size_t i = 0; i < u->value_count; i++) {
        if (!u->values[i].secret || !label_template_asks(j->label, u->values[i].name))
            continue;
        err_set(e, ERR_RECIPE,
                "the label shows {%s}, which is secret: what is printed stands in "
                "the record",
                u->values[i].name);
        return true;
    }
    return false;
}

static bool judge_label(const struct job *j, struct err *e)
{
    const struct unit *u = &j->recipe->unit;
    const char *names[LABEL_NAMES_MAX + 1];
    size_t n = 0;
    for (; label_board_names[n]; n++)
        names[n] = label_board_names[n];
    for (size_t i = 0; i < u->value_count && n < LABEL_NAMES_MAX; i++)
        names[n++] = u->values[i].name;
    names[n] = NULL;
    return label_template_knows(j->label, names, e) && !shows_secret(j, e);
}

static bool load_label(struct job *j, struct doc_report *report, struct err *e)
{
    const struct recipe *r = j->recipe;
    struct err found = { 0 };
    if (!r->label.file)
        return true;
    struct doc_report *mistakes = malloc(sizeof *mistakes);
    if (!mistakes)
        return err_set(e, ERR_STATION, "Out of memory for a label");
    if (label_template_load(r->label.path, &j->label, mistakes, &found) && judge_label(j, &found)) {
        free(mistakes);
        return true;
    }
    report_label(r, mistakes, report);
    if (mistakes->total == 0)
        doc_report_add(report, r->label.file_at, "%s", found.what);
    free(mistakes);
    *e = found;
    return false;
}

struct job *job_new(const char *recipe_path, const char *stub_folder, struct doc_report *report,
                    struct err *e)
{
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    atomic_init(&j->holders, 1);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->encoded_cond, NULL);
    j->stubs = stub_set_new(stub_folder, e);
    j->fast_stubs = j->stubs ? stub_set_fast(e) : NULL;
    if (j->fast_stubs && recipe_load(recipe_path, &j->recipe, report, e) && check_stubs(j, e) &&
        load_label(j, report, e) && build(j, report, e) && start_encoder(j, e))
        return j;
    job_free(j);
    return NULL;
}

struct job *job_hold(struct job *j)
{
    atomic_fetch_add(&j->holders, 1);
    return j;
}

void job_free(struct job *j)
{
    if (!j || atomic_fetch_sub(&j->holders, 1) > 1)
        return;
    if (j->encoder_started)
        pthread_join(j->encoder, NULL);
    for (size_t i = 0; i < j->variant_count; i++) {
        plan_variant_free(j->variants[i].ciphertext);
        plan_variant_free(j->variants[i].variant);
    }
    for (size_t i = 0; i < j->image_count; i++)
        free(j->images[i].file);
    job_unit_free(j->unit);
    job_security_free(j->security);
    plan_free(j->plan);
    label_template_free(j->label);
    recipe_free(j->recipe);
    stub_set_free(j->stubs);
    stub_set_free(j->fast_stubs);
    pthread_cond_destroy(&j->encoded_cond);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

const struct doc_report *job_warnings(const struct job *j)
{
    return &j->warnings;
}

const struct recipe *job_recipe(const struct job *j)
{
    return j->recipe;
}

const struct plan *job_plan(const struct job *j)
{
    return j->plan;
}

const struct label_template *job_label(const struct job *j)
{
    return j->label;
}

const struct job_security *job_security(const struct job *j)
{
    return j->security;
}

struct job_unit *job_unit(const struct job *j)
{
    return j->unit;
}

size_t job_image_count(const struct job *j)
{
    return j->image_count;
}

const struct job_image *job_image(const struct job *j, size_t i)
{
    return &j->images[i];
}

uint64_t job_bytes(const struct job *j)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < j->image_count; i++)
        sum += j->images[i].size_bytes;
    return sum;
}

const struct stub *job_stub_named(const struct job *j, const char *name)
{
    return stub_set_find(j->stubs, name);
}

/* Boards of one recipe may need two of them: silicon below some revision has its own. */
bool job_explain_loader(const struct job *j, char *text, size_t cap)
{
    const struct recipe *r = j->recipe;
    char why[512];
    if (r->loader != RECIPE_LOADER_AUTO)
        return false;
    if (!stub_set_find(j->stubs, r->chip->id_name)) {
        stub_set_explain(j->stubs, r->chip->id_name, r->chip->name, why, sizeof why);
        snprintf(text, cap,
                 "%s: the ROM loader is used, which takes longer. Another folder: --stubs DIR; on "
                 "purpose: 'loader: rom' in the recipe",
                 why);
        return true;
    }
    if (!r->chip->stub_below || stub_set_find(j->stubs, r->chip->stub_below))
        return false;
    stub_set_explain(j->stubs, r->chip->stub_below, r->chip->name, why, sizeof why);
    snprintf(text, cap,
             "%s: the ROM loader is used for boards below revision %u.%u, which takes longer", why,
             r->chip->stub_min_revision / 100, r->chip->stub_min_revision % 100);
    return true;
}

const struct stub *job_proving_stub(const struct job *j)
{
    return stub_set_find(j->stubs, j->recipe->chip->id_name);
}

const struct stub *job_stub(const struct job *j)
{
    return j->recipe->loader == RECIPE_LOADER_ROM ? NULL : job_proving_stub(j);
}

const struct stub *job_fast_stub(const struct job *j, const char *name)
{
    return j->recipe->loader == RECIPE_LOADER_FAST ? stub_set_find(j->fast_stubs, name) : NULL;
}

static const struct plan_variant *find_or_make_locked(struct job *j, uint32_t flash_bytes,
                                                      struct err *e)
{
    for (size_t i = 0; i < j->variant_count; i++) {
        if (j->variants[i].flash_bytes == flash_bytes)
            return j->variants[i].variant;
    }
    if (j->variant_count == VARIANTS_MAX) {
        err_set(e, ERR_STATION, "Boards with more than %d flash sizes in one run", VARIANTS_MAX);
        return NULL;
    }
    struct plan_variant *made = plan_variant_new(j->plan, flash_bytes, e);
    if (made) {
        j->variants[j->variant_count].flash_bytes = flash_bytes;
        j->variants[j->variant_count++].variant = made;
    }
    return made;
}

/* Slots that come before the plan is encoded wait for it. Those that meet a new flash size at the
 * same moment wait while the first one makes the variant:
 * they would only do the same work again. */
const struct plan_variant *job_variant(struct job *j, uint32_t flash_bytes, struct err *e)
{
    uint32_t key = plan_depends_on_flash(j->plan) ? flash_bytes : 0;
    pthread_mutex_lock(&j->lock);
    const struct plan_variant *v =
        await_encoded_locked(j, e) ? find_or_make_locked(j, key, e) : NULL;
    pthread_mutex_unlock(&j->lock);
    return v;
}

const struct plan_variant *job_ciphertext(struct job *j, const struct plan_variant *plain,
                                          const struct flash_crypt_key *key, struct err *e)
{
    const struct plan_variant *found = NULL;
    bool known = false;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; !known && i < j->variant_count; i++) {
        if (j->variants[i].variant != plain)
            continue;
        if (!j->variants[i].ciphertext)
            j->variants[i].ciphertext = plan_variant_encrypt(j->plan, plain, key, e);
        found = j->variants[i].ciphertext;
        known = true;
    }
    pthread_mutex_unlock(&j->lock);
    if (!known)
        err_set(e, ERR_STATION, "The images to be encrypted are not this job's");
    return found;
}
