/*
 * Making a recipe from what a build leaves behind, or from a flashing command.
 *
 * Each source (import_idf.c, import_arduino.c, import_esptool.c) fills one struct import; what it
 * cannot carry over becomes a note, or a refusal where the board would get other bytes than were
 * meant. import_recipe (import_recipe.c) then looks at the images and writes the recipe. What is
 * read was written by other programs: sizes, depths and counts have limits.
 */
#ifndef STATION_IMPORT_H
#define STATION_IMPORT_H

#include "core/base/json_tree.h"
#include "core/facts/chip.h"
#include "core/images/image.h"
#include "recipes/recipe.h"

#define IMPORT_TEXT_MAX_BYTES ((size_t)1 << 20) /* of a file with arguments or JSON */
#define IMPORT_WORDS_MAX      1024
#define IMPORT_NOTES_MAX      64

struct import_image {
    char *path; /* seen from the current folder */
    uint32_t offset_addr;
};

struct import {
    char source[256];                  /* what it was made from, for the recipe's first line */
    const struct chip *chip;           /* NULL: the images must tell */
    char name[65], version[65];        /* where no image has one; "" */
    char size[16], mode[16], freq[16]; /* as a recipe spells them; "": the image's own stay */
    uint32_t baud;                     /* 0: not said */
    uint32_t attempts;                 /* to connect; 0: not said */
    const char *reset;                 /* of port.reset; NULL: not said */
    bool rom;                          /* no stub */
    bool erase_all;
    bool whole; /* all that a board needs to start should be there */
    struct import_image images[RECIPE_IMAGES_MAX];
    size_t image_count;
    char *notes[IMPORT_NOTES_MAX]; /* what was not carried over */
    size_t note_count;
    bool notes_lost; /* there were more, or no memory for one */
};

void import_done(struct import *im);

/* Adds an image; `file` is seen from `folder` ("" is the current one). The same file for the same
 * place is one image. ERR_USAGE when another one is for that place, or there are too many,
 * ERR_IMAGE when it is not there. */
bool import_add_image(struct import *im, const char *folder, const char *file, uint32_t offset_addr,
                      struct err *e);

/* Adds a sentence for the recipe: "# not carried over: ...". */
void import_note(struct import *im, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- Sources ---- */

/* Whatever is there: a folder, or one of the files in it that name images. Fails with ERR_USAGE or
 * ERR_IMAGE. */
bool import_path(struct import *im, const char *path, struct err *e);

/* Whatever the folder is: of ESP-IDF, PlatformIO, Arduino or ESP Web Tools, or a project with one
 * such folder in it. Decided by all files in it; refused where they disagree. */
bool import_folder(struct import *im, const char *folder, struct err *e);

/* A file that is no folder: the kind is what is in it, whatever its name. */
bool import_file(struct import *im, const char *path, struct err *e);

/* The build folder of ESP-IDF, by flasher_args.json (or a file like it)... */
bool import_flasher_args(struct import *im, const char *folder, const char *file, struct err *e);

/* ...or by a file of arguments: flash_args, flash_project_args. */
bool import_flash_args(struct import *im, const char *folder, const char *file, struct err *e);

/* Whether such a file is there and every image that it names. */
bool import_flasher_args_whole(const char *folder, struct err *e);
bool import_flash_args_whole(const char *folder, const char *file, struct err *e);

/* .pio/build/NAME of PlatformIO; the build folder of Arduino. */
bool import_platformio(struct import *im, const char *folder, struct err *e);
bool import_arduino(struct import *im, const char *folder, const char *sketch, struct err *e);

/* Whether the folder lies where PlatformIO builds. */
bool import_in_platformio(const char *folder);

/* A manifest of ESP Web Tools. With several builds im->chip chooses one. */
bool import_manifest(struct import *im, const char *folder, const char *file, struct err *e);

/* What import understands, as advice. Returns false. */
bool import_hint_kinds(struct err *e);

/* A command line, as words: any programs that start others, then esptool [options] write-flash
 * [options] OFFSET FILE...; files are seen from `folder` unless the line itself goes elsewhere. */
bool import_command(struct import *im, const char *folder, const char *const *words, size_t count,
                    struct err *e);

/* A pasted text with such a command somewhere in it: a line of a script, or what a build prints. */
bool import_pasted(struct import *im, const char *folder, const char *text, struct err *e);

/* What follows write-flash on such a command line; files are seen from `folder`. */
bool import_write_flash(struct import *im, const char *folder, const char *const *words,
                        size_t count, struct err *e);

/* One option of esptool in front of its command. `value` NULL: it has none. */
bool import_global_option(struct import *im, const char *option, const char *value, struct err *e);

/* An offset as such tools write it: decimal or 0x. ERR_USAGE. */
bool import_parse_offset(const char *text, uint32_t *offset_addr, struct err *e);

/* Says what an image is, as image_read; `chip` NULL: not known. False for want of memory. */
bool import_look(const uint8_t *bytes, size_t n, const struct chip *chip, struct image *image,
                 struct err *e);

/* The chip that an image is for, NULL if it does not tell. */
const struct chip *import_chip_of(const struct image *image);

/* The project name of every application that Arduino's ready-made libraries begin with. */
extern const char import_arduino_project[];

/* ---- The recipe ---- */

/* Looks at the images and gives the text of the recipe for the file `recipe_path` (NULL: for the
 * current folder), to be freed. ERR_IMAGE when the images contradict each other or the chip,
 * ERR_USAGE when nothing says which chip it is. */
char *import_recipe(struct import *im, const char *recipe_path, struct err *e);

/* ---- Texts ---- */

/* The whole of a small file, with a NUL behind it, to be freed. *there is false, and *e not set,
 * where there is no such file. */
char *import_read_text(const char *path, size_t *n, bool *there, struct err *e);

/* The whole of an image, to be freed. NULL: ERR_IMAGE or ERR_STATION. */
uint8_t *import_read_image(const char *path, size_t *n, struct err *e);

/* `file` as seen from `folder`, to be freed. NULL: ERR_STATION. */
char *import_join(const char *folder, const char *file, struct err *e);
bool import_is_file(const char *folder, const char *file);
bool import_is_folder(const char *path);

/* What stands behind the last slash of either kind. */
const char *import_base_name(const char *path);

/* Words, split at blanks; quotes as in a shell, and backslashes but for those between the names of
 * a path. Free with _done. */
struct import_words {
    char *items[IMPORT_WORDS_MAX];
    size_t count;
};
bool import_split(const char *text, struct import_words *words, struct err *e);
void import_words_done(struct import_words *words);

/* ---- JSON ---- */

/* NULL with ERR_USAGE, naming `name`, the line and what is wrong. */
struct json_node *import_json(const char *name, const char *text, size_t n, struct err *e);

#endif
