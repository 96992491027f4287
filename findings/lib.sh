# What the findings share: a temporary folder, pinned packages in it, and the verdict. Nothing is installed in the system.
# shellcheck shell=bash
set -u
tmp=$(mktemp -d)
root=$tmp/root # Debian packages are unpacked here
pids=

cleanup() {
    for p in $pids; do kill "$p" 2>/dev/null; done
    rm -rf "$tmp"
}
trap cleanup EXIT

cannot() { # sentence
    echo "not tried: $1"
    exit 2
}

need() { # program...
    local p
    for p; do command -v "$p" >/dev/null || cannot "there is no $p here"; done
}

npm_packages() { # NAME@VERSION...
    need node npm
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tmp" "$@" >"$tmp/log" 2>&1 ||
        cannot "npm gave no $*"
}

# With a version: that one or none. Without: a library that the others need, as the mirror has it.
debian_packages() { # NAME[=VERSION]...
    local p f
    need apt-get dpkg-deb
    mkdir -p "$tmp/deb" "$root"
    for p; do
        (cd "$tmp/deb" && apt-get download "$p") >>"$tmp/log" 2>&1 || cannot "apt-get has no $p to download"
    done
    for f in "$tmp"/deb/*.deb; do
        dpkg-deb -x "$f" "$root" || cannot "$(basename "$f") cannot be unpacked"
    done
    libs=$root/usr/lib/$(uname -m)-linux-gnu
    export LD_LIBRARY_PATH=$libs:$root/usr/lib
}

# A program of ours against an unpacked library.
compile() { # source program gcc-option...
    local source=$1 program=$2
    shift 2
    need gcc
    gcc -o "$program" "$source" "$@" -Wl,--unresolved-symbols=ignore-in-shared-libs 2>"$tmp/log" ||
        cannot "$(basename "$source") does not compile: $(head -1 "$tmp/log")"
}

judge() { # expected seen
    echo "$2"
    [ "$1" = "$2" ] && exit 0
    printf 'this has changed; it was:\n%s\n' "$1"
    exit 1
}
