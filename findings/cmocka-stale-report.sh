#!/usr/bin/env bash
# cmocka does not overwrite its XML report: the second run leaves the first run's file, which says that all passed.
#
# Guessed: CMOCKA_MESSAGE_OUTPUT=xml with CMOCKA_XML_FILE=report.xml writes that file in each run, as every reporter does.
# Version: Debian libcmocka-dev 1.1.5-2.1.
# Seen: when the file exists the report goes to stderr, without a word on it. A test that failed in the second run is in no file;
#     the file is byte for byte that of the run before.
# So: remove reports before a run, or put %g and a fresh folder into the name.
. "$(dirname "$0")/lib.sh"
debian_packages libcmocka-dev=1.1.5-2.1 libcmocka0=1.1.5-2.1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
static void test(void **state)
{
    (void)state;
    assert_null(getenv("BROKEN"));
}
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
END
compile t.c t "-I$root/usr/include" "$libs"/libcmocka.so.0
export CMOCKA_MESSAGE_OUTPUT=xml CMOCKA_XML_FILE=report.xml
failures() { grep -o 'failures="[0-9]*"' "$1"; }
seen=$(
    ./t 2>stderr
    echo "first run: status $?, file: $(failures report.xml), stderr: $(failures stderr)"
    BROKEN=1 ./t 2>stderr
    echo "second run: status $?, file: $(failures report.xml), stderr: $(failures stderr)"
)
judge 'first run: status 0, file: failures="0", stderr: 
second run: status 1, file: failures="0", stderr: failures="1"' "$seen"
