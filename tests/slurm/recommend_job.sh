#!/usr/bin/env bash
# TEST: labels=slurm timeout=300 processors=2
#
# recommend.sbatch, interrupted by the signal with which Slurm warns: it ends with 75, queues itself again and goes on, on
# as many nodes, on fewer, and by mpirun; the model has the bits of a training that was never interrupted. Skipped without
# root, Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=3 --ntasks-per-node=1 --cpus-per-task=1 --mem=1200M)
TRAINING=(ratings.h5 --model als -k 32 --iterations 25)

epoch() { grep -qE "^ +$1 " "$log" 2>/dev/null; }
waits() { [ "$(field JobState)" = PENDING ]; }
printed() { grep -qF -- "$1" "$log" 2>/dev/null; }

# interrupt [OPTION OF scancel]: after epoch 2, as Slurm does before the time is up.
interrupt() {
  until_true 60 epoch 2
  scancel --signal=USR1 "$@" "$id"
}

stopped() { # RESULT
  says "by a signal: the state is in $1.checkpoint"
  went_on "$1" 25
}

inside() {
  tartan generate ratings --users 3000 --items 2000 --ratings 200000 -o ratings.h5 -q
  tartan recommend train "${TRAINING[@]}" -o one.h5 -q

  # Warned, queued again by itself, finished; and once more when it is finished.
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o same.h5
  interrupt --batch
  until_true 30 printed "interrupted: queuing job $id again"
  ended 0
  [ "$(field Restarts)" -ge 1 ] || fail "no restart"
  stopped same.h5
  scontrol requeue "$id"
  local finished=$id

  # On fewer nodes; the signal goes to the ranks alone.
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o fewer.h5
  interrupt
  until_true 30 printed "interrupted: queuing job $id again"
  until_true 30 waits
  scontrol update jobid="$id" NumNodes=2-2 NumTasks=2 NumCPUs=2
  ended 0
  [ "$(field NumNodes)" = 2 ] || fail "not on two nodes"
  stopped fewer.h5

  # By mpirun; it may not start again, ends with 75, and the same is submitted for one node.
  export LAUNCH=mpirun RESTARTS=0
  submit "$jobs/recommend.sbatch" "${TRAINING[@]}" -o mpirun.h5
  interrupt --batch
  ended 75
  says "submit the same to go on"
  cat "$log" >before
  SMALL+=(--nodes=1)
  job 0 "$jobs/recommend.sbatch" "${TRAINING[@]}" -o mpirun.h5
  cat "$log" >>before
  log=before
  stopped mpirun.h5

  id=$finished log=tartan-recommend-$finished.out
  ended 0
  says "nothing to do"
}

on_cluster 4 1 "$@"
echo "passed"
