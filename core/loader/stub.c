#include "core/loader/stub.h"

#include "core/base/bytes.h"
#include "core/base/embedded.h"
#include "core/base/json_tree.h"
#include "core/facts/chip.h"
#include "core/loader/regs.h"
#include "core/loader/spiflash.h"
#include "core/loader/stub_release.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING_MS    3000u
#define LAST_ANSWER_MS 30u /* of the ROM, before the stub runs */
#define SOON_MS        60u /* until it greets: 30 as shipped (1.2.2, in an interpreter) */
#define PART_MS        3u
#define UNHEARD_MS     200u
#define JSON_MAX_BYTES (1u << 20)
/* The largest RAM there is on any chip is smaller. */
#define SEGMENT_MAX_BYTES (256u << 10)

/* A file that is called like a stub and cannot be used. */
struct stub_problem {
    char name[32]; /* of the stub that it would be */
    struct err err;
};

struct stub_set {
    char *folder; /* NULL: built in */
    struct stub **stubs;
    size_t count;
    struct stub_problem *problems;
    size_t problem_count;
};

/* ---- Reading the JSON ---- */

static bool bad_stub(const struct stub *s, struct err *e, const char *problem)
{
    err_set(e, ERR_STATION, "The stub file '%s' cannot be used: %s", s->file, problem);
    return err_hint(e, "Put the file of a published stub in its place, or take it out of the "
                       "folder.");
}

static bool parse_number(const char *text, uint32_t *value)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || v > UINT32_MAX)
        return false;
    *value = (uint32_t)v;
    return true;
}

/* The decoder itself also takes blanks at the ends and a padding in the middle. */
static bool parse_base64(const char *text, size_t n, struct stub_segment *segment, bool *no_memory)
{
    size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
                                  "/");
    size_t padding = strspn(text + letters, "=");
    if (letters + padding != n || padding > 2 || n % 4 != 0 || n / 4 * 3 > SEGMENT_MAX_BYTES ||
        segment->bytes)
        return false;
    segment->bytes = malloc(n / 4 * 3 + 1);
    if (!segment->bytes) {
        *no_memory = true;
        return false;
    }
    int decoded = EVP_DecodeBlock(segment->bytes, (const unsigned char *)text, (int)n);
    if (decoded < 0)
        return false;
    segment->size_bytes = (uint32_t)decoded - (uint32_t)padding;
    return true;
}

/* Takes one member of the top object; keys this loader has no use for are passed over. */
static bool take_member(struct stub *s, const char *key, const char *value, size_t n, struct err *e)
{
    bool ok = true, no_memory = false;
    if (strcmp(key, "entry") == 0)
        ok = parse_number(value, &s->entry_addr);
    else if (strcmp(key, "text_start") == 0)
        ok = parse_number(value, &s->text.addr);
    else if (strcmp(key, "data_start") == 0)
        ok = parse_number(value, &s->data.addr);
    else if (strcmp(key, "text") == 0)
        ok = parse_base64(value, n, &s->text, &no_memory);
    else if (strcmp(key, "data") == 0)
        ok = parse_base64(value, n, &s->data, &no_memory);
    if (ok)
        return true;
    if (no_memory)
        return err_set(e, ERR_STATION, "Out of memory");
    bad_stub(s, e, "a value cannot be read");
    return err_wrap(e, "Key '%.20s'", key);
}

/* Only texts of the outermost object matter: deeper ones belong to plug-ins for NAND flash. */
static bool parse_json(struct stub *s, const unsigned char *json, size_t n, struct err *e)
{
    struct json_problem problem;
    struct json_node *root = json_tree_parse((const char *)json, n, &problem);
    bool ok = root != NULL;
    if (!ok && problem.no_memory)
        err_set(e, ERR_STATION, "Out of memory");
    else if (!ok)
        bad_stub(s, e, problem.what);
    for (const struct json_node *m = root ? root->first : NULL; ok && m; m = m->next)
        ok = m->kind != JSON_TEXT || take_member(s, m->key, m->text, strlen(m->text), e);
    json_tree_free(root);
    return ok;
}

static bool check_stub(const struct stub *s, struct err *e)
{
    if (s->text.size_bytes == 0 || s->entry_addr == 0 || s->text.addr == 0)
        return bad_stub(s, e, "entry, text or text_start is missing");
    if (s->entry_addr < s->text.addr || s->entry_addr - s->text.addr >= s->text.size_bytes)
        return bad_stub(s, e, "its entry lies outside its text");
    if (s->text.size_bytes % 4 != 0 || s->data.size_bytes % 4 != 0)
        return bad_stub(s, e, "a length is not a multiple of 4");
    if (s->data.size_bytes != 0 && s->data.addr == 0)
        return bad_stub(s, e, "data_start is missing");
    return true;
}

/* A stub does not say which generation it is of, so only those that were tried are known: the files
 * built in, wherever they lie. */
static const struct loader_kind *kind_of(const unsigned char *json, size_t n)
{
    for (size_t i = 0; i < stub_files_count; i++) {
        if (stub_files[i].size_bytes == n && memcmp(stub_files[i].bytes, json, n) == 0)
            return &loader_stub;
    }
    return &loader_stub_legacy;
}

#define OLD_PREFIX "stub_flasher_"

/* Named for its chip; the old names lack the "esp". */
static void name_stub(char name[static 32], const char *file)
{
    bool old = strncmp(file, OLD_PREFIX, sizeof OLD_PREFIX - 1) == 0;
    const char *from = old ? file + sizeof OLD_PREFIX - 1 : file;
    snprintf(name, 32, "%s%.*s", old ? "esp" : "", (int)strcspn(from, "."), from);
}

struct stub *stub_parse(const char *name, const unsigned char *json, size_t n, struct err *e)
{
    struct stub *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    snprintf(s->file, sizeof s->file, "%s", name);
    name_stub(s->name, name);
    s->kind = kind_of(json, n);
    if (parse_json(s, json, n, e) && check_stub(s, e))
        return s;
    stub_free(s);
    return NULL;
}

void stub_free(struct stub *s)
{
    if (!s)
        return;
    free(s->text.bytes);
    free(s->data.bytes);
    free(s);
}

/* ---- The set ---- */

static bool set_add(struct stub_set *set, const char *name, const unsigned char *json, size_t n,
                    struct err *e)
{
    struct stub **more = realloc(set->stubs, (set->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_STATION, "Out of memory");
    set->stubs = more;
    set->stubs[set->count] = stub_parse(name, json, n, e);
    if (!set->stubs[set->count])
        return false;
    set->count++; /* which frees it, whatever follows */
    const struct stub *s = set->stubs[set->count - 1], *first = stub_set_find(set, s->name);
    if (first == s)
        return true;
    err_set(e, ERR_STATION, "'%s' and '%s' are both the flasher stub %s", first->file, s->file,
            s->name);
    return err_hint(e, "Take one of them out of the folder.");
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct stub *const *)a)->name, (*(struct stub *const *)b)->name);
}

/* "esp32p4.json" is the stub for silicon of revision 3 on in esptool, but for the one before in
 * esptool up to 4.7 and in tasmota-webserial-esptool 7.3.7. */
static bool check_silicon(const struct stub *s, const char *path, struct err *e)
{
    const struct chip *c = chip_by_name(s->name);
    if (!c || c->stub_text_addr == 0 || s->text.addr == c->stub_text_addr)
        return true;
    err_set(e, ERR_STATION, "The stub file '%s' is for %s below revision %u.%u", path, c->name,
            c->stub_min_revision / 100, c->stub_min_revision % 100);
    return err_hint(e, "Call it %s.json; %s.json is the one for later silicon.", c->stub_below,
                    c->id_name);
}

/* The wrong chip's code would be uploaded and never heard of again. */
static bool check_name(const struct stub *s, const char *path, struct err *e)
{
    uint8_t sha256[DIGEST_SHA256_BYTES];
    if (!stub_digest(s, sha256))
        return err_set(e, ERR_STATION, "Out of memory");
    const struct stub_release *r = stub_release_of(sha256);
    if (!r || !stub_release_is_misnamed(s, r))
        return check_silicon(s, path, e);
    err_set(e, ERR_STATION, "The stub file '%s' holds the flasher stub of %s", path, r->name);
    return err_hint(e, "Give it its own name, or take it out of the folder.");
}

/* The others can be used all the same: only who needs this one is stopped by it. */
static bool note_problem(struct stub_set *set, const char *file, const struct err *problem,
                         struct err *e)
{
    struct stub_problem *more =
        realloc(set->problems, (set->problem_count + 1) * sizeof *set->problems);
    if (!more)
        return err_set(e, ERR_STATION, "Out of memory");
    set->problems = more;
    more[set->problem_count] = (struct stub_problem){ .err = *problem };
    name_stub(more[set->problem_count++].name, file);
    return true;
}

static bool take_file(struct stub_set *set, const char *folder, const char *name,
                      const unsigned char *json, size_t n, struct err *e)
{
    char path[4096];
    size_t before = set->count;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (set_add(set, name, json, n, e)) {
        if (check_name(set->stubs[before], path, e))
            return true;
    } else {
        err_wrap(e, "In '%.120s'", folder);
    }
    while (set->count > before)
        stub_free(set->stubs[--set->count]);
    return false;
}

static bool add_file(struct stub_set *set, const char *folder, const char *name, struct err *e)
{
    char path[4096];
    bool ok = false;
    unsigned char *text = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        err_set_sys(e, ERR_STATION, errno, "The stub file '%s' cannot be opened", path);
        return err_hint(e, "Check the file and its rights, or take it out of the folder.");
    }
    text = malloc(JSON_MAX_BYTES);
    if (!text) {
        err_set(e, ERR_STATION, "Out of memory");
        goto out;
    }
    size_t n = fread(text, 1, JSON_MAX_BYTES, f);
    if (ferror(f) || n == JSON_MAX_BYTES) {
        err_set(e, ERR_STATION, "The stub file '%s' is unreadable or larger than 1 MiB", path);
        err_hint(e, "Check the file and its rights, or take it out of the folder.");
        goto out;
    }
    ok = take_file(set, folder, name, text, n, e);
out:
    free(text);
    fclose(f);
    return ok;
}

/* Others lie beside them: package.json, what they were made from. */
static bool is_stub_name(const char *file)
{
    const char *dot = strchr(file, '.');
    return dot && strcmp(dot, ".json") == 0 &&
           (strncmp(file, "esp", 3) == 0 || strncmp(file, OLD_PREFIX, sizeof OLD_PREFIX - 1) == 0);
}

/* esptool keeps two generations in folders of their own. */
static bool no_stub_in(const char *folder, struct err *e)
{
    char path[4096];
    err_set(e, ERR_STATION, "The stub folder '%s' holds no flasher stub: no esp*.json file",
            folder);
    snprintf(path, sizeof path, "%s/2", folder);
    DIR *newer = opendir(path);
    if (!newer)
        return err_hint(e, "Give the folder of a published stub, for example "
                           "targets/stub_flasher/2 "
                           "of esptool.");
    closedir(newer);
    return err_hint(e, "It has a folder '2', as in esptool: try --stubs '%s'.", path);
}

static bool add_folder(struct stub_set *set, const char *folder, struct err *e)
{
    bool ok = true;
    DIR *dir = opendir(folder);
    if (!dir) {
        err_set_sys(e, ERR_STATION, errno, "The stub folder '%s' cannot be opened", folder);
        return err_hint(e, "Give a folder that is there with --stubs, or leave that away: stubs "
                           "are built in.");
    }
    for (struct dirent *entry = readdir(dir); ok && entry; entry = readdir(dir)) {
        struct err problem = { 0 };
        if (is_stub_name(entry->d_name) && !add_file(set, folder, entry->d_name, &problem))
            ok = note_problem(set, entry->d_name, &problem, e);
    }
    closedir(dir);
    if (ok && set->count == 0 && set->problem_count == 0)
        return no_stub_in(folder, e);
    return ok;
}

static bool add_embedded(struct stub_set *set, struct err *e)
{
    for (size_t i = 0; i < stub_files_count; i++) {
        if (!set_add(set, stub_files[i].name, stub_files[i].bytes, stub_files[i].size_bytes, e))
            return false;
    }
    return true;
}

struct stub_set *stub_set_new(const char *folder, struct err *e)
{
    struct stub_set *set = calloc(1, sizeof *set);
    if (!set) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    if (folder && !(set->folder = strdup(folder))) {
        err_set(e, ERR_STATION, "Out of memory");
    } else if (folder ? add_folder(set, folder, e) : add_embedded(set, e)) {
        if (set->count > 0)
            qsort(set->stubs, set->count, sizeof set->stubs[0], by_name);
        return set;
    }
    stub_set_free(set);
    return NULL;
}

struct stub_set *stub_set_fast(struct err *e)
{
    struct stub_set *set = calloc(1, sizeof *set);
    bool ok = set || err_set(e, ERR_STATION, "Out of memory");
    for (size_t i = 0; ok && i < fast_stub_files_count; i++) {
        const struct embedded_file *f = &fast_stub_files[i];
        ok = set_add(set, f->name, f->bytes, f->size_bytes, e);
        if (ok)
            set->stubs[set->count - 1]->kind = &loader_fast;
    }
    if (ok)
        return set;
    stub_set_free(set);
    return NULL;
}

void stub_set_free(struct stub_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        stub_free(set->stubs[i]);
    free(set->stubs);
    free(set->problems);
    free(set->folder);
    free(set);
}

bool stub_set_check(const struct stub_set *set, const char *name, struct err *e)
{
    for (size_t i = 0; set && i < set->problem_count; i++) {
        if (strcmp(set->problems[i].name, name) != 0)
            continue;
        *e = set->problems[i].err;
        return false;
    }
    return true;
}

size_t stub_set_problem_count(const struct stub_set *set)
{
    return set ? set->problem_count : 0;
}

const struct err *stub_set_problem(const struct stub_set *set, size_t i)
{
    return &set->problems[i].err;
}

const char *stub_set_problem_name(const struct stub_set *set, size_t i)
{
    return set->problems[i].name;
}

bool stub_is_known(const struct stub *s)
{
    uint8_t sha256[DIGEST_SHA256_BYTES];
    return !stub_digest(s, sha256) || stub_release_of(sha256);
}

const struct stub *stub_set_find(const struct stub_set *set, const char *name)
{
    for (size_t i = 0; set && i < set->count; i++) {
        if (strcmp(set->stubs[i]->name, name) == 0)
            return set->stubs[i];
    }
    return NULL;
}

size_t stub_set_count(const struct stub_set *set)
{
    return set ? set->count : 0;
}

const struct stub *stub_set_at(const struct stub_set *set, size_t i)
{
    return set->stubs[i];
}

const char *stub_set_folder(const struct stub_set *set)
{
    return set->folder;
}

void stub_set_explain(const struct stub_set *set, const char *name, const char *chip, char *text,
                      size_t cap)
{
    if (set->folder)
        snprintf(text, cap, "'%s' holds no flasher stub for %s (%s.json)", set->folder, chip, name);
    else if (set->count > 0)
        snprintf(text, cap, "no flasher stub for %s is built in (%s.json)", chip, name);
    else
        snprintf(text, cap, "this espstation was built without flasher stubs");
}

/* ---- Starting it ---- */

static bool upload(struct loader *l, const struct stub_segment *segment, struct err *e)
{
    uint32_t block_bytes = l->mem_block_bytes;
    uint32_t blocks = round_up_u32(segment->size_bytes, block_bytes) / block_bytes;
    if (!loader_mem_begin(l, segment->size_bytes, segment->addr, e))
        return false;
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t at = i * block_bytes;
        uint32_t left = segment->size_bytes - at;
        uint32_t n = left < block_bytes ? left : block_bytes;
        if (!loader_mem_block(l, i, segment->bytes + at, n, e))
            return err_wrap(e, "Block %u of %u for RAM at 0x%08x", i + 1, blocks, segment->addr);
    }
    return true;
}

/* ---- The rate it starts with ---- */

static bool sets_baud(const struct loader *l, const struct stub *s)
{
    return s->kind->sets_baud && l->chip && (l->chip->flags & CHIP_STUB_SETS_BAUD);
}

/* A word that holds something else is not the one: it stays as it is. */
static bool knows_where(struct loader *l, uint32_t *remembered)
{
    struct err ignored = { 0 };
    return l->chip->rom_baud_addr != 0 &&
           regs_read_fixed(l, l->chip->rom_baud_addr, remembered, &ignored) &&
           *remembered == LOADER_SYNC_BAUD;
}

bool stub_keeps_baud(struct loader *l, const struct stub *s)
{
    uint32_t remembered;
    return s->kind->keeps_baud && (!sets_baud(l, s) || knows_where(l, &remembered));
}

/* The rate that the stub finds when it looks: not that of the link where it is to start at another
 * one. */
static bool remember_baud(struct loader *l, const struct stub *s, uint32_t baud, struct err *e)
{
    uint32_t remembered;
    if (!sets_baud(l, s) || baud == LOADER_SYNC_BAUD || !knows_where(l, &remembered))
        return true;
    return loader_mem_word(l, l->chip->rom_baud_addr, baud, e);
}

bool stub_starts_at_any_baud(struct loader *l, const struct stub *s)
{
    uint32_t remembered;
    return s->kind->keeps_baud && sets_baud(l, s) && l->start_pointer_addr == 0 && !l->careful &&
           knows_where(l, &remembered);
}

/* ---- Into it ---- */

/* The stub greets once it runs; the answer to MEM_END may come before it or not at all. */
static bool await_greeting(struct loader *l, const struct loader_kind *kind, uint32_t timeout_ms,
                           struct err *e)
{
    struct deadline d = deadline_in_ms(l->link.port->clock, timeout_ms);
    const uint8_t *frame;
    size_t n;
    while (link_await_frame(&l->link, d, &frame, &n, e)) {
        if (n == kind->greeting_bytes &&
            memcmp(frame, kind->greeting, kind->greeting_compare_bytes) == 0) {
            loader_set_kind(l, kind);
            regs_forget(l); /* it has set up the flash controller anew */
            return true;
        }
        if (deadline_over(l->link.port->clock, d)) {
            err_set(e, ERR_TIMEOUT, "only other frames came");
            break;
        }
    }
    return err_wrap(e, "No greeting from the flasher stub within %g s", timeout_ms / 1000.0);
}

/* The ESP32-S3's ROM starts nothing in RAM while secure boot is on, but it calls through a pointer
 * in RAM when it reads the flash. The stub is started so, and puts the pointer right afterwards. */
static bool start_by_pointer(struct loader *l, const struct stub *s, struct err *e)
{
    uint32_t pointer;
    return loader_mem_stay(l, e) && loader_read_reg(l, l->start_pointer_addr, &pointer, e) &&
           loader_write_reg(l, l->start_pointer_addr, s->entry_addr, e) && loader_nudge(l, e) &&
           await_greeting(l, s->kind, GREETING_MS, e) &&
           loader_write_reg(l, l->start_pointer_addr, pointer, e);
}

static bool start(struct loader *l, const struct stub *s, struct err *e)
{
    if (l->start_pointer_addr != 0)
        return start_by_pointer(l, s, e);
    return loader_mem_run(l, s->entry_addr, e) && await_greeting(l, s->kind, GREETING_MS, e);
}

/* ---- At another rate ---- */

/* The ROM's last answer comes at its rate, if it comes: the stub may be quicker. */
static bool await_last_answer(struct loader *l, struct err *e)
{
    struct err missing = { 0 };
    struct reply r;
    struct deadline d = deadline_in_ms(l->link.port->clock, LAST_ANSWER_MS);
    if (link_await(&l->link, CMD_MEM_END, 0, false, d, &r, &missing) || missing.code == ERR_TIMEOUT)
        return true;
    *e = missing;
    return false;
}

/* A late adapter hears the greeting before it has heard of the rate. Then the stub is asked what it
 * has to be told anyway; and found, should that get no answer. */
static bool ask_unheard(struct loader *l, const struct stub *s, uint32_t flash_bytes, struct err *e)
{
    struct err silence = { 0 };
    loader_set_kind(l, s->kind);
    regs_forget(l);
    if (!link_discard(&l->link, e))
        return false;
    loader_first_set_params(l, flash_bytes);
    if (loader_ask_first(l, UNHEARD_MS, &silence) || loader_find_again(l, &silence))
        return true;
    *e = silence;
    return false;
}

/* False: silence, or noise. What the adapter has heard at another rate is noise, and then it has
 * greeted; the rest of a greeting that was heard in part follows at once. */
static bool hears_greeting(struct loader *l, const struct loader_kind *kind, uint64_t before_bytes,
                           struct err *e)
{
    struct deadline end = deadline_in_ms(l->link.port->clock, SOON_MS);
    for (;;) {
        *e = (struct err){ 0 };
        if (await_greeting(l, kind, PART_MS, e))
            return true;
        bool silent = e->code == ERR_TIMEOUT && l->link.port->rx_bytes == before_bytes;
        if (!silent || deadline_over(l->link.port->clock, end))
            return false;
    }
}

static bool meet(struct loader *l, const struct stub *s, uint64_t before_bytes,
                 uint32_t flash_bytes, struct err *e)
{
    struct err unheard = { 0 };
    if (hears_greeting(l, s->kind, before_bytes, &unheard))
        return true;
    if (unheard.code == ERR_TIMEOUT || unheard.code == ERR_FRAME)
        return ask_unheard(l, s, flash_bytes, e);
    *e = unheard;
    return false;
}

/* It is at its rate some milliseconds before it greets, and the ROM has said its last word long
 * before that. */
static bool start_at(struct loader *l, const struct stub *s, uint32_t baud, uint32_t flash_bytes,
                     struct err *e)
{
    struct port *port = l->link.port;
    struct err silence = { 0 };
    if (!loader_mem_run(l, s->entry_addr, e) || !await_last_answer(l, e))
        return false;
    uint64_t heard_bytes = port->rx_bytes - link_unread_bytes(&l->link);
    if (!port_set_baud(port, baud, e))
        return false;
    if (meet(l, s, heard_bytes, flash_bytes, &silence))
        return true;
    if (silence.code == ERR_PORT_GONE || silence.code == ERR_STOPPED) {
        *e = silence;
        return false;
    }
    return err_set(e, ERR_BAUD, "No answer of the flasher stub at %u baud: %s", baud, silence.what);
}

static bool send_all(struct loader *l, const struct stub *s, uint32_t baud, struct err *e)
{
    return remember_baud(l, s, baud, e) && upload(l, &s->text, e) &&
           spiflash_unprotect_asked(l, e) && (s->data.size_bytes == 0 || upload(l, &s->data, e));
}

static bool not_started(struct err *e)
{
    if (e->code == ERR_BAUD || e->code == ERR_PROTECTED)
        return false;
    err_as_phase(e, ERR_STUB);
    return err_wrap(e, "Starting the flasher stub");
}

bool stub_start(struct loader *l, const struct stub *s, struct err *e)
{
    return (send_all(l, s, l->link.port->baud, e) && start(l, s, e)) || not_started(e);
}

bool stub_start_at(struct loader *l, const struct stub *s, uint32_t baud, uint32_t flash_bytes,
                   struct err *e)
{
    return (send_all(l, s, baud, e) && start_at(l, s, baud, flash_bytes, e)) || not_started(e);
}
