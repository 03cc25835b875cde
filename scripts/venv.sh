#!/bin/sh
# Makes .venv ready: `venv.sh run` installs voxmint and what it needs, `venv.sh test` also what
# checks it, `venv.sh bench` what it is measured beside.
#
# PYTHON names the interpreter; otherwise the first fit one on PATH is taken. GOALS is what make was
# asked for. Where all is ready this takes milliseconds; an environment that is half built, moved or
# broken is built anew.
set -eu

what=$1
cd "$(dirname "$0")/.."
folder=$(pwd -P)
stamp=.venv/.ready-to-$what
unfinished=.venv/.unfinished
log=.venv/.log
lock=.venv.lock
version=''

# Packages on a PYTHONPATH would count as installed; a user's own folder is not this environment.
unset PYTHONPATH PYTHONHOME
export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Before pip 25.3 the first also held for the build backend; since then that is the second's part.
export PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# Prints "fit VERSION PATH", "old VERSION" or "bare VERSION" (it lacks venv), whatever Python it is;
# nothing where it does not run. PATH is the interpreter beneath a virtual environment: the one that
# is active may be the one that is about to be replaced.
probe() {
    "$1" -c '
import sys
version = ".".join(str(part) for part in sys.version_info[:3])
path = getattr(sys, "_base_executable", sys.executable)
try:
    import ensurepip, venv
    answer = "fit %s %s" % (version, path)
except ImportError:
    answer = "bare %s" % version
print(answer if sys.version_info >= (3, 11) else "old %s" % version)
' 2>/dev/null || true
}

# Sets `version` and `base`, the interpreter to build with, or ends the run with what is missing.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3.13 python3.12 python3.11 python3 python
    fi
    old='' bare='' minor=''
    for candidate in "$@"; do
        answer=$(probe "$candidate")
        found=${answer#* }
        case $answer in
            'fit '*) version=${found%% *} base=${found#* }; return ;;
            'bare '*) bare=${bare:-"$candidate ($found)"} minor=${minor:-${found%.*}} ;;
            'old '*) old=${old:-"$candidate here is $found"} ;;
        esac
    done
    if [ -n "$bare" ]; then
        die "$bare has no venv module: on Debian or Ubuntu, apt install python$minor-venv"
    fi
    missing=${PYTHON:+"$PYTHON does not run"}
    die "voxmint needs Python 3.11 or later; ${old:-${missing:-there is none on PATH}}:" \
        "install one, or run make PYTHON=/path/to/python3.11 ${GOALS:-}"
}

# What an installation depends on, in one line. The settings of the tools that check voxmint do not
# count: to change them takes no network.
wanted() {
    {
        awk '/^\[/ { counts = !/^\[tool\.(ruff|mypy|pytest)/ } counts' pyproject.toml
        cat constraints.txt
        grep '^__version__' voxmint/__init__.py
    } | cksum | tr '\n' ' '
    printf '%s' "$folder"
}

# Whether the version given is the one that PYTHON asks for; without PYTHON any will do.
right_version() {
    [ "$1" = "${version:-$1}" ]
}

ready() {
    [ -x .venv/bin/python ] && [ ! -e "$unfinished" ] && [ -e "$stamp" ] || return 1
    found=$(cat "$stamp")
    right_version "${found%% *}" && [ "${found#* }" = "$(wanted)" ]
}

# Whether the environment can be installed into: nothing was interrupted, its interpreter is fit,
# and its pip is its own (that of a moved or copied environment is another's).
sound() {
    [ ! -e "$unfinished" ] || return 1
    answer=$(probe .venv/bin/python)
    case $answer in 'fit '*) ;; *) return 1 ;; esac
    found=${answer#* }
    right_version "${found%% *}" || return 1
    case $(.venv/bin/pip --version 2>/dev/null) in
        *" from $folder/.venv/"*) version=${found%% *} ;;
        *) return 1 ;;
    esac
}

# One build at a time. The lock names its process, so that one left by a killed build is void.
take_lock() {
    told='' misses=0
    until ln -s "$$" "$lock" 2>/dev/null; do
        holder=$(readlink "$lock" || true)
        if [ -z "$holder" ]; then
            misses=$((misses + 1))
            [ "$misses" -lt 5 ] || die "cannot make $lock in $folder"
        elif ! kill -0 "$holder" 2>/dev/null; then
            rm -f "$lock"
        elif [ -z "$told" ]; then
            say "waiting for process $holder, which builds .venv"
            told=yes
        fi
        sleep 0.2
    done
    trap 'rm -f "$lock"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
}

# Runs a command in silence; where it fails, shows its errors and then a sentence of ours, and gives
# its status. Of pip's attempts to reach an index the last says what all do.
quietly() {
    sentence=$1
    shift
    "$@" >"$log" 2>&1 && return
    status=$?
    grep -iE '^ *(error|warning: retrying \(retry\(total=0)' "$log" | tail -n 4 >&2
    say "$sentence (all that it said is in $log)"
    return "$status"
}

build() {
    find_python
    say "building .venv with Python $version, once"
    rm -rf .venv
    mkdir .venv
    : >"$unfinished"
    quietly "Python $version could not make a virtual environment" "$base" -m venv .venv || exit 1
}

# A pip that fails by itself leaves things as they were; one that was killed may not.
give_up() {
    [ "$1" -gt 128 ] || rm -f "$unfinished"
    exit 1
}

install() {
    : >"$unfinished"
    state=$(wanted)
    target=.
    [ "$what" = run ] || target=".[$what]"
    quietly "pip could not install what voxmint needs: is the package index within reach?" \
        .venv/bin/python -m pip install --quiet --editable "$target" || give_up $?
    for done_for in run "$what"; do
        printf '%s %s' "$version" "$state" >".venv/.ready-to-$done_for"
    done
    rm -f "$unfinished"
}

[ -z "${PYTHON:-}" ] || find_python
ready && exit
take_lock
ready && exit
if sound; then
    say "bringing .venv up to date"
else
    build
fi
install
