#!/bin/sh
# run_in.sh DIR COMMAND...: run the command in DIR, made new and empty, as every test is.
set -e
rm -rf "$1"
mkdir -p "$1"
cd "$1"
shift
exec "$@"
