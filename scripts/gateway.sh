#!/bin/sh
# Runs the tests that mint through LiteLLM's proxy. It is installed into an environment of its own,
# build/gateway: it needs other versions of what the tests need. Arguments are given to pytest.
set -eu

cd "$(dirname "$0")/.."
home=$(pwd -P)/build/gateway
export PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

if [ ! -e "$home/.ready" ] || [ scripts/gateway.txt -nt "$home/.ready" ]; then
    printf '%s\n' "installing LiteLLM's proxy into build/gateway; this takes minutes" >&2
    rm -rf "$home"
    python -m venv "$home"
    "$home/bin/pip" install --quiet --constraint scripts/gateway.txt 'litellm[proxy]' prisma
    touch "$home/.ready"
fi
LITELLM=$home/bin/litellm exec pytest -m gateway -n 0 "$@"
