#!/bin/sh
# Puts MySQL 8.0 into a folder of one's own, for the tests: Debian has MariaDB only, Ubuntu has both.
#
# apt resolves, fetches and verifies the packages, as it would for this machine, from a place and into a place of its own; nothing
# is installed, and it need not be root. The last line that it prints is the command that runs the server; where that is there
# already, nothing else is done.
set -eu

archive="${UBUNTU_ARCHIVE:-http://archive.ubuntu.com/ubuntu}"
release=jammy
place="${XDG_CACHE_HOME:-$HOME/.cache}/mainstay/mysql-8.0"

if [ -x "$place/mysqld" ] && "$place/mysqld" --version >/dev/null 2>&1; then
    echo "$place/mysqld"
    exit
fi
if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "the archive has MySQL for amd64 only" >&2
    exit 1
fi

# It becomes what is asked for when it is whole.
work="$place.new"
rm -rf "$work"
mkdir -p "$work/root" "$work/lists/partial" "$work/cache/archives/partial" "$work/keyring"
: >"$work/status"

# The keys that the archive is signed with are a package of the release itself, which never changes.
keys=usr/share/keyrings/ubuntu-archive-keyring.gpg
/usr/lib/apt/apt-helper -o APT::Sandbox::User= download-file \
    "$archive/pool/main/u/ubuntu-keyring/ubuntu-keyring_2021.03.26_all.deb" "$work/keys.deb" \
    SHA256:0d0e7ed6b112f5d03eabf3c7eb01ebdacf9c57714b279e90495cfc58c8c4520f >&2
dpkg-deb -x "$work/keys.deb" "$work/keyring"
for suite in "$release" "$release-updates" "$release-security"; do
    echo "deb [arch=amd64 signed-by=$work/keyring/$keys] $archive $suite main"
done >"$work/sources"

apart() {
    apt-get -qq -o APT::Sandbox::User= -o APT::Architecture=amd64 -o APT::Architectures=amd64 \
        -o Dir::Etc::SourceList="$work/sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists" \
        -o Dir::State::Status="$work/status" -o Dir::Cache="$work/cache" -o Debug::NoLocking=true "$@"
}
# What cannot be fetched or verified is an error, not a warning.
apart -o APT::Update::Error-Mode=any update >&2
# The system's own libraries come along: the server runs with those that it was built for.
apart --no-install-recommends --yes --download-only install mysql-server-core-8.0 >&2
for package in "$work"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$work/root"
done

cat >"$work/mysqld" <<'COMMAND'
#!/bin/sh
# Runs MySQL from this folder with its own libraries; it reads no configuration but its arguments.
root="$(cd "$(dirname "$0")" && pwd)/root"
libraries="$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu"
exec "$root/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$libraries" "$root/usr/sbin/mysqld" --no-defaults \
    --lc-messages-dir="$root/usr/share/mysql" --character-sets-dir="$root/usr/share/mysql/charsets" \
    --plugin-dir="$root/usr/lib/mysql/plugin" --secure-file-priv=NULL --mysqlx=OFF "$@"
COMMAND
chmod +x "$work/mysqld"
rm -rf "$work/lists" "$work/cache" "$work/keyring" "$work/keys.deb" "$work/sources" "$work/status"
"$work/mysqld" --version >&2
rm -rf "$place"
mv "$work" "$place"
echo "$place/mysqld"
