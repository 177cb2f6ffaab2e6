#!/bin/bash
# The checker itself can fail: each rule is broken once in a small tree, and must be named.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
git init -q .
mkdir -p base schema store cmd cmake tests/unit/store
printf '#include "schema/a.h"\n' > base/a.cc
printf '#include "cmd/a.h"\n' > schema/a.cc
printf 'int64_t Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }\n' > store/clock.cc
printf 'void Wait() { std::thread t; usleep(1); }\n' > store/disk.cc
printf 'void Loop() { for (const auto& [id, token] : Look()->state.tokens) Use(token); }\n' > store/loop.cc
printf 'reconcile_library(store_io SOURCES disk.cc)\n' > store/CMakeLists.txt
{ echo 'void Long() {'; for _ in $(seq 70); do echo '  Step();'; done; echo '}'; } > cmd/long.cc
for _ in $(seq 501); do echo '// line'; done > cmd/big.cc
printf 'set(RECONCILE_THREADED base_test)\n' > cmake/Targets.cmake
printf 'reconcile_test(store_test SOURCES a_test.cc)\n' > tests/unit/store/tests.cmake
printf 'TEST(A, B) { std::thread t; }\n' > tests/unit/store/a_test.cc
found=$(python3 "$root/tests/house/check_tree.py" "$tree" || true)
expect() {
  grep -qF "$1" <<<"$found" || { echo "not reported: $1"; echo "$found"; exit 1; }
}
expect 'base/a.cc: includes schema/a.h'
expect 'schema/a.cc: includes cmd/a.h: nothing includes cmd/'
expect 'store/clock.cc:1: uses a clock'
expect 'store/loop.cc:1: ranges over what a temporary pointer holds'
expect 'cmd/long.cc:1: Long has 72 lines'
expect 'cmd/big.cc: 501 lines'
expect 'tests/unit/store/a_test.cc: starts threads'
if grep -q 'store/disk.cc' <<<"$found"; then echo "an adapter was refused: $found"; exit 1; fi
echo 'every rule reports its violation'
