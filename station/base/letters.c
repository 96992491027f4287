#include "station/base/letters.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The one that counts for letters, see setlocale(3). */
static const char *named(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return value;
    }
    return "";
}

void letters_open(void)
{
    const char *dot = strchr(named(), '.');
    if (setlocale(LC_CTYPE, "") || !dot)
        return;
    if (strncasecmp(dot, ".UTF-8", 6) == 0 || strncasecmp(dot, ".utf8", 5) == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
}
