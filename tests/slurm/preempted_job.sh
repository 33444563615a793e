#!/usr/bin/env bash
# TEST: labels=slurm timeout=200 processors=2
#
# A training that has to give its nodes to a job of a partition with priority: warned in time where the site has a grace time
# (PreemptParameters=send_user_signal), killed where it has none. Both go on when the nodes are free, and end with the bits of a
# training that was never interrupted. Skipped without root, Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=2 --ntasks-per-node=1 --cpus-per-task=1 --mem=1200M)
TRAINING=(ratings.h5 --model als -k 64 --iterations 60 --checkpoint-every 1s)

# Takes all nodes for a moment.
urgent() {
  local log='' id
  id=$(sbatch --parsable --partition=urgent --nodes=2 --exclusive --wrap "sleep 1" --output=urgent-%j.out)
  until_true 60 over
  [ "$(field ExitCode)" = 0 ] || fail "the urgent job failed"
}

preempt() { # RESULT: when it has a state
  until_true 60 test -e "$1.checkpoint"
  urgent
}

inside() {
  tartan generate ratings --users 30000 --items 10000 --ratings 1500000 -o ratings.h5 -q
  tartan recommend train "${TRAINING[@]}" --threads 2 -o one.h5 -q

  SMALL+=(--partition=graced)
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o warned.h5
  preempt warned.h5
  ended 0
  says "by a signal: the state is in warned.h5.checkpoint"
  went_on warned.h5 60

  SMALL+=(--partition=main)
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o killed.h5
  preempt killed.h5
  ended 0
  went_on killed.h5 60
}

on_cluster 2 1 "$@"
echo "passed"
