#!/bin/bash
# check_link.sh PROGRAM: it must hold nothing of Git, HTTP, sockets or processes. Shared libraries show in ldd; Boost
# is linked statically or consists of headers, and shows among the symbols. Boost.JSON belongs to base/.
set -euo pipefail

program=$1
libraries=$(ldd "$program")
symbols=$(nm -C "$program")
grep -q libsqlite3 <<<"$libraries" || { echo "ldd does not show even SQLite: $libraries"; exit 1; }
grep -q 'reconcile::' <<<"$symbols" || { echo "nm shows no symbol of ours"; exit 1; }

bad=$(grep -iE 'libgit2|libcurl|httplib|libboost_(filesystem|system|process)|libssh|docker' <<<"$libraries" || true)
bad+=$(grep -E '\b(git_(libgit2|repository|odb|commit)_|curl_(easy|multi|global)_|httplib::|boost::(asio|beast|process)\b|reconcile::(\(anonymous namespace\)::)?(DockerRuntime|DockerApi|DockerHttp|GitSource))' \
  <<<"$symbols" | head -n 20 || true)
[ -z "$bad" ] || { echo "$program holds what it must not:"; echo "$bad"; exit 1; }
