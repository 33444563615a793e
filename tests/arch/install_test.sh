#!/usr/bin/env bash
# TEST: labels=arch timeout=180 processors=2
# What is installed can be used: by find_package and by pkg-config, and it loads one BLAS; the tree can be moved.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
consumer=$TARTAN_SOURCE_DIR/tests/arch/consumer
unset LD_LIBRARY_PATH

fail() { echo "install_test: $*" >&2; exit 1; }

# Run the consumer on 2 ranks, and see that it speaks and that one folder gives every BLAS and LAPACK.
try() {
  local said folders
  said=$("$MPIEXEC" -n 2 "$1") || fail "$1 failed"
  echo "$said"
  grep -q '^consumer: tartan 0\.' <<<"$said" || fail "$1 said: $said"
  folders=$(ldd "$1" | awk '/lib(open)?blas|liblapack/ { sub("/[^/]*$", "", $3); print $3 }' | sort -u)
  [ "$(wc -l <<<"$folders")" -eq 1 ] || fail "two BLAS flavours: $folders"
}

cmake --install "$TARTAN_BUILD_DIR" --prefix "$scratch/first" >"$scratch/install.log"
echo "# of this site" >>"$scratch/first/share/tartan/jobs/site.conf"
cmake --install "$TARTAN_BUILD_DIR" --prefix "$scratch/first" >>"$scratch/install.log"
grep -q "of this site" "$scratch/first/share/tartan/jobs/site.conf" || fail "site.conf was written over"
mv "$scratch/first" "$scratch/prefix" # an installed tree does not know its own name
prefix=$scratch/prefix
for file in bin/tartan share/doc/tartan/LICENSE include/tartan/version.h share/tartan/jobs/{pca.sbatch,common.sh}; do
  [ -e "$prefix/$file" ] || fail "$file was not installed"
done

exported=$(nm -D --defined-only "$(find "$prefix" -name 'libtartan.so.0')" | awk '$2 != "A" { print $3 }')
strangers=$(grep -v '^tartan_' <<<"$exported" || true)
[ -z "$strangers" ] || fail "exported beside tartan_*: $strangers"

echo "find_package:"
cmake -S "$consumer" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/cmake.log" 2>&1 ||
  { cat "$scratch/cmake.log"; fail "find_package(tartan) failed"; }
cmake --build "$scratch/build" >"$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; fail "the consumer does not build"; }
try "$scratch/build/consumer"

echo "pkg-config:"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tartan.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir tartan)
# shellcheck disable=SC2046 # the flags are words
mpicc -std=c11 "$consumer/consumer.c" $(pkg-config --cflags --libs tartan) -Wl,-rpath,"$libdir" -o "$scratch/consumer"
try "$scratch/consumer"

if [ -x "$prefix/bin/tartan" ]; then
  "$prefix/bin/tartan" --version >"$scratch/version" || fail "the installed program does not start"
  head -1 "$scratch/version"
fi
