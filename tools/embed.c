/*
 * Writes files as one C table: `embed NAME FILE...` prints `const struct embedded_file NAME[]` with
 * its count. A build tool; nothing of it is in the station.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool embed_bytes(const char *path, size_t index);

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: embed NAME FILE...\n");
        return 2;
    }
    printf("#include \"core/base/embedded.h\"\n");
    for (int i = 2; i < argc; i++) {
        if (!embed_bytes(argv[i], (size_t)i))
            return 1;
    }
    printf("const struct embedded_file %s[] = {\n", argv[1]);
    for (int i = 2; i < argc; i++)
        printf("    { \"%s\", file_%d, sizeof file_%d - 1 },\n", base_name(argv[i]), i, i);
    printf("    { 0, 0, 0 },\n};\nconst size_t %s_count = %d;\n", argv[1], argc - 2);
    return 0;
}

/* One closing NUL makes the text usable as a string; it is not counted. */
static bool embed_bytes(const char *path, size_t index)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return false;
    }
    printf("static const unsigned char file_%zu[] = {", index);
    size_t n = 0;
    for (int c = fgetc(f); c != EOF; c = fgetc(f))
        printf("%s%d,", n++ % 20 ? "" : "\n    ", c);
    printf("\n    0,\n};\n");
    fclose(f);
    return true;
}
