#!/bin/sh
#
# Installs what is missing to build and test espstation on Debian and Ubuntu. Called by `make deps`.
#
#   1. packages, through apt-get; also a browser, which may be missing;
#   2. the flasher stubs: npm package esptool-js, its digest checked, unpacked into deps/esptool-js;
#   3. the independent client of the tests: `npm ci` in tests/js.
#
# Asks nothing, may be run as often as wanted, and without anything missing needs neither root nor
# network. A step that fails does not keep the others from running: without the stubs the station
# still builds and uses the ROM loader. Ends with 0 when everything is there, else with 1.
set -u

ESPTOOL_JS=esptool-js
ESPTOOL_JS_VERSION=0.7.0
# SHA-512 of the package's tarball, in base64 as package managers write it.
ESPTOOL_JS_SHA512=9wHuW/s9t4Vs6HKcr3pra3gbRVWwaN0eabMWodWH4KEJHEYZxgmWwZ3s0F4xcWVCZOc/L98bGZ4uWoZvR8KBKA==
# Waits briefly where there is no network, instead of npm's minutes.
NPM_CALM='--silent --no-audit --no-fund --no-update-notifier --fetch-retries=1
          --fetch-retry-mintimeout=1000 --fetch-timeout=60000'

cd "$(dirname "$0")/.." || exit 1
work=
failed=0
trap 'test -z "$work" || rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

complain() { # one sentence for a person; the other steps still run
    printf 'deps: %s\n' "$1" >&2
    failed=1
}

# ---- Packages -----------------------------------------------------------------------------------

has_command() { command -v "$1" >/dev/null 2>&1; }

# All libraries in one question: pkg-config costs more to start than to answer.
has_libraries() { has_command pkg-config && pkg-config --exists "$@"; }

# The sanitizers' runtime for clang, a package of its own in newer releases.
has_clang_rt() {
    rt=$(clang --print-runtime-dir 2>/dev/null) || return 1
    set -- "$rt"/*clang_rt.asan*.a "${rt%/*}"/*/*clang_rt.asan*.a
    for file; do
        test -e "$file" && return 0
    done
    return 1
}

# Debian keeps the server's programs out of PATH.
has_postgres() {
    for program in /usr/lib/postgresql/*/bin/initdb; do
        test -x "$program" && has_command psql && return 0
    done
    has_command initdb && has_command psql
}

# What lets libcrypto reach keys in tokens: a provider, or in older releases an engine.
has_pkcs11() {
    for file in /usr/lib/*/ossl-modules/pkcs11.so /usr/lib/ossl-modules/pkcs11.so \
        /usr/lib/*/engines-3/pkcs11.so /usr/lib64/ossl-modules/pkcs11.so; do
        test -e "$file" && return 0
    done
    return 1
}

pkcs11_package() {
    for package in pkcs11-provider libengine-pkcs11-openssl; do
        apt-cache show "$package" >/dev/null 2>&1 && printf ' %s' "$package" && return
    done
}

missing_packages() {
    for command in gcc clang make pkg-config cppcheck clang-format sqlite3 openssl git tmux; do
        has_command "$command" || printf ' %s' "$command"
    done
    has_command riscv64-unknown-elf-gcc || printf ' gcc-riscv64-unknown-elf' # the fast stub's
    has_command xtensa-lx106-elf-gcc || printf ' gcc-xtensa-lx106'
    test -e /usr/include/stdio.h || printf ' libc6-dev'
    test -e /usr/include/csv.h || printf ' libcsv-dev'
    test -e /usr/include/zint.h || printf ' libzint-dev'
    test -e /usr/include/cups/cups.h || printf ' libcups2-dev'
    # shellcheck disable=SC2046 # one word per library
    has_libraries $(libraries | cut -d' ' -f2) || missing_libraries
    has_clang_rt || printf ' libclang-rt-dev'
    has_command xmllint || printf ' libxml2-utils'
    has_command zbarimg || printf ' zbar-tools'
    has_command dmtxread || printf ' dmtx-utils'
    has_command node || printf ' nodejs'
    has_command npm || printf ' npm'
    has_pkcs11 || pkcs11_package
    has_command softhsm2-util || printf ' softhsm2' # a token of the tests' own
    has_postgres || printf ' postgresql' # a server of the tests' own, and psql
    has_command mosquitto || test -x /usr/sbin/mosquitto || printf ' mosquitto' # a broker of the tests' own
    has_command mosquitto_sub || printf ' mosquitto-clients'
    has_command mbpoll || printf ' mbpoll' # clients of others for the PLC's side
    /usr/bin/python3 -c 'import pymodbus.client' 2>/dev/null || printf ' python3-pymodbus python3-serial-asyncio'
}

# Packages, and the libraries in them as pkg-config calls them.
libraries() {
    cat <<END
libserialport-dev libserialport
libsqlite3-dev sqlite3
libyaml-dev yaml-0.1
libssl-dev libcrypto
zlib1g-dev zlib
libdeflate-dev libdeflate
liblzma-dev liblzma
libmicrohttpd-dev libmicrohttpd
libsystemd-dev libsystemd
libudev-dev libudev
libncurses-dev ncursesw
libcairo2-dev cairo
libevdev-dev libevdev
libmodbus-dev libmodbus
libpq-dev libpq
libmosquitto-dev libmosquitto
libcurl4-openssl-dev libcurl
libcmocka-dev cmocka
END
}

missing_libraries() {
    libraries | while read -r package library; do
        has_libraries "$library" || printf ' %s' "$package"
    done
}

# Runs a command as root, never asking for a password.
as_root() {
    if test "$(id -u)" = 0; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_be_root() { test "$(id -u)" = 0 || sudo -n true >/dev/null 2>&1; }

# Older releases have the sanitizers' runtime inside clang and no package of this name.
known_packages() {
    for package; do
        test "$package" != libclang-rt-dev || apt-cache show "$package" >/dev/null 2>&1 || continue
        printf ' %s' "$package"
    done
}

install_packages() {
    packages=$(missing_packages)
    test -n "$packages" || return 0
    by_hand="apt-get install$packages"
    if ! has_command apt-get; then
        complain "packages are missing and there is no apt-get here; install what other systems call:$packages"
        return
    fi
    if ! may_be_root; then
        complain "packages are missing and this needs root; run: sudo $by_hand"
        return
    fi
    printf '  %-4s %s\n' APT "$packages"
    # Old lists may still do, so only the installation is judged.
    as_root apt-get -qq update || true
    # shellcheck disable=SC2046,SC2086 # one word per package
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install \
        $(known_packages $packages) </dev/null || true
    packages=$(missing_packages)
    test -z "$packages" || complain "packages are still missing; see above, then run: $by_hand"
}

# ---- A browser, which prints reports and looks at them in the tests; all else works without ------

has_browser() {
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        test -x "/usr/bin/$name" && return 0
    done
    return 1
}

apt_browser() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install \
        chromium >/dev/null 2>&1 </dev/null
}

install_browser() {
    has_browser && return
    if has_command apt-get && may_be_root; then
        printf '  %-4s %s\n' APT chromium
        apt_browser || { as_root apt-get -qq update >/dev/null 2>&1; apt_browser; }
    fi
    has_browser ||
        printf 'deps: without Chromium reports are not printed to PDF and not looked at in tests; run: apt-get install chromium\n'
}

# ---- What comes through npm ---------------------------------------------------------------------

# A folder beside its final place, so that a rename puts it there whole or not at all.
make_work() {
    mkdir -p deps && work=$(mktemp -d deps/.new.XXXXXX)
}

sha512_is() {
    want=$(printf '%s' "$2" | base64 -d | od -An -v -tx1 | tr -d ' \n')
    printf '%s  %s\n' "$want" "$1" | sha512sum --check --status
}

stubs_are_there() { test "$(cat deps/esptool-js/.sha512 2>/dev/null)" = "$ESPTOOL_JS_SHA512"; }

download_stubs() {
    # shellcheck disable=SC2086 # options
    (cd "$work" && npm pack $NPM_CALM "$ESPTOOL_JS@$ESPTOOL_JS_VERSION" >/dev/null 2>&1 </dev/null)
}

fetch_stubs() {
    tarball=$work/$ESPTOOL_JS-$ESPTOOL_JS_VERSION.tgz
    again="the station builds without them and uses the ROM loader; run: make deps"
    if ! download_stubs || ! test -f "$tarball"; then
        complain "the flasher stubs ($ESPTOOL_JS $ESPTOOL_JS_VERSION) could not be downloaded by npm; $again"
        return
    fi
    if ! sha512_is "$tarball" "$ESPTOOL_JS_SHA512"; then
        complain "the downloaded $ESPTOOL_JS $ESPTOOL_JS_VERSION is not the one we know (its SHA-512 differs) and was thrown away"
        return
    fi
    place_stubs ||
        complain "the flasher stubs could not be unpacked into deps/esptool-js; is the disk full?"
}

# With the time of unpacking (-m), so that make sees that there is something new to build in.
place_stubs() {
    tar -xzmf "$tarball" -C "$work" --no-same-owner &&
        printf '%s\n' "$ESPTOOL_JS_SHA512" >"$work/package/.sha512" &&
        rm -rf deps/esptool-js &&
        mv "$work/package" deps/esptool-js
}

client_is_there() {
    cmp -s tests/js/package-lock.json tests/js/node_modules/.installed-lock.json
}

# npm checks every package against the digest in package-lock.json.
install_client() {
    # shellcheck disable=SC2086 # options
    (cd tests/js && npm ci $NPM_CALM --ignore-scripts >/dev/null 2>&1 </dev/null) &&
        cp tests/js/package-lock.json tests/js/node_modules/.installed-lock.json
}

fetch_client() {
    install_client ||
        complain "the packages of tests/js could not be installed by npm; everything else works; run: make deps"
}

install_npm_parts() {
    stubs_are_there && client_is_there && return
    if ! has_command npm; then
        complain "npm is missing, so the flasher stubs ($ESPTOOL_JS $ESPTOOL_JS_VERSION) cannot be fetched; run: apt-get install nodejs npm"
        return
    fi
    make_work || { complain "deps/ cannot be written"; return; }
    stubs_are_there || { printf '  %-4s %s\n' NPM deps/esptool-js; fetch_stubs; }
    client_is_there || { printf '  %-4s %s\n' NPM tests/js; fetch_client; }
}

install_packages
install_browser
install_npm_parts
test "$failed" -ne 0 || printf 'deps: everything is there\n'
exit "$failed"
