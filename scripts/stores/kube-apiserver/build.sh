#!/bin/sh
# Builds the Kubernetes API server with etcd inside, version $1, in the working folder.
#
# Kubernetes replaces its parts by folders in its tree. They are released as 0.X.Y with 1.X.Y.
set -eu

module=k8s.io/kubernetes

go mod download -json "$module@v$1" >download.json || { cat download.json; exit 1; }
cp "$(sed -n 's/.*"GoMod": "\(.*\)".*/\1/p' download.json)" go.mod
chmod u+w go.mod
release=v0.${1#1.}
go mod edit -json | sed -n 's/.*"Path": "\.\/staging\/src\/\(.*\)".*/\1/p' >parts
set --
while read -r part; do
    set -- "$@" -replace "$part=$part@$release"
done <parts
version=v1.${release#v0.}
go mod edit -module voxmint/kube-apiserver -require "$module@$version" "$@"
cp "$(dirname "$0")/main.go" .
exec go build -trimpath -o kube-apiserver \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" .
