#!/bin/sh
# From profiles to an application that reads its tokens: every step that a team takes, with the
# command before its output. Needs `voxmint` and `python3` on the PATH (`make demo` sees to it); no
# key, no network. Leaves .env.local, which git ignores.
set -eu

cd -- "$(dirname -- "$0")"

say() {
    printf '\n# %s\n' "$*"
}

# The command is shown as it is run.
run() {
    printf '$ %s\n' "$1"
    eval "$1"
}

command -v voxmint >/dev/null || {
    echo 'demo.sh: voxmint is not on the PATH; run "make demo" in the folder of the project' >&2
    exit 1
}

scratch=$(mktemp -d)
emulator=''
clean_up() {
    [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || :
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Begin as after a clone, so that the first mint has something to do.
rm -rf .env.local .voxmint

say 'A project: profiles that inherit, and environments that lay their overlay on them.'
run 'voxmint list'

say 'Every profile in every environment is compiled and checked. This reads files, and nothing else.'
run 'voxmint validate'

say 'The body that a profile becomes, exactly as it would be sent.'
run 'voxmint render emergency -e local'

say 'In production the overlay raises the threshold of loud rooms, and asks how sure the model was.'
run 'voxmint render emergency -e production'

say 'And as the older endpoint takes it.'
run 'voxmint render emergency -e production --api transcription_sessions'

say 'Mint: a token for each profile. local has an emulator built in, so this needs no key.'
run 'voxmint mint -e local'

say 'Again: nothing has changed and nothing expires soon, so everything is kept.'
run 'voxmint mint -e local'

say 'The env file is bare KEY=value lines, which every reader takes in the same way.'
run "sed -n 's/^\\(CALL_CENTER_GERMAN_[A-Z_]*\\)=.*/\\1=…/p' .env.local"

say 'An application runs under it. First a server to open its sessions at: any emulator takes the'
printf '# tokens of another one.\n'
# The emulator's first line is its address. A pipe with a name waits for it.
mkfifo "$scratch/url"
printf '$ voxmint -q emulator --port 0 &\n'
voxmint -q emulator --port 0 >"$scratch/url" &
emulator=$!
exec 3<"$scratch/url"
read -r url <&3 || {
    echo 'demo.sh: the emulator did not start' >&2
    exit 1
}
printf '%s\n' "$url"

say 'The application reads its tokens from the environment, and prints what the server says of each.'
(run "set -a; . ./.env.local; set +a; python3 app.py $url")

say 'That was all: .env.local stays, for programs of your own.'
