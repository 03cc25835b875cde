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

check form ruff format --check
check lint ruff check
check types mypy
check tests pytest "$@"

[ -z "$failed" ] && exit
printf '\nfailed: %s\n' "$failed" >&2
exit 1
