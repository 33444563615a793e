#!/usr/bin/env bash
# TEST: labels=arch timeout=120
# Configure refuses a serial HDF5 and an HDF5 of another MPI, each time naming the files.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() { echo "configure_test: $*" >&2; exit 1; }

# refused NAME PATTERN...: configure with the HDF5 in NAME/ must fail, its message matching every PATTERN.
refused() {
  local name=$1 pattern
  shift
  if cmake -S "$TARTAN_SOURCE_DIR" -B "$name/build" -DTARTAN_HDF5_INCLUDE_DIR="$scratch/$name/include" \
    -DTARTAN_HDF5_LIBRARY="$scratch/$name/lib/libhdf5.so" >"$name.log" 2>&1; then
    fail "a configuration with $name HDF5 was accepted"
  fi
  for pattern in "$@"; do
    grep -q -- "$pattern" "$name.log" || { cat "$name.log"; fail "$name: the message lacks \"$pattern\""; }
  done
  echo "refused as it should be: $name"
}

# A library file of that name, which needs the libraries given.
library() {
  mkdir -p "$(dirname "$1")"
  echo 'int some_symbol;' | cc -shared -fPIC -x c - -x none -Wl,--no-as-needed -Wl,-soname,"$(basename "$1")" -o "$@"
}

mkdir -p serial/include mixed/include
echo '/* no H5_HAVE_PARALLEL */' >serial/include/hdf5.h
library serial/lib/libhdf5.so
refused serial 'is serial' "$scratch/serial/lib/libhdf5.so" 'MPI is /'

echo '#define H5_HAVE_PARALLEL 1' >mixed/include/hdf5.h
library mixed/lib/libmpich.so.12
library mixed/lib/libhdf5.so "$scratch/mixed/lib/libmpich.so.12"
refused mixed 'Two MPI libraries' "$scratch/mixed/lib/libhdf5.so" 'libmpich.so.12' 'MPI is /'
