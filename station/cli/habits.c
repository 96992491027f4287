#include "station/cli/habits.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *words; /* between blanks; a '-' stands for '_' as well */
    const char *answer;
} commands[] = {
    { " flash program upload burn write write-flash ", "To flash boards: espstation run RECIPE "
                                                       "--port /dev/ttyUSB0" },
    { " erase-flash erase-region ", "To erase a board: espstation erase --port /dev/ttyUSB0 "
                                    "--yes" },
    { " read-flash dump ", "To read a flash: espstation read --port /dev/ttyUSB0" },
    { " verify-flash ", "To compare boards with a recipe: espstation verify RECIPE" },
    { " chip-id flash-id read-mac mac info detect ", "To ask boards who they are: espstation "
                                                     "identify" },
    { " list devices list-ports ", "To list what is plugged in: espstation ports" },
    { " image-info plan validate ", "To look at a recipe: espstation check RECIPE" },
    { " nvs-partition-gen nvs-tool mfg-gen ", "To make or look at NVS partitions: espstation nvs "
                                              "--help" },
    { " version ", "To see the version: espstation --version" },
    { " log logs console serial terminal ", "To hear boards: espstation monitor" },
};

static const struct {
    const char *command, *words, *answer;
} actions[] = {
    { "nvs", " generate encrypt ",
      "To make an image: espstation nvs make TABLE -o FILE --size 24K" },
    { "nvs", " generate-key ", "To make keys: espstation nvs keys FILE" },
    { "nvs", " decrypt ", "To read one: espstation nvs show FILE --keys FILE --show-secrets" },
};

static const struct {
    const char *options; /* between blanks, likewise */
    const char *only_in; /* names of commands between blanks; NULL: all */
    const char *answer;
} options[] = {
    { " -p --ports --device --tty ", NULL, "a port is given as --port /dev/ttyUSB0" },
    { " -b --baud ", " run verify check ",
      "the rate stands in the recipe, as port: { baud: 460800 }" },
    { " -b --baud ", " identify erase ", "that needs no rate: it finds its own" },
    { " -b ", NULL, "the rate is given as --baud 115200" },
    { " -c --chip ", NULL, "the chip stands in the recipe, as chip: esp32c3, or is found out" },
    { " --before --after --reset ", " run verify check ",
      "how a board is reset stands in the recipe, as port: { reset: classic }" },
    { " --flash-size --flash-mode --flash-freq -fs -fm -ff ", NULL,
      "what the flash is stands in the recipe, as flash: { size: 4MB, mode: dio, freq: 40m }" },
    { " --erase-all -e ", " run ", "what is erased stands in the recipe, as erase: all" },
    { " --verify --no-verify ", " run ", "what is proved stands in the recipe, as verify: md5" },
    { " --no-stub ", " run verify ", "which loader is used stands in the recipe, as loader: rom" },
    { " --no-stub ", NULL, "that is --rom" },
    { " --inputkey -k --key ", " nvs ", "keys are given as --keys FILE" },
    { " --keygen --keyfile ", " nvs ", "new keys are made as --make-keys FILE" },
    { " --kp-hmac-inputkey --key-protect-hmac ", " nvs ",
      "a key of the eFuse is given as --hmac-key FILE" },
    { " --fileid ", " nvs ", "the column is given as --id COLUMN" },
    { " --outdir --output ", " nvs ", "the image is given as -o FILE" },
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* Whether `word` stands in the list, with '_' as good as '-'. */
static bool is_listed(const char *list, const char *word)
{
    char wanted[32] = " ";
    const size_t n = strlen(word);
    if (n == 0 || n + 3 > sizeof wanted)
        return false;
    for (size_t i = 0; i < n; i++)
        wanted[i + 1] = word[i] == '_' ? '-' : word[i];
    wanted[n + 1] = ' ';
    wanted[n + 2] = '\0';
    return strstr(list, wanted) != NULL;
}

const char *habit_of_command(const char *word)
{
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (is_listed(commands[i].words, word))
            return commands[i].answer;
    }
    return NULL;
}

const char *habit_of_action(const char *command, const char *word)
{
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (strcmp(actions[i].command, command) == 0 && is_listed(actions[i].words, word))
            return actions[i].answer;
    }
    return NULL;
}

const char *habit_of_option(const char *command, const char *option)
{
    char name[32];
    const size_t n = strcspn(option, "=");
    if (n >= sizeof name)
        return NULL;
    memcpy(name, option, n);
    name[n] = '\0';
    for (size_t i = 0; i < COUNT(options); i++) {
        if (is_listed(options[i].options, name) &&
            (!options[i].only_in || is_listed(options[i].only_in, command)))
            return options[i].answer;
    }
    return NULL;
}

bool habit_is_port(const char *argument)
{
    static const char *const starts[] = { "/dev/tty", "/dev/serial/", "rfc2217://", "socket://" };
    for (size_t i = 0; i < COUNT(starts); i++) {
        if (strncmp(argument, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}
