#!/bin/sh
# The servers that the tests of the secret stores run against.
#
#   stores.sh get [NAME…]   gets those that are missing, or some of them: builds Vault, the Kubernetes
#                           API server and toxiproxy with Go, once, below .cache/stores; names what
#                           only the system's package manager brings
#   stores.sh find NAME     prints the path of one; where it is missing, says on standard error what
#                           gets it, and fails
#
# A binary on PATH comes first: then nothing is built. VAULT names another one, as in VAULT=bao.
set -eu

cd "$(dirname "$0")/.."
folder=$(pwd -P)
cache=$folder/.cache/stores

say() {
    printf '%s\n' "$*" >&2
}

# The version that is built of server $1; nothing where it is not built here.
version_of() {
    case $1 in
        vault) echo 1.21.0 ;;
        kube-apiserver) echo 1.34.4 ;;
        toxiproxy-server) echo 2.12.0 ;;
    esac
}

on_path() {
    command -v "$1" 2>/dev/null
}

built() {
    path=$cache/$1-$(version_of "$1")/$1
    [ -x "$path" ] && echo "$path"
}

# Prints the path of server $1, or fails in silence.
path_of() {
    case $1 in
        vault)
            if [ -n "${VAULT:-}" ]; then
                on_path "$VAULT"
            else
                on_path vault || on_path bao || built vault
            fi
            ;;
        # One from PATH has no etcd in it.
        kube-apiserver) on_path etcd >/dev/null && on_path kube-apiserver || built kube-apiserver ;;
        toxiproxy-server) on_path toxiproxy-server || built toxiproxy-server ;;
        *) on_path "$1" ;;
    esac
}

# What gets server $1.
remedy() {
    case $1 in
        vault)
            if [ -n "${VAULT:-}" ]; then
                echo "VAULT=$VAULT names no program"
            else
                echo 'run make stores'
            fi
            ;;
        kube-apiserver | toxiproxy-server) echo 'run make stores' ;;
        gnome-keyring-daemon | dbus-daemon | dbus-send)
            echo 'on Debian or Ubuntu, apt-get install --no-install-recommends gnome-keyring dbus' ;;
        *) echo 'put it on PATH' ;;
    esac
}

# Builds server $1 and puts it into place by a rename, so that a build that is interrupted leaves
# nothing that counts as a server. What it says goes to a log, whose end is shown where it fails.
build() {
    version=$(version_of "$1")
    home=$cache/$1-$version
    log=$home.log
    mkdir -p "$cache"
    say "$1 $version: building it, once; this takes minutes"
    workplace=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$workplace"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    started=$(date +%s)
    if ! (
        cd "$workplace"
        # A build inside a repository would ask git about it, and others' settings change what it is.
        export GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off CGO_ENABLED=0
        # Go keeps at home what it fetched and compiled; where nobody has one, it goes with the build.
        [ -n "${HOME:-}" ] || export HOME="$workplace" GOFLAGS="$GOFLAGS -modcacherw"
        exec nice -n 19 sh "$folder/scripts/stores/$1/build.sh" "$version"
    ) >"$log" 2>&1; then
        tail -n 12 "$log" >&2
        say "$1 $version could not be built: are Go's modules within reach?" \
            "(all that it said is in $log)"
        return 1
    fi
    mkdir -p "$home"
    mv "$workplace/$1" "$home/$1"
    took=$(($(date +%s) - started))
    size=$(($(wc -c <"$home/$1") / 1000000))
    say "$1 $version: built in $took s, $size MB: $home/$1"
}

# Makes server $1 ready, or says what would and fails.
get() {
    if path=$(path_of "$1"); then
        say "$1: $path"
    elif [ -n "${VAULT:-}" ] && [ "$1" = vault ] || [ -z "$(version_of "$1")" ]; then
        say "$1 is missing: $(remedy "$1")"
        return 1
    elif ! on_path go >/dev/null; then
        say "$1 is missing: put it on PATH, or install Go (1.25 or later), which builds it"
        return 1
    else
        build "$1"
    fi
}

# Each is tried, so that one that is missing does not hide another.
get_each() {
    missing=''
    for name; do
        (get "$name") || missing=yes
    done
    [ -z "$missing" ]
}

find_one() {
    path_of "$1" && return
    say "$1 is missing: $(remedy "$1")"
    return 1
}

[ "$*" != get ] ||
    set -- get gnome-keyring-daemon dbus-daemon dbus-send toxiproxy-server vault kube-apiserver
[ $# -ge 2 ] || set -- help
asked=$1
shift
case $asked in
    get) get_each "$@" ;;
    find) find_one "$1" ;;
    *) say 'stores.sh get [NAME…], or stores.sh find NAME'; exit 2 ;;
esac
