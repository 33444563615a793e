#!/usr/bin/env bash
# TEST: labels=slurm timeout=300 processors=2
#
# A link that is lost in the middle of a run, by srun and by mpirun: the watchdog ends the job with exit code 9 and names rank,
# host and phase; nothing hangs, and no rank runs on on any node, the one that was cut off included. Skipped without root,
# Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=3 --ntasks-per-node=1 --cpus-per-task=1 --mem=1200M)

ranks() { pgrep -cx tartan || true; }
all_run() { [ "$(ranks)" -eq 3 ]; }
none_runs() { [ "$(ranks)" -eq 0 ]; }
# Slurm knows the exit code, and waits only for the node that is out of reach to confirm it.
decided() { [[ ! $(field JobState) =~ ^(PENDING|CONFIGURING|RUNNING)$ ]]; }

# lose NODE WORD ...: of a job of three ranks, the last on this node. A network that is silent cannot be told from a slow
# one before the watchdog's 5 seconds are over.
lose() {
  local start
  submit "${@:2}"
  until_true 60 all_run
  sleep 4 # every rank has been heard
  all_run || { cat "$log"; fail "job $id was over before the link was lost"; }
  cut-link "$1"
  start=$SECONDS
  until_true 30 none_runs
  printf '\n----- job %s: no rank %s s after the link was lost, ' "$id" $((SECONDS - start))
  until_true 40 decided
  echo "decided after $((SECONDS - start)) s, exit code $(field ExitCode)"
  cat "$log"
  [ "$(field ExitCode)" = 9 ] || fail "job $id: not exit code 9"
  says "no sign of life for 5 s from rank 2 on $1 ("
  says "still there: rank 0 on n1 (after reading), rank 1 on n2 (after reading, in MPI_"
}

inside() {
  tartan generate matrix -m 2500 -n 2500 -o a.h5 -q
  SMALL+=(--nodelist=n1,n2,n4)
  lose n4 "$jobs/mpirun.sbatch" eig a.h5 -o e.h5 --watchdog 5s
  SMALL+=(--nodelist=n1,n2,n3)
  lose n3 "$jobs/linalg.sbatch" eig a.h5 -o e.h5 --watchdog 5s
  [ ! -e e.h5 ] || fail "a run that was ended left a result"
}

on_cluster 4 1 "$@"
echo "passed"
