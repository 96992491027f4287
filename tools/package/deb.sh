#!/usr/bin/env bash
# Makes the Debian package of this tree, without the network: build/deb/espstation_VERSION_ARCH.deb.
# Called by `make deb`, with the version.
set -eu
cd "$(dirname "$0")/../.."
version=$1
out=$(realpath -m "${BUILD:-build}/deb")

need() { # command package
    command -v "$1" >/dev/null || { echo "make deb needs $1; run: sudo apt-get install $2" >&2; exit 1; }
}
need dpkg-buildpackage dpkg-dev
need dh debhelper

# What git knows of, and the stubs that were fetched; the tree itself stays as it is.
tree=$out/espstation-$version
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | xargs -0 tar -c --ignore-failed-read 2>/dev/null | tar -x -C "$tree"
if [ -d deps/esptool-js ]; then
    mkdir -p "$tree/deps"
    cp -R deps/esptool-js "$tree/deps/"
else
    echo "make deb: no flasher stubs in deps/; run make deps first to have them in the package" >&2
fi
cp -R tools/package/debian "$tree/"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
cat >"$tree/debian/changelog" <<END
espstation ($version) unstable; urgency=medium

  * What changed stands in /usr/share/doc/espstation/changelog.gz.

 -- $(sed -n 's/^Maintainer: //p' tools/package/debian/control)  $(date -uRd "@$SOURCE_DATE_EPOCH")
END

cd "$tree"
dpkg-buildpackage -us -uc -b -d >"$out/log" 2>&1 || { tail -30 "$out/log" >&2; exit 1; }
rm -rf "$tree"
echo "$out/espstation_${version}_$(dpkg --print-architecture).deb"
