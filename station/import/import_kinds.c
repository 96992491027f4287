#include "core/base/err.h"
#include "station/import/import.h"

bool import_hint_kinds(struct err *e)
{
    return err_hint(e, "import reads a build folder or project of ESP-IDF, PlatformIO or Arduino; "
                       "flasher_args.json, flash_args, idedata.json, a manifest of ESP Web Tools; "
                       "a command: espstation import -- esptool ...");
}
