#!/usr/bin/env bash
# TEST: labels=slurm timeout=300 processors=2
#
# The scripts of jobs/ on a real Slurm of two virtual nodes, by srun and by mpirun: results, exit codes, a requeued
# job, and nothing left behind. Skipped without root, Slurm or namespaces.
set -euo pipefail
source=${TARTAN_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cluster=$source/tests/slurm/virtual-slurm

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "failed: $*" >&2; exit 1; }

# ------------------------------------------------------------------ outside: the cluster

# Whether a process is left in the process namespace that was noted in a file.
left() { readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -qxF "$(cat "$1")"; }

outside() {
  local code=0 program killed
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  for program in slurmctld slurmd sbatch srun scontrol ip nsenter unshare mpirun; do
    command -v $program >/dev/null || skip "there is no $program (packages slurm-wlm slurm-wlm-basic-plugins iproute2)"
  done
  PATH=$(dirname "${TARTAN:-$(command -v tartan)}"):$PATH
  # As on a cluster: none of the settings by which tests share the cores of one machine.
  for program in ${!OMPI_MCA_@} OMP_NUM_THREADS; do unset "$program"; done

  "$cluster" 2 2 bash "$0" --inside || code=$?
  [ $code -ne 77 ] || skip "no namespaces to be had here"
  [ $code -ne 0 ] || ! left namespace || fail "processes are left"
  [ $code -eq 0 ] || exit $code

  "$cluster" 1 1 bash -c 'readlink /proc/self/ns/pid >killed.new; mv killed.new killed; sleep 60' &
  killed=$!
  for _ in $(seq 100); do [ ! -e killed ] || break; sleep 0.1; done
  kill -KILL $killed
  wait $killed 2>/dev/null || true
  for _ in $(seq 50); do left killed || break; sleep 0.1; done
  ! left killed || fail "processes are left of a killed cluster"
  echo "passed"
}

# ------------------------------------------------------------------ inside: the jobs

SMALL=(--nodes=2 --ntasks-per-node=1 --cpus-per-task=2 --mem=2000M)
MPIRUN="mpirun -q --map-by ppr:1:node:pe=2 --bind-to core"

# state JOB: its state, once it has ended.
state() {
  local now
  for _ in $(seq 300); do
    now=$(scontrol show job "$1" | sed -n 's/^ *JobState=\([A-Z]*\).*/\1/p')
    case $now in PENDING | CONFIGURING | RUNNING | COMPLETING) sleep 0.2 ;; *) echo "$now"; return ;; esac
  done
  echo "$now for a minute"
}

# job EXIT_CODE SCRIPT ARGUMENT...: submits, waits, prints what the job printed; sets $id and $log.
job() {
  local expected=$1 name
  name=$(basename "$2" .sbatch)
  id=$(sbatch --parsable "${SMALL[@]}" "${@:2}")
  log=tartan-$name-$id.out
  ended "$expected"
}

# ended EXIT_CODE: waits for job $id.
ended() {
  local code how
  how=$(state "$id")
  code=$(scontrol show job "$id" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p')
  printf '\n----- job %s: %s, exit code %s\n' "$id" "$how" "$code"
  cat "$log"
  [ "$code" = "$1" ] || fail "job $id: exit code $code instead of $1"
}

says() { grep -qF -- "$1" "$log" || fail "job $id does not say: $1"; }

inside() {
  local pca=$source/jobs/pca.sbatch
  readlink /proc/self/ns/pid >namespace
  tartan generate matrix --samples 6000 --features 200 --spectrum power:1 -o data.h5 -q
  echo "this is no HDF5 file" >bad.h5

  # The same bits by srun, by mpirun, and on one rank without either.
  job 0 "$pca" data.h5 -k 10 --scores -o srun.h5 --json srun.json
  says "of 1.6 GiB (--memory)" # 80 % of the job's memory
  ! grep -qF "bound to" "$log" || fail "job $id warns of a binding that there is not" # 2 threads on 2 cores
  grep -q '"nodes": 2' srun.json || fail "the job did not run on two nodes"
  local first=$id
  LAUNCH=$MPIRUN job 0 "$pca" data.h5 -k 10 --scores -o mpirun.h5 --json mpirun.json
  grep -q '"nodes": 2' mpirun.json || fail "mpirun did not run on two nodes"
  tartan pca data.h5 -k 10 --scores -o one.h5 -q >one.out
  for how in srun mpirun one; do tartan export $how.h5:/components_ -o $how.npy -q; done
  cmp srun.npy one.npy
  cmp mpirun.npy one.npy

  # Again, as the same job and as a new one: what is complete stays, and it is no error.
  local before
  before=$(stat -c %i.%Y srun.h5)
  id=$first log=tartan-pca-$first.out
  scontrol requeue "$id"
  scontrol update jobid="$id" StartTime=now # not after the two minutes that a requeued job waits
  ended 0
  says "nothing to do"
  [ "$(grep -c 'samples x' "$log")" -eq 2 ] || fail "the output of the first run is not kept"
  job 0 "$pca" data.h5 -k 10 --scores -o srun.h5 --json srun.json
  says "nothing to do"
  [ "$before" = "$(stat -c %i.%Y srun.h5)" ] || fail "a complete result was written again"

  # Exit codes come through srun and mpirun.
  job 3 "$pca" bad.h5 -k 10 -o none.h5
  says "bad.h5 is not an HDF5 file"
  LAUNCH=$MPIRUN job 3 "$pca" bad.h5 -k 10 -o none.h5
  says "bad.h5 is not an HDF5 file"
  job 2 "$pca" data.h5 -k 201 -o none.h5
  [ ! -e none.h5 ] || fail "a failed job left a result"
  scaling
}

scaling() {
  if ! command -v tartan-bench >/dev/null; then echo "no tartan-bench here: scaling.sbatch is not tried"; return; fi
  job 0 "$source/jobs/scaling.sbatch" data.h5 400
  cat scaling.jsonl
  [ "$(wc -l <scaling.jsonl)" -eq 4 ] || fail "scaling.jsonl has not 4 lines"
  [ "$(grep -c '"nodes": *2' scaling.jsonl)" -eq 2 ] || fail "scaling.jsonl has not two runs on two nodes"
}

if [ "${1:-}" = --inside ]; then inside; else outside; fi
