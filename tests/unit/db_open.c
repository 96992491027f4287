/* Opening: new files, files that are none of ours, rights, locks, full disks, migrations, readers.
 */
#include "db/export/export.h"
#include "db/read/history.h"
#include "tests/unit/db_help.h"

#include "db/proof/audit.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* ---- Helpers ---- */

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static size_t read_file(const char *path, char *bytes, size_t cap)
{
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, cap, f);
    fclose(f);
    return n;
}

#define NOW  "6" /* the version of the schema, as sentences have it */
#define THEN "7" /* and the one after it */
enum { NEXT = DB_SCHEMA_VERSION + 1 };

static int files_in(const char *folder)
{
    int count = 0;
    const struct dirent *entry;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while ((entry = readdir(d)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(d);
    return count;
}

static void sql_on(const char *path, const char *sql)
{
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    if (sqlite3_exec(other, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(other));
    sqlite3_close(other);
}

static void assert_refused(struct bench *b, const char *words)
{
    memset(&b->e, 0, sizeof b->e);
    assert_null(db_open(b->path, 100, &b->e));
    assert_says(b, ERR_DATABASE, words);
}

static void assert_reader_refused(struct bench *b, const char *words)
{
    memset(&b->e, 0, sizeof b->e);
    assert_null(db_open_reader(b->path, 100, &b->e));
    assert_says(b, ERR_DATABASE, words);
}

/* Root may do everything, so rights are tried as the user who owns nothing here. */
static void drop_rights(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(65534), 0);
}

static void take_rights_back(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static int64_t pragma(const struct db *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return value;
}

struct text {
    char bytes[65536];
    size_t used;
};

static bool collect(void *ctx, const char *bytes, size_t n)
{
    struct text *t = ctx;
    if (n >= sizeof t->bytes - t->used)
        return false;
    memcpy(t->bytes + t->used, bytes, n);
    t->used += n;
    t->bytes[t->used] = '\0';
    return true;
}

static int64_t runs_read(struct bench *b, struct db *reader)
{
    static struct text text;
    const struct db_sink sink = { .ctx = &text, .emit = collect };
    int64_t runs = -1;
    text.used = 0;
    check_ok(b, db_export(reader, DB_CSV, NULL, &sink, &runs, &b->e));
    return runs;
}

/* ---- New files ---- */

static void db_makes_a_record_that_survives_power_loss(void **state)
{
    struct bench *b = *state;
    struct stat st;
    const mode_t before = umask(022);
    b->db = open_or_fail(b);
    umask(before);
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_answer(b, "PRAGMA journal_mode", "wal");
    assert_int_equal(pragma(b->db, "PRAGMA synchronous"), 2); /* FULL */
    assert_int_equal(pragma(b->db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(pragma(b->db, "PRAGMA user_version"), DB_SCHEMA_VERSION);
    assert_int_equal(pragma(b->db, "PRAGMA application_id"), DB_APPLICATION_ID);
    db_close(b->db);
    assert_int_equal(files_in(b->folder), 1); /* the log is folded in */
    b->db = open_or_fail(b);
}

static void db_takes_any_name_literally(void **state)
{
    static const char *const names[] = { ":memory:", "file:x?mode=memory", "100% of #1?.db",
                                         "a b\xC3\xA9.db" };
    struct bench *b = *state;
    char here[512];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(b->folder), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat st;
        struct db *db = db_open(names[i], 100, &b->e);
        assert_non_null(db);
        db_close(db);
        assert_int_equal(stat(names[i], &st), 0);
        assert_true(st.st_size > 4096);
    }
    assert_int_equal(chdir(here), 0);
    snprintf(b->path, sizeof b->path, "/%s/twice.db", b->folder);
    b->db = open_or_fail(b);
}

static void db_takes_an_empty_file_as_new(void **state)
{
    struct bench *b = *state;
    write_file(b->path, "", 0);
    assert_reader_refused(b, "is empty: no station has written to it yet");
    b->db = open_or_fail(b);
}

static void db_lets_several_stations_make_the_same_file_at_once(void **state)
{
    struct bench *b = *state;
    for (int round = 0; round < 10; round++) {
        pid_t children[4];
        snprintf(b->path, sizeof b->path, "%s/round%d.db", b->folder, round);
        for (size_t i = 0; i < 4; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0) {
                struct db *db = db_open(b->path, 20000, &b->e);
                if (db == NULL)
                    fprintf(stderr, "%s\n", b->e.what);
                const int rc = db == NULL ? 1 : 0;
                db_close(db);
                _exit(rc);
            }
        }
        for (size_t i = 0; i < 4; i++) {
            int status = -1;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        assert_answer(b, "SELECT count(*) FROM sqlite_master WHERE name = 'run'", "1");
    }
}

/* ---- Files that are refused ---- */

static void db_names_what_is_wrong_with_a_path(void **state)
{
    struct bench *b = *state;
    char good[sizeof b->path];
    memcpy(good, b->path, sizeof good);
    assert_reader_refused(b, "There is no record");
    assert_int_equal(files_in(b->folder), 0);

    snprintf(b->path, sizeof b->path, "%s/no/such.db", b->folder);
    assert_refused(b, "The folder for");
    assert_non_null(strstr(b->e.hint, "mkdir"));
    snprintf(b->path, sizeof b->path, "%s", b->folder);
    assert_refused(b, "is a folder, not a file");
    snprintf(b->path, sizeof b->path, "/dev/null");
    assert_refused(b, "is a device or a pipe, not a file");
    memcpy(b->path, good, sizeof good);
    assert_int_equal(mkfifo(b->path, 0644), 0);
    assert_refused(b, "is a device or a pipe"); /* and did not wait for its other end */
    assert_int_equal(unlink(b->path), 0);

    assert_null(db_open("", 100, &b->e));
    assert_says(b, ERR_USAGE, "empty");
    char *endless = calloc(1, 9001);
    assert_non_null(endless);
    memset(endless, 'x', 9000);
    assert_null(db_open(endless, 100, &b->e));
    assert_says(b, ERR_USAGE, "too long");
    free(endless);
}

static void db_keeps_long_paths_readable_in_its_sentences(void **state)
{
    struct bench *b = *state;
    char path[512];
    snprintf(path, sizeof path, "%s/%0200d/lot-17.db", b->folder, 0);
    assert_null(db_open(path, 100, &b->e));
    assert_says(b, ERR_DATABASE, "The folder for ...0000");
    assert_non_null(strstr(b->e.what, "/lot-17.db does not exist"));
}

static void db_leaves_files_of_others_as_they_are(void **state)
{
    static const struct {
        const char *sql; /* NULL: plain text */
        const char *words;
    } others[] = {
        { NULL, "is not an SQLite database" },
        { "CREATE TABLE notes (text)", "is the database of another program (application id 0" },
        { "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)", "another program" },
        { "PRAGMA application_id = 252006673; CREATE TABLE notes (text)",
          "another program (application id 252006673" },
        { "PRAGMA application_id = 252006673", "application id 252006673" },
        { "PRAGMA user_version = 3", "another program (application id 0" },
        { "PRAGMA journal_mode = WAL", "another program (application id 0" },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        static char before[65536], after[65536];
        unlink(b->path);
        if (others[i].sql == NULL)
            write_file(b->path, "recipe: thermostat\n", 19);
        else
            sql_on(b->path, others[i].sql);
        const size_t n = read_file(b->path, before, sizeof before);
        assert_refused(b, others[i].words);
        assert_reader_refused(b, others[i].words);
        assert_int_equal(read_file(b->path, after, sizeof after), n);
        assert_memory_equal(before, after, n);
        assert_int_equal(files_in(b->folder), 1);
    }
}

/* Tables still in the log of a program that was killed: opening it in the ordinary way would fold
 * them in. */
static void db_leaves_the_logs_of_others_as_they_are(void **state)
{
    struct bench *b = *state;
    static char before[2][65536], after[2][65536];
    char command[512], log[128];
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    snprintf(command, sizeof command,
             "mkdir %s/cut && cp %s %s-wal %s/cut && rm -f %s/cut/*-shm && chmod 777 %s/cut",
             b->folder, b->path, b->path, b->folder, b->folder, b->folder);
    assert_int_equal(system(command), 0);
    sqlite3_close(other);

    snprintf(b->path, sizeof b->path, "%s/cut/station.db", b->folder);
    snprintf(log, sizeof log, "%s-wal", b->path);
    const size_t n = read_file(b->path, before[0], sizeof before[0]);
    const size_t log_n = read_file(log, before[1], sizeof before[1]);
    assert_true(log_n > 4096);
    assert_refused(b, "is the database of another program");
    assert_reader_refused(b, "is the database of another program");
    assert_int_equal(read_file(b->path, after[0], sizeof after[0]), n);
    assert_int_equal(read_file(log, after[1], sizeof after[1]), log_n);
    assert_memory_equal(before[0], after[0], n);
    assert_memory_equal(before[1], after[1], log_n);
    snprintf(command, sizeof command, "%s/cut", b->folder);
    assert_int_equal(files_in(command), 2);
}

static void db_refuses_a_damaged_file(void **state)
{
    struct bench *b = *state;
    static char bytes[1 << 20];
    bench_open(b);
    db_close(b->db);
    b->db = NULL;
    const size_t n = read_file(b->path, bytes, sizeof bytes);
    memset(bytes + 100, 0x5A, 3000); /* the schema's first page, behind the header */
    write_file(b->path, bytes, n);
    assert_refused(b, "is damaged");
    assert_non_null(strstr(b->e.hint, ".recover"));
}

static void db_refuses_a_newer_schema(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    db_close(b->db);
    b->db = NULL;
    sql_on(b->path, "PRAGMA user_version = 7");
    assert_refused(b, "was made by a newer espstation: version 7, this one knows up to " NOW);
    assert_reader_refused(b, "was made by a newer espstation: version 7");
    assert_answer(b, "PRAGMA user_version", "7");
    sql_on(b->path, "PRAGMA user_version = 0");
    assert_reader_refused(b, "was made by an older espstation: version 0, reading needs 2");
}

/* ---- Migration ---- */

static void db_brings_an_older_file_up_in_one_transaction(void **state)
{
    static const char *const good[] = {
        "ALTER TABLE lot ADD COLUMN shift INTEGER",
        "CREATE TABLE shift (id INTEGER PRIMARY KEY)",
    };
    static const char *const bad[] = { "ALTER TABLE lot ADD COLUMN shift INTEGER", "nonsense" };
    struct schema_step broken[NEXT] = { [NEXT - 1] = { bad, 2, 0, NULL } };
    struct schema_step whole[NEXT] = { [NEXT - 1] = { good, 2, 0, NULL } };
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);

    assert_false(schema_apply(b->db, &(struct schema_list){ broken, NEXT, NULL }, &b->e));
    assert_says(b, ERR_DATABASE, "Bringing the record to version " THEN ": ");
    assert_answer(b, "PRAGMA user_version", NOW);
    assert_answer(b, "SELECT count(*) FROM pragma_table_info('lot') WHERE name = 'shift'", "0");

    check_ok(b, schema_apply(b->db, &(struct schema_list){ whole, NEXT, NULL }, &b->e));
    assert_answer(b, "PRAGMA user_version", THEN);
    assert_answer(b, "SELECT count(*) FROM pragma_table_info('lot') WHERE name = 'shift'", "1");
    assert_answer(b, "SELECT verdict FROM run", "PASS");
    db_close(b->db);
    b->db = NULL;
    assert_refused(b, "version " THEN ", this one knows up to " NOW);
}

/* A line for each thing in the file, and for each column of its tables. */
static void assert_same_schema(sqlite3 *one, const char *path)
{
    static const char both[] =
        "WITH one AS (%s), two AS (%s) SELECT * FROM (SELECT * FROM one EXCEPT SELECT * FROM two)"
        " UNION ALL SELECT * FROM (SELECT * FROM two EXCEPT SELECT * FROM one)";
    static const char things[] = "SELECT type, name, tbl_name, sql FROM %s.sqlite_master";
    static const char columns[] =
        "SELECT m.name, c.cid, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden"
        " FROM %s.sqlite_master AS m, pragma_table_xinfo(m.name, '%s') AS c";
    char *attach = sqlite3_mprintf("ATTACH %Q AS file", path);
    assert_int_equal(sqlite3_exec(one, attach, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(attach);
    for (size_t i = 0; i < 2; i++) {
        const char *form = i == 0 ? things : columns;
        char *left = sqlite3_mprintf(form, "main", "main");
        char *right = sqlite3_mprintf(form, "file", "file");
        char *sql = sqlite3_mprintf(both, left, right);
        sqlite3_stmt *s = NULL;
        assert_int_equal(sqlite3_prepare_v2(one, sql, -1, &s, NULL), SQLITE_OK);
        if (sqlite3_step(s) != SQLITE_DONE)
            fail_msg("%s %s differs", sqlite3_column_text(s, 0), sqlite3_column_text(s, 1));
        sqlite3_finalize(s);
        sqlite3_free(sql);
        sqlite3_free(right);
        sqlite3_free(left);
    }
}

/* A new record is not made by the steps that bring an old one up; it must not show. */
static void db_new_file_is_as_the_steps_make_it(void **state)
{
    struct bench *b = *state;
    sqlite3 *stepped = NULL;
    char answer[64];
    bench_open(b);
    db_close(b->db);
    b->db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &stepped), SQLITE_OK);
    for (int v = 0; v < DB_SCHEMA_VERSION; v++)
        assert_int_equal(schema_run_step(stepped, &schema_steps[v]), SQLITE_OK);
    assert_same_schema(stepped, b->path);
    sqlite3_close(stepped);
    ask(b, "SELECT count(*) > 100 FROM sqlite_master", answer, sizeof answer);
    assert_string_equal(answer, "1");
    assert_answer(b, "PRAGMA user_version", NOW);
}

/* A file that the station wrote when the schema had version 1: two runs that passed, one refused,
 * and one that was open when the station was killed. */
static void make_version_1(const struct bench *b)
{
    static char sql[65536];
    const size_t n = read_file("tests/data/record/v1.sql", sql, sizeof sql - 1);
    sql[n] = '\0';
    sql_on(b->path, sql);
}

static void db_keeps_the_old_file_when_it_brings_one_up(void **state)
{
    struct bench *b = *state;
    struct db_audit audit;
    const struct db_audit_setup setup = { 0 };
    make_version_1(b);
    assert_reader_refused(b, "was made by an older espstation: version 1, reading needs 2");
    bench_open(b);
    assert_answer(b, "PRAGMA user_version", NOW);
    assert_answer(b,
                  "SELECT group_concat(ifnull(verdict, '-')) FROM (SELECT * FROM run ORDER BY id)",
                  "PASS,PASS,FAIL,INTERRUPTED"); /* it is of a boot before this one */
    assert_answer(b, "SELECT group_concat(kind || row, ' ') FROM (SELECT * FROM link ORDER BY id)",
                  "station1 station2 station3 recipe1 lot1 board1 board2 run1 run2 run3"
                  " station-end1 station-end2 run4 station4");
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && db_audit(reader, &setup, &audit, &b->e));
    db_close(reader);
    assert_int_equal(audit.findings, 0);
    whole_run(b, "240ac4000009", 0, 1, T0_MS, DB_PASS);
    snprintf(b->path + strlen(b->path), sizeof b->path - strlen(b->path), ".v1-backup");
    assert_answer(b, "PRAGMA user_version", "1");
    assert_answer(b, "SELECT count(*) || ' ' || (SELECT count(*) FROM digest) FROM run", "4 9");
    assert_answer(b, "PRAGMA integrity_check", "ok");
}

static void db_overwrites_no_older_backup(void **state)
{
    struct bench *b = *state;
    char name[128], bytes[16];
    make_version_1(b);
    snprintf(name, sizeof name, "%s.v1-backup", b->path);
    write_file(name, "mine", 4);
    bench_open(b);
    assert_int_equal(read_file(name, bytes, sizeof bytes), 4);
    snprintf(name, sizeof name, "%s.v1-backup-2", b->path);
    assert_int_equal(access(name, R_OK), 0);
}

/* Without room for the copy nothing is changed. */
static void db_does_not_bring_a_file_up_without_a_copy(void **state)
{
    struct bench *b = *state;
    struct stat st;
    make_version_1(b);
    assert_int_equal(stat(b->path, &st), 0);
    const struct rlimit small = { (rlim_t)st.st_size - 4096, RLIM_INFINITY };
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct db *db = db_open(b->path, 100, &b->e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    signal(SIGXFSZ, before);
    assert_null(db);
    assert_says(b, ERR_DATABASE, "Keeping the old record before it is brought up to date: ");
    assert_answer(b, "PRAGMA user_version", "1");
    assert_int_equal(files_in(b->folder), 1);
}

/* ---- Rights ---- */

static void db_refuses_to_write_where_it_may_not(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    db_close(b->db);
    b->db = NULL;
    assert_int_equal(chmod(b->path, 0444), 0);
    assert_int_equal(chmod(b->folder, 0777), 0);
    drop_rights();
    assert_refused(b, "You may not write");
    take_rights_back();

    assert_int_equal(chmod(b->path, 0666), 0);
    assert_int_equal(chmod(b->folder, 0555), 0);
    drop_rights();
    assert_refused(b, "You may not make files in the folder of");
    take_rights_back();

    assert_int_equal(chmod(b->path, 0000), 0);
    drop_rights();
    assert_refused(b, "You may not read");
    assert_reader_refused(b, "You may not read");
    take_rights_back();
    assert_int_equal(chmod(b->folder, 0000), 0);
    drop_rights();
    assert_refused(b, "Cannot look at");
    take_rights_back();
}

static void db_reads_where_nothing_may_be_written(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS);
    db_close(b->db);
    b->db = NULL;
    assert_int_equal(chmod(b->path, 0444), 0);
    assert_int_equal(chmod(b->folder, 0555), 0);
    drop_rights();
    b->db = db_open_reader(b->path, 100, &b->e);
    take_rights_back();
    assert_non_null(b->db);
    assert_int_equal(runs_read(b, b->db), 1);
    assert_int_equal(files_in(b->folder), 2); /* with the locks of stations */
}

/* A folder for all, a file for its owner: the files beside must not become the reader's own, which
 * would lock the station out. */
static void db_reader_with_fewer_rights_makes_no_files(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    db_close(b->db);
    assert_int_equal(chmod(b->path, 0444), 0);
    assert_int_equal(chmod(b->folder, 0777), 0);
    drop_rights();
    b->db = db_open_reader(b->path, 100, &b->e);
    take_rights_back();
    assert_non_null(b->db);
    assert_int_equal(runs_read(b, b->db), 0);
    assert_int_equal(files_in(b->folder), 2);
}

static void db_reader_with_fewer_rights_sees_a_station_at_work(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_PASS); /* still in the log */
    assert_int_equal(files_in(b->folder), 4);
    if (getuid() !=
        0) /* the owner takes the rights from himself; the station keeps its files open */
        assert_int_equal(chmod(b->path, 0444) | chmod(b->folder, 0555), 0);
    drop_rights();
    struct db *reader = db_open_reader(b->path, 100, &b->e);
    take_rights_back();
    assert_non_null(reader);
    assert_int_equal(runs_read(b, reader), 1);
    start_run(b);
    assert_int_equal(runs_read(b, reader), 2);
    db_close(reader);
    start_run(b);
}

static void db_reader_notices_when_an_unlocked_file_changes(void **state)
{
    static struct text text;
    struct bench *b = *state;
    const struct db_sink sink = { .ctx = &text, .emit = collect };
    text.used = 0;
    bench_open(b);
    db_close(b->db);
    assert_int_equal(chmod(b->path, 0444) | chmod(b->folder, 0555), 0);
    drop_rights();
    struct db *reader = db_open_reader(b->path, 100, &b->e);
    take_rights_back();
    assert_non_null(reader);
    assert_int_equal(chmod(b->path, 0644) | chmod(b->folder, 0755), 0);
    bench_open(b);
    start_run(b);
    db_close(b->db); /* folds the log into the file */
    b->db = NULL;
    assert_false(db_export(reader, DB_CSV, NULL, &sink, NULL, &b->e));
    assert_says(b, ERR_DATABASE, "was written while it was read");
    db_close(reader);
}

static void db_reader_does_not_overlook_rows_in_the_log(void **state)
{
    struct bench *b = *state;
    char command[512];
    bench_open(b);
    start_run(b);
    /* as after a power cut: the file and its log, without the index */
    snprintf(command, sizeof command, "cp %s %s/cut.db && cp %s-wal %s/cut.db-wal", b->path,
             b->folder, b->path, b->folder);
    assert_int_equal(system(command), 0);
    snprintf(b->path, sizeof b->path, "%s/cut.db", b->folder);
    assert_int_equal(chmod(b->path, 0444) | chmod(b->folder, 0555), 0);
    drop_rights();
    assert_reader_refused(b, "has rows waiting in its -wal file");
    take_rights_back();
    assert_int_equal(chmod(b->path, 0644) | chmod(b->folder, 0755), 0);
    struct db *reader = db_open_reader(b->path, 100, &b->e);
    assert_non_null(reader);
    assert_int_equal(runs_read(b, reader), 1);
    db_close(reader);
}

/* ---- Readers and the station ---- */

static void db_reader_does_not_wait_for_a_station(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    start_run(b);
    struct db *reader = db_open_reader(b->path, 0, &b->e);
    assert_non_null(reader);
    check_ok(b, db_begin(b->db, &b->e)); /* the station is in the middle of a transaction */
    assert_int_equal(runs_read(b, reader), 1);
    check_ok(b, db_finish(b->db, true, &b->e));
    start_run(b);
    assert_int_equal(runs_read(b, reader), 2);
    db_close(reader);
    start_run(b);
}

static void db_keeps_reading_and_writing_apart(void **state)
{
    static struct text text;
    struct bench *b = *state;
    const struct db_sink sink = { .ctx = &text, .emit = collect };
    bench_open(b);
    assert_false(db_export(b->db, DB_CSV, NULL, &sink, NULL, &b->e));
    assert_says(b, ERR_STATION, "read it on a handle of its own");
    struct db *reader = db_open_reader(b->path, 100, &b->e);
    assert_non_null(reader);
    assert_int_equal(db_lot_put(reader, "A", T0_MS, &b->e), 0);
    assert_says(b, ERR_STATION, "is open for reading only");
    assert_int_not_equal(
        sqlite3_exec(reader->sql, "INSERT INTO lot VALUES (1, 'a', 'b')", NULL, NULL, NULL),
        SQLITE_OK);
    db_close(reader);
    db_close(NULL);
}

/* SQLite's own locks are tied to the process and its files: judging a file must not drop them. */
static void db_keeps_its_locks_while_others_in_the_process_look(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    check_ok(b, db_begin(b->db, &b->e));
    struct db *reader = db_open_reader(b->path, 100, &b->e);
    assert_non_null(reader);
    db_close(reader);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sqlite3 *other = NULL;
        int rc = sqlite3_open(b->path, &other);
        rc = rc == SQLITE_OK ? sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) : 1;
        sqlite3_close(other);
        _exit(rc == SQLITE_BUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    check_ok(b, db_finish(b->db, true, &b->e));
}

/* ---- Locks ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Holds the write lock in another process until `release` is closed. */
static pid_t lock_elsewhere(const char *path, const char *begin, int *release)
{
    int hold[2], ready[2];
    char byte;
    assert_int_equal(pipe(hold) | pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sqlite3 *other = NULL;
        close(hold[1]);
        if (sqlite3_open(path, &other) != SQLITE_OK ||
            sqlite3_exec(other, begin, NULL, NULL, NULL) != SQLITE_OK ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        if (read(hold[0], &byte, 1) < 0)
            _exit(2);
        _exit(0);
    }
    close(hold[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *release = hold[1];
    return child;
}

/* Our name for the kernel; under valgrind it is valgrind's. */
static const char *own_name(void)
{
    static char name[32];
    const size_t n = read_file("/proc/self/comm", name, sizeof name - 1);
    name[n] = '\0';
    name[strcspn(name, "\n")] = '\0';
    return name;
}

static void db_names_the_program_that_locks_the_record(void **state)
{
    struct bench *b = *state;
    char words[96];
    int release;
    bench_open(b);
    const int64_t run_id = start_run(b);
    see(b, run_id, "240ac4000001");
    const pid_t child = lock_elsewhere(b->path, "BEGIN IMMEDIATE", &release);
    const int64_t before_ms = now_ms();
    assert_false(try_close(b, run_id, DB_PASS));
    const int64_t waited_ms = now_ms() - before_ms;
    snprintf(words, sizeof words, "is locked by process %d (%s); waited 300 ms", child, own_name());
    assert_says(b, ERR_DATABASE, "Recording the end of run 1: ");
    assert_says(b, ERR_DATABASE, words);
    assert_in_range(waited_ms, 300, 5000);
    assert_answer(b, "SELECT verdict FROM run", "NULL");

    b->db->busy_ms = 20000;
    close(release); /* the other program ends while we wait or before */
    check_ok(b, try_close(b, run_id, DB_PASS));
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void db_names_the_lock_when_it_cannot_open(void **state)
{
    struct bench *b = *state;
    char words[96];
    int release;
    bench_open(b);
    db_close(b->db);
    b->db = NULL;
    const pid_t child = lock_elsewhere(
        b->path, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT * FROM run", &release);
    snprintf(words, sizeof words, "is locked by process %d (%s); waited 100 ms", child, own_name());
    assert_refused(b, words);
    assert_reader_refused(b, words);
    close(release);
    assert_int_equal(waitpid(child, NULL, 0), child);
    b->db = open_or_fail(b);
}

/* ---- Full disks ---- */

static void db_undoes_and_goes_on_when_the_disk_was_full(void **state)
{
    struct bench *b = *state;
    int runs = 0;
    bench_open(b);
    const int64_t recipe_id = put_recipe(b, b->db);
    const struct db_run_begin run = {
        .recipe_id = recipe_id, .slot = 1, .port = "p", .started_utc_ms = T0_MS
    };
    sqlite3_exec(b->db->sql, "PRAGMA max_page_count = 1", NULL, NULL, NULL); /* = present size */
    while (runs < 10000 && db_run_start(b->db, &run, &b->e) > 0)
        runs++;
    assert_in_range(runs, 1, 9999);
    assert_says(b, ERR_DATABASE,
                "Recording the start of a run in slot 1: No room left on the disk");
    assert_int_equal(b->e.sys, ENOSPC);
    sqlite3_exec(b->db->sql, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
    assert_int_equal(db_run_start(b->db, &run, &b->e), runs + 1);
    assert_answer(b, "PRAGMA integrity_check", "ok");
}

/* The log may not grow: what a full disk looks like to write(2). */
static void db_reports_a_log_that_may_not_grow(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = start_run(b);
    see(b, run_id, "240ac4000001");
    const struct rlimit small = { 16384, RLIM_INFINITY };
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const bool closed = try_close(b, run_id, DB_PASS);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    signal(SIGXFSZ, before);
    assert_false(closed);
    assert_says(b, ERR_DATABASE, "may not grow any more: File too large");
    assert_answer(b, "SELECT verdict FROM run", "NULL");
    check_ok(b, try_close(b, run_id, DB_PASS)); /* there is room again */
    assert_answer(b, "SELECT verdict FROM run", "PASS");
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_makes_a_record_that_survives_power_loss),
        ON_BENCH(db_takes_any_name_literally),
        ON_BENCH(db_takes_an_empty_file_as_new),
        ON_BENCH(db_lets_several_stations_make_the_same_file_at_once),
        ON_BENCH(db_names_what_is_wrong_with_a_path),
        ON_BENCH(db_keeps_long_paths_readable_in_its_sentences),
        ON_BENCH(db_leaves_files_of_others_as_they_are),
        ON_BENCH(db_leaves_the_logs_of_others_as_they_are),
        ON_BENCH(db_refuses_a_damaged_file),
        ON_BENCH(db_refuses_a_newer_schema),
        ON_BENCH(db_new_file_is_as_the_steps_make_it),
        ON_BENCH(db_brings_an_older_file_up_in_one_transaction),
        ON_BENCH(db_keeps_the_old_file_when_it_brings_one_up),
        ON_BENCH(db_overwrites_no_older_backup),
        ON_BENCH(db_does_not_bring_a_file_up_without_a_copy),
        ON_BENCH(db_refuses_to_write_where_it_may_not),
        ON_BENCH(db_reads_where_nothing_may_be_written),
        ON_BENCH(db_reader_with_fewer_rights_makes_no_files),
        ON_BENCH(db_reader_with_fewer_rights_sees_a_station_at_work),
        ON_BENCH(db_reader_notices_when_an_unlocked_file_changes),
        ON_BENCH(db_reader_does_not_overlook_rows_in_the_log),
        ON_BENCH(db_reader_does_not_wait_for_a_station),
        ON_BENCH(db_keeps_reading_and_writing_apart),
        ON_BENCH(db_keeps_its_locks_while_others_in_the_process_look),
        ON_BENCH(db_names_the_program_that_locks_the_record),
        ON_BENCH(db_names_the_lock_when_it_cannot_open),
        ON_BENCH(db_undoes_and_goes_on_when_the_disk_was_full),
        ON_BENCH(db_reports_a_log_that_may_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
