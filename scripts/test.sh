#!/bin/sh
# Everything that must hold before a change is taken, from the cheapest check to the dearest; it stops at the first failure.
#
# It needs cargo with a C compiler, Node and apt; what else it lacks it installs. CARGO_TARGET_DIR is respected.
set -eu
cd "$(dirname "$0")/.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
export CARGO_TARGET_DIR="$target"
# A build that is thrown away afterwards gains nothing from incremental compilation, and the cache would only grow.
export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
# Settings of the surrounding shell are not those of the tests' projects.
unset MAINSTAY_API_MAX_ROWS MAINSTAY_DATABASE_URL MAINSTAY_JWT_SECRET MAINSTAY_SERVER_LISTEN || true

started=$(date +%s)
section() {
    printf '\n==> %s (%s s)\n\n' "$1" "$(($(date +%s) - started))"
}

# Debian's packages are installed by root, or by sudo.
install_package() {
    section "install $1"
    if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
    $as_root apt-get update -q
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qy --no-install-recommends "$1"
}

section "formatting"
cargo fmt --all --check

section "lints"
cargo clippy --workspace --all-targets -- --deny warnings

section "build"
cargo build --package mainstay
export MAINSTAY_BIN="$target/debug/mainstay"

section "tests of the crates, rules of the repository, conformance"
cargo test --workspace

if [ -z "$(ls /usr/lib/postgresql 2>/dev/null)" ]; then
    install_package postgresql
fi
# Places are tested with PostGIS, of the newest server that is there.
newest=$(ls /usr/lib/postgresql | sort -n | tail -1)
if [ ! -e "/usr/share/postgresql/$newest/extension/postgis.control" ]; then
    install_package "postgresql-$newest-postgis-3"
fi
if [ -z "$(command -v pgbouncer)" ]; then
    install_package pgbouncer
fi
section "conformance and more on PostgreSQL"
MAINSTAY_TEST_DATABASE=postgres cargo test --package mainstay-testkit --test conformance --test postgres --test existing --test transfer --test differential --test faults --test reach
MAINSTAY_TEST_DATABASE=postgres cargo test --package mainstay-exec --test policies

if [ ! -x /usr/sbin/mariadbd ]; then
    install_package mariadb-server
fi
section "conformance and more on MariaDB"
MAINSTAY_TEST_DATABASE=mysql cargo test --package mainstay-testkit --test conformance --test mysql --test adopted --test transfer --test differential --test faults --test reach
section "conformance and more on MySQL 8"
left_out=""
if scripts/mysql8.sh; then
    MAINSTAY_TEST_DATABASE=mysql8 cargo test --package mainstay-testkit --test conformance --test mysql --test adopted --test transfer --test differential --test faults --test reach
else
    left_out="MySQL 8 was not to be had from Ubuntu's archive: NOTHING WAS TESTED ON IT"
    printf '\n!!! %s\n\n' "$left_out" >&2
fi
section "a cluster of MariaDB, a node of which dies"
MAINSTAY_TEST_DATABASE=galera cargo test --package mainstay-testkit --test galera

section "the clients people use, and the shop in a browser"
if [ -z "${CHROMIUM_BIN:-}" ] && [ ! -x /usr/bin/chromium ]; then
    install_package chromium
fi
(
    cd tests/js
    npm ci --no-audit --no-fund
    npm test
    MAINSTAY_TEST_DATABASE=postgres npm run test:shop
    MAINSTAY_TEST_DATABASE=mysql npm run test:shop
)

section "all is well${left_out:+, but $left_out}"
