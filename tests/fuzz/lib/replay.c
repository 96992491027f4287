/*
 * Runs a target over the inputs that are kept, each copied into a block of exactly its size so that
 * the sanitizers see every byte read too much. Keeps them, too.
 *
 *   fuzz_NAME                       all of tests/fuzz/corpus/NAME.txt, as TAP
 *   fuzz_NAME --unpack FOLDER       each input into a file, for libFuzzer
 *   fuzz_NAME --pack FOLDER [PREFIX]  the files of a folder as lines, on standard output
 *   fuzz_NAME FILE...               these files
 *
 * A line is a name, a blank, and the input with \xNN for what is not plain text. Before each input
 * its name goes to standard error: the last one is the one that crashed.
 */
#include "tests/fuzz/lib/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(const char *name, const uint8_t *bytes, size_t n)
{
    uint8_t *exact = must_alloc(n);
    memcpy(exact, bytes, n);
    fprintf(stderr, "# %s\n", name);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

/* ---- Lines ---- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;
    must(at != NULL, "the corpus has two lower-case digits behind \\x");
    return (int)(at - digits);
}

/* In place; gives the number of bytes. */
static size_t unescape(char *text)
{
    size_t n = 0;
    for (const char *p = text; *p; n++) {
        if (p[0] == '\\' && p[1] == 'x') {
            text[n] = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
            p += 4;
        } else if (p[0] == '\\') {
            text[n] = p[1];
            p += 2;
        } else {
            text[n] = *p++;
        }
    }
    return n;
}

static void put_escaped(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\\')
            fputs("\\\\", stdout);
        else if (bytes[i] >= 0x20 && bytes[i] < 0x7F)
            putchar(bytes[i]);
        else
            printf("\\x%02x", bytes[i]);
    }
}

typedef void (*use)(const char *name, const uint8_t *bytes, size_t n);

/* Every input of a corpus file; gives their number. */
static size_t each_line(const char *path, use use_it)
{
    char *line = NULL;
    size_t cap = 0, count = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    for (ssize_t got; (got = getline(&line, &cap, f)) > 0; count++) {
        line[strcspn(line, "\n")] = '\0';
        char *blank = strchr(line, ' ');
        must(blank != NULL, "each line of the corpus has a name and a blank");
        *blank = '\0';
        use_it(line, (const uint8_t *)blank + 1, unescape(blank + 1));
    }
    free(line);
    fclose(f);
    return count;
}

/* ---- Files ---- */

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    must(f && fseek(f, 0, SEEK_END) == 0, "the file can be read");
    *n = (size_t)ftell(f);
    uint8_t *bytes = must_alloc(*n);
    rewind(f);
    must(fread(bytes, 1, *n, f) == *n, "the file can be read");
    fclose(f);
    return bytes;
}

static void run_file(const char *path)
{
    size_t n;
    uint8_t *bytes = read_file(path, &n);
    run(path, bytes, n);
    free(bytes);
}

static const char *unpack_folder;

static void unpack(const char *name, const uint8_t *bytes, size_t n)
{
    char path[600];
    snprintf(path, sizeof path, "%.400s/%.100s", unpack_folder, name);
    put_file(path, bytes, n);
}

/* libFuzzer names a file after its digest, of which a part is enough. */
static void pack_file(const char *folder, const char *name, const char *prefix)
{
    char path[600];
    size_t n;
    snprintf(path, sizeof path, "%.400s/%.100s", folder, name);
    uint8_t *bytes = read_file(path, &n);
    printf("%s%.*s ", prefix, strlen(name) == 40 ? 12 : 100, name);
    put_escaped(bytes, n);
    putchar('\n');
    free(bytes);
}

static int pack(const char *folder, const char *prefix)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);
    must(count >= 0, "the folder can be read");
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.')
            pack_file(folder, names[i]->d_name, prefix);
        free(names[i]);
    }
    free(names);
    return 0;
}

/* ---- What is asked for ---- */

static int run_corpus(const char *name, const char *path)
{
    size_t count = each_line(path, run);
    printf("1..1\n%s 1 - %s: %zu kept inputs\n", count > 0 ? "ok" : "not ok", name, count);
    return count > 0 ? 0 : 1;
}

/* A target may change into a folder of its own: the files are found before. */
static int run_files(char **names, int count)
{
    char **paths = must_alloc((size_t)count * sizeof *paths);
    for (int i = 0; i < count; i++)
        must((paths[i] = realpath(names[i], NULL)) != NULL, "the file is there");
    for (int i = 0; i < count; i++) {
        run_file(paths[i]);
        free(paths[i]);
    }
    free(paths);
    return 0;
}

int main(int argc, char **argv)
{
    char path[300];
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    name += strncmp(name, "fuzz_", 5) == 0 ? 5 : 0;
    snprintf(path, sizeof path, "tests/fuzz/corpus/%.200s.txt", name);
    if (argc == 1)
        return run_corpus(name, path);
    if (argc == 3 && strcmp(argv[1], "--unpack") == 0) {
        unpack_folder = argv[2];
        each_line(path, unpack);
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "--pack") == 0)
        return pack(argv[2], argc > 3 ? argv[3] : "");
    return run_files(argv + 1, argc - 1);
}
