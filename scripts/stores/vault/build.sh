#!/bin/sh
# Builds Vault, version $1, in the working folder.
#
# Vault replaces its own api and sdk by folders beside it. As a dependency it needs their releases of
# the same day, so that their versions go with the one of Vault and are found again with each.
set -eu

module=github.com/hashicorp/vault

go mod download -json "$module@v$1" >download.json || { cat download.json; exit 1; }
cp "$(sed -n 's/.*"GoMod": "\(.*\)".*/\1/p' download.json)" go.mod
chmod u+w go.mod
go mod edit -module voxmint/vault -require "$module@v$1" \
    -replace $module/api=$module/api@v1.22.0 -replace $module/sdk=$module/sdk@v0.20.0 \
    -dropreplace $module/api/auth/approle -require $module/api/auth/approle@v0.11.0 \
    -dropreplace $module/api/auth/userpass -require $module/api/auth/userpass@v0.11.0 \
    -dropreplace $module/api/auth/kubernetes -require $module/api/auth/kubernetes@v0.10.0
cp "$(dirname "$0")/main.go" .
# `minimal` leaves out the databases' and clouds' plugins, which would double the build.
exec go build -tags minimal -trimpath -ldflags '-s -w' -o vault .
