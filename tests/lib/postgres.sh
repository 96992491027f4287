# A PostgreSQL server of a test's own: in a folder that goes away, on a free port, never as root.
# shellcheck shell=bash
# Needs tests/integration/lib.sh. Its superuser is `st`; psql and libpq find it by $PGHOST and $PGPORT.

pg_dir=
pg_programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -x "$pg_programs/initdb" ] || pg_programs=$(dirname "$(command -v initdb || echo /nowhere/initdb)")

need_postgres() {
    [ -x "$pg_programs/initdb" ] && command -v psql >/dev/null || skip_all "there is no PostgreSQL server here; run: make deps"
    [ "$(id -u)" != 0 ] || id -u postgres >/dev/null 2>&1 || skip_all "PostgreSQL does not run as root, and there is no user postgres"
}

as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# In a folder with a short path, as that of its socket may have 107 bytes, which its user may enter.
make_postgres() {
    pg_dir=$(mktemp -d /tmp/espstation-pg.XXXXXX)
    chmod 755 "$pg_dir"
    [ "$(id -u)" != 0 ] || chown postgres "$pg_dir"
    as_postgres "$pg_programs/initdb" -D "$pg_dir/data" -U st -A trust --no-sync -E UTF8 --locale=C >"$work/initdb.log" 2>&1 ||
        { cat "$work/initdb.log"; exit 1; }
    export PGHOST=$pg_dir PGUSER=st PGDATABASE=postgres
    unset PGPASSWORD PGSERVICE PGSSLMODE PGSSLROOTCERT PGOPTIONS
    export PGPASSFILE=$work/pgpass PGSERVICEFILE=$work/pg_service.conf
}

# A port that another program has taken meanwhile makes it try the next.
start_postgres() {
    for _ in 1 2 3 4 5; do
        export PGPORT=${pg_port:=$((20000 + RANDOM % 30000))}
        as_postgres "$pg_programs/pg_ctl" -D "$pg_dir/data" -w -s -l "$pg_dir/log" -o "-c listen_addresses=127.0.0.1 \
            -c unix_socket_directories=$pg_dir -p $PGPORT -c fsync=off -c full_page_writes=off -c max_connections=20 \
            -c shared_buffers=16MB ${pg_options:-}" start >/dev/null 2>&1 </dev/null && return
        pg_port=
    done
    cat "$pg_dir/log"
    exit 1
}

stop_postgres() { # how: fast, or immediate as when it crashes
    as_postgres "$pg_programs/pg_ctl" -D "$pg_dir/data" -w -s -m "$1" stop >/dev/null 2>&1
}

end_postgres() {
    [ -n "$pg_dir" ] || return 0
    stop_postgres immediate
    rm -rf "$pg_dir"
}

pg() { # STATEMENT: its answer, as the superuser, plain
    psql -qAtX -v ON_ERROR_STOP=1 -c "$1"
}
