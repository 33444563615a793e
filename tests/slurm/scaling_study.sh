#!/usr/bin/env bash
# TEST: labels=slurm timeout=300 processors=2
#
# scaling-submit on a real Slurm of virtual nodes: strong and weak studies from submission to what the collector makes of
# them. Skipped without root, Slurm, namespaces or tartan-bench.
. "$(dirname "$0")/jobs.sh"

SIZES=(--repeat=2 --ntasks-per-node=1 --cpus-per-task=1 --time=5)

ids() { sed -n 's/^job \([0-9]*\): .*/\1/p' "$1"; }
idle() { [ -z "$(squeue --noheader)" ]; }

# Of a member of the lines of JSON: its values, each once.
values() { cat "$2"/*-run-*.jsonl | grep -o "\"$1\": [0-9]*" | sort -u | sed 's/.*: //' | sort -n | xargs; }

inside() {
  "$jobs/scaling-submit" --nodes="1 2" "${SIZES[@]}" gemm -m 300 -n 200 -k 200 --reps 5 | tee strong.out
  "$jobs/scaling-submit" --nodes=1,2 "${SIZES[@]}" --study="a study" gemm -m '{300*N}' -n 200 -k '{100*N^0.5}' --reps 5 |
    tee weak.out
  [ "$(ids strong.out | wc -l)" -eq 3 ] || fail "not two jobs and a collector"
  until_true 200 idle
  tail -n 40 scaling-gemm-strong/*.out "a study"/*.out
  ls -l scaling-gemm-strong "a study"

  [ "$(cat scaling-gemm-strong/*-run-*.jsonl | wc -l)" -eq 4 ] || fail "not two jobs of two runs"
  [ "$(values nodes scaling-gemm-strong)" = "1 2" ] || fail "the nodes of the strong study"
  [ "$(values m scaling-gemm-strong)" = 300 ] || fail "the size of the strong study"
  [ "$(values m "a study")" = "300 600" ] && [ "$(values k "a study")" = "100 141" ] || fail "the sizes of the weak study"
  [ "$(cat "a study"/*-run-*.jsonl | wc -l)" -eq 4 ] || fail "not two jobs of two runs"
  id=$(ids strong.out | tail -n 1) log=scaling-gemm-strong/collect.out
  [ "$(field ExitCode)" = 0 ] || { cat "$log"; fail "the collector"; }
  if [ ! -e "$jobs/scaling-collect" ]; then return; fi
  cat "$log"
  [ "$(grep -c . scaling-gemm-strong/repetitions.csv)" -eq 21 ] || fail "not 5 repetitions of 4 runs" # and a header
  [ -s "a study/summary.txt" ] || fail "no table"
  if command -v gnuplot >/dev/null; then [ -s "a study/scaling.png" ] || fail "no plot"; fi
}

[ "${1:-}" = --inside ] || need_cluster
command -v tartan-bench >/dev/null || skip "there is no tartan-bench"
on_cluster 2 1 "$@"
echo "passed"
