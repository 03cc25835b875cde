#!/bin/sh
# Builds toxiproxy, version $1, in the working folder.
set -eu

GOBIN=$(pwd) go install -trimpath -ldflags '-s -w' "github.com/Shopify/toxiproxy/v2/cmd/server@v$1"
mv server toxiproxy-server
