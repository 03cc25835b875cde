#!/bin/sh
# Checks form, lint, types and behaviour, and fails if any of them does. All of them run, so that
# one failure does not hide another. Arguments go to pytest.
set -u

cd "$(dirname "$0")/.." || exit 1
failed=''

check() {
    name=$1
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" || failed="${failed:+$failed, }$name"
}

# Types take one core only, and for long: they are checked while the tests run, and told after them.
told=$(mktemp) || exit 1
mypy >"$told" 2>&1 &
mypy=$!
trap 'kill "$mypy" 2>/dev/null; rm -f "$told"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

types() {
    wait "$mypy"
    ended=$?
    cat "$told"
    return "$ended"
}

check form ruff format --check
check lint ruff check
check tests pytest "$@"
printf '\n== types: mypy\n'
types || failed="${failed:+$failed, }types"

[ -z "$failed" ] && exit
printf '\nfailed: %s\n' "$failed" >&2
exit 1
