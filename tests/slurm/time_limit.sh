#!/usr/bin/env bash
# TEST: labels=slurm,long timeout=1200 processors=2
#
# Jobs whose time is up before they are ready: one that Slurm warns, and one that is not warned and stops by itself before the
# end that it was told. Both are queued again until they are ready, with the bits of a training that was never interrupted.
# Minutes, since a minute is the shortest limit that Slurm has. Skipped without root, Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=2 --ntasks-per-node=1 --cpus-per-task=1 --mem=1200M)
TRAINING=(ratings.h5 --model als -k 64 --iterations 600)
PATIENCE=500

stopped() { # RESULT
  says "interrupted: queuing job $id again"
  [ "$(field Restarts)" -ge 1 ] || fail "no restart"
  went_on "$1" 600
}

inside() {
  tartan generate ratings --users 30000 --items 10000 --ratings 1500000 -o ratings.h5 -q
  tartan recommend train "${TRAINING[@]}" --threads 2 -o one.h5 -q

  SMALL+=(--time=2 --signal=B:USR1@60)
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o warned.h5
  ended 0
  says "by a signal: the state is in warned.h5.checkpoint"
  stopped warned.h5

  SMALL+=(--time=1 --signal=B:CONT@10)
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o limited.h5
  ended 0
  says "the state is in limited.h5.checkpoint"
  stopped limited.h5
}

on_cluster 2 1 "$@"
echo "passed"
