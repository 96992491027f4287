/*
 * The job: a checked recipe with its plan, made once and shared by all slots.
 *
 * Its images are hashed, compressed and encoded by a thread of its own while the first boards are
 * asked who they are; job_variant waits for that. Everything else in it is immutable but the cache
 * of variants, which has its own lock. Any number of threads may use one job; it must outlive them.
 */
#ifndef STATION_JOB_H
#define STATION_JOB_H

#include "core/images/plan.h"
#include "core/loader/reset.h"
#include "core/loader/stub.h"
#include "recipes/label/label.h"
#include "recipes/recipe.h"
#include "station/attempt/job_security.h"
#include "station/attempt/job_unit.h"

struct job;

/* One image as it was read, for the record and for `check`: a file, or a region of an Intel HEX
 * file. */
struct job_image {
    char *file; /* as the recipe spells it; for a region with its address: "app.hex@0x10000" */
    uint32_t offset_addr;
    uint32_t size_bytes;
    uint8_t md5[DIGEST_MD5_BYTES];
    uint8_t sha256[DIGEST_SHA256_BYTES];
};

/* Loads the recipe, reads and checks its images, makes the plan. Every mistake is in *report, with
 * its place. `stub_folder` NULL: the stubs built in. The caller owns it (job_free). NULL:
 * ERR_RECIPE with a filled report, or ERR_STATION. */
struct job *job_new(const char *recipe_path, const char *stub_folder, struct doc_report *report,
                    struct err *e);

/* A job is counted by who holds it: job_new's caller does, and whoever asks for it here, until each
 * has freed it. Gives it back. */
struct job *job_hold(struct job *j);
void job_free(struct job *j);

/* All stubs at hand, lent. */
const struct stub_set *job_stubs(const struct job *j);

/* What may be meant so in the recipe, and hardly is: each begins with "warning: ". */
const struct doc_report *job_warnings(const struct job *j);

const struct recipe *job_recipe(const struct job *j);
const struct plan *job_plan(const struct job *j);

/* The recipe's label; NULL: it has none. */
const struct label_template *job_label(const struct job *j);

/* The images are the plan's, in its order; a recipe with HEX files has fewer entries. */
size_t job_image_count(const struct job *j);
const struct job_image *job_image(const struct job *j, size_t i);

/* Of all images together. */
uint64_t job_bytes(const struct job *j);

/* What the job knows of units; its unit->asked says whether boards have any. Lent; the cursors
 * alone change. */
struct job_unit *job_unit(const struct job *j);

/* What the job knows of fuses. Lent. */
const struct job_security *job_security(const struct job *j);

/* The stub for the recipe's chip; NULL: there is none, or the recipe wants the ROM loader. */
const struct stub *job_stub(const struct job *j);

/* The same without regard to what the recipe wants: the ESP8266's ROM cannot prove what it wrote.
 */
const struct stub *job_proving_stub(const struct job *j);

/* By the name of its file: some boards need another one than their chip's. NULL: there is none. */
const struct stub *job_stub_named(const struct job *j, const char *name);

/* Our own stub for boards that need the stub of that name; NULL: there is none, or the recipe does
 * not ask for it. */
const struct stub *job_fast_stub(const struct job *j, const char *name);

/* Whether boards are written by their ROM only because a stub is missing, which costs time; a
 * sentence for people in `text` then, without its full stop. */
bool job_explain_loader(const struct job *j, char *text, size_t cap);

/* What a board with so much flash gets. Made on first use, then shared; lent as long as the job
 * lives. NULL: ERR_FLASH_SIZE or ERR_STATION. */
const struct plan_variant *job_variant(struct job *j, uint32_t flash_bytes, struct err *e);

/* The same as ciphertext, by the key that all boards share. Made on first use, by whoever asks
 * first, while others wait; lent likewise. NULL: what plan_variant_encrypt fails with. */
const struct plan_variant *job_ciphertext(struct job *j, const struct plan_variant *plain,
                                          const struct flash_crypt_key *key, struct err *e);

#endif
