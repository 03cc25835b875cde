#!/bin/sh
# Installs voxmint from the action's own folder into an environment apart from the workspace, or
# takes the one that is named. Says where its console script is: output `voxmint`.
set -eu

fail() {
    printf '::error title=voxmint::%s\n' "$1"
    exit 1
}

case $REVIEW_VOXMINT in
'') ;;
/*)
    [ -x "$REVIEW_VOXMINT" ] || fail "the input 'voxmint' names no program"
    printf 'voxmint=%s\n' "$REVIEW_VOXMINT" >>"$GITHUB_OUTPUT"
    exit
    ;;
*) fail "the input 'voxmint' takes an absolute path: a program of the workspace is not run" ;;
esac

# Python imports from the folder it is started in, and the workspace may be a stranger's.
cd "$RUNNER_TEMP"
"$REVIEW_PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "voxmint needs Python 3.11 or later: put actions/setup-python before, or set the input 'python'"

home=$RUNNER_TEMP/voxmint-$(basename "$GITHUB_ACTION_PATH")
if ! [ -x "$home/bin/voxmint" ]; then
    "$REVIEW_PYTHON" -I -m venv "$home"
    "$home/bin/python" -I -m pip install --quiet --disable-pip-version-check \
        --constraint "$GITHUB_ACTION_PATH/constraints.txt" "$GITHUB_ACTION_PATH"
fi
printf 'voxmint=%s\n' "$home/bin/voxmint" >>"$GITHUB_OUTPUT"
