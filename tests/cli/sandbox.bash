# Sourced by run-cases and run-examples: where commands of tests run, and how.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=$(cd "$here/../.." && pwd)
bin=$src/build
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tilebound-cli.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# set_bin DIR: the folder with the tilebound under test.
set_bin() {
    bin=$(cd "$1" 2>/dev/null && pwd) || bin=$1
    if [ ! -x "$bin/tilebound" ]; then
        printf '%s: no executable tilebound in %s\n' "$0" "$1" >&2
        exit 1
    fi
}

# run_in FOLDER COMMAND: run as a shell would, with nothing of the caller's settings.
run_in() {
    (
        cd "$1" || exit 1
        unset TILEBOUND_DATA CLICOLOR_FORCE FORCE_COLOR BASH_ENV
        export SRC=$src PATH=$bin:$PATH NO_COLOR=1 COLUMNS=80 LC_ALL=C.UTF-8 TERM=dumb
        exec timeout 300 bash -c "$2" </dev/null
    )
}

# show PREFIX FILE: a file, indented, at most 60 lines of it.
show() {
    sed -e "s/^/$1/" -e 60q "$2"
}
