#!/usr/bin/env bash
# The Debian package in a root of its own: installed, upgraded, removed, purged. Called by `make deb-test`, as root;
# needs no network. The root is this machine's, seen through an overlay: what the package does stays in there.
. "$(dirname "$0")/../integration/lib.sh"
cd "$root" || exit 1
[ "$(id -u)" = 0 ] || skip_all "this needs root"
for need in dpkg-buildpackage dh lintian; do
    command -v $need >/dev/null || skip_all "there is no $need here; run: apt-get install dpkg-dev debhelper lintian"
done
mkdir -p "$work/up" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/up,workdir=$work/work" "$work/root" 2>/dev/null ||
    skip_all "no overlay can be mounted here"
trap 'umount "$work/root"; cleanup' EXIT
inside() { chroot "$work/root" /usr/bin/env -u HOME -u ESPSTATION_STATION "$@" </dev/null; }
deb() { echo "$bin/deb/espstation_$1_$(dpkg --print-architecture).deb"; }
version=$(make -s -f - <<<'include Makefile
version: ; @echo $(VERSION)' version)
next=$version+next
check "the package is made" "$bin/deb/log" make deb >"$work/out" 2>&1
later() { # the same files under the next version, which takes no second build
    dpkg-deb -R "$(deb "$version")" "$work/later" && sed -i "s/^Version: .*/Version: $next/" "$work/later/DEBIAN/control" &&
        dpkg-deb -b "$work/later" "$(deb "$next")"
}
check "and a later one" "$work/out" later >"$work/out" 2>&1
lintian --allow-root "$bin/deb/espstation_${version}_$(dpkg --print-architecture).changes" >"$work/lintian" 2>&1
check "lintian has neither errors nor warnings" "$work/lintian" eval '! grep -E "^[EW]:" "$work/lintian"'
cp "$(deb "$version")" "$(deb "$next")" "$work/root/tmp/"
put() { inside dpkg -i "/tmp/$(basename "$(deb "$1")")" >"$work/out" 2>&1; }

check "it is installed" "$work/out" put "$version"
inside espstation --version >"$work/version" 2>&1
check "it runs" "$work/version" says "$work/version" "espstation $version"
check "with the flasher stubs" "$work/version" says "$work/version" "Built in:"
check "its user may use serial ports" "$work/out" eval 'inside id -nG espstation | grep -qw dialout'
check "and cannot log in" "$work/out" eval 'inside getent passwd espstation | grep -qE ":/nonexistent:/usr/sbin/nologin$"'
check "the place of the record is its own, and others may not read it" "$work/out" \
    test "$(inside stat -c '%U:%G %a' /var/lib/espstation)" = "espstation:espstation 2750"
for file in /lib/systemd/system/espstation.service /lib/udev/rules.d/60-espstation.rules \
    /usr/lib/modules-load.d/espstation.conf /usr/share/man/man1/espstation-run.1.gz \
    /usr/share/man/man5/espstation-station.5.gz /usr/share/bash-completion/completions/espstation \
    /usr/share/zsh/vendor-completions/_espstation /usr/share/applications/espstation-kiosk.desktop; do
    check "there is $file" "$work/out" inside test -s "$file"
done
check "the unit is enabled" "$work/out" inside test -e /etc/systemd/system/multi-user.target.wants/espstation.service
inside systemd-analyze verify /lib/systemd/system/espstation.service >"$work/unit" 2>&1
check "systemd has nothing to say against the unit" "$work/unit" eval '! grep -v "Command .man" "$work/unit" | grep -q .'
check "without a station file it would not start" "$work/out" \
    inside grep -q '^ConditionPathExists=/etc/espstation/station.yaml' /lib/systemd/system/espstation.service

# What people have made there by then.
printf 'station: line 3\nrecord: /var/lib/espstation/line3.db\nslots: [{ name: A1, port: "rfc2217://rack:4000" }]\n' \
    >"$work/root/etc/espstation/station.yaml"
as_station() { inside setpriv --reuid espstation --regid espstation --init-groups "$@"; }
check "the station's user can open a lot in the record that the file names" "$work/out" \
    as_station espstation lot open L1 --quantity 5 --operator Eve
kept() { # the same record and station file as before
    inside espstation lot show L1 >"$work/out" 2>&1 && says "$work/out" "0 of 5 boards" &&
        inside grep -q 'line 3' /etc/espstation/station.yaml
}
check "which is there" "$work/out" kept
check "an upgrade works" "$work/out" put "$next"
check "and keeps record and station file" "$work/out" kept
check "and does not stop what runs: boards may be in work" "$work/out" \
    eval '! inside grep -E "(restart|stop) .*espstation" /var/lib/dpkg/info/espstation.p*inst /var/lib/dpkg/info/espstation.preinst 2>/dev/null'
check "going back works, too" "$work/out" put "$version"
check "and keeps them" "$work/out" kept
inside dpkg -r espstation >"$work/out" 2>&1
check "it is removed" "$work/out" eval '! inside test -e /usr/bin/espstation'
check "the record stays" "$work/out" inside test -s /var/lib/espstation/line3.db
inside dpkg -P espstation >"$work/out" 2>&1
check "it is purged" "$work/out" eval '! inside dpkg -s espstation 2>/dev/null | grep -q Version'
check "and says where the record is kept" "$work/out" says "$work/out" "/var/lib/espstation is kept" "rm -r"
check "it is there" "$work/out" inside test -s /var/lib/espstation/line3.db -a -s /etc/espstation/station.yaml
check "installed anew it works on" "$work/out" put "$version"
check "with the record of before" "$work/out" kept
rm -r "$work/root/var/lib/espstation" "$work/root/etc/espstation"
mkdir "$work/root/var/lib/espstation"
inside dpkg -P espstation >"$work/out" 2>&1
check "without a record nothing is left of a purge" "$work/out" \
    eval '! inside test -e /var/lib/espstation -o -e /etc/espstation -o -e /etc/systemd/system/multi-user.target.wants/espstation.service'
echo "1..$test_number"
