#!/usr/bin/env bash
# TEST: labels=slurm timeout=300 processors=2
#
# pca.sbatch, linalg.sbatch and mpirun.sbatch on a real Slurm of virtual nodes: results of three nodes with the bits of one
# rank, exit codes, a requeued job, the script that a plan prints, scripts in other folders, and nothing left behind.
# Skipped without root, Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=3 --ntasks-per-node=1 --cpus-per-task=2 --mem=2000M)

results() {
  local first before
  job 0 "$jobs/pca.sbatch" data.h5 -k 10 --scores -o srun.h5 --json srun.json
  first=$id
  says "of 1.6 GiB (--memory)" # 80 % of the job's memory
  ! grep -qF "bound to" "$log" || fail "job $id warns of a binding that there is not"
  grep -q '"nodes": 3' srun.json || fail "the job did not run on three nodes"
  job 0 "$jobs/mpirun.sbatch" pca data.h5 -k 10 --scores -o mpirun.h5 --json mpirun.json
  grep -q '"nodes": 3' mpirun.json || fail "mpirun did not run on three nodes"
  tartan pca data.h5 -k 10 --scores -o one.h5 -q >one.out
  same_bits one.h5 srun.h5 components_ explained_variance_ X_pca
  same_bits one.h5 mpirun.h5 components_ explained_variance_ X_pca

  # Again, as the same job and as a new one: what is complete stays, and it is no error.
  before=$(stat -c %i.%Y srun.h5)
  id=$first log=tartan-pca-$first.out
  scontrol requeue "$id"
  ended 0
  says "nothing to do"
  [ "$(grep -c 'samples x' "$log")" -eq 2 ] || fail "the output of the first run is not kept"
  job 0 "$jobs/pca.sbatch" data.h5 -k 10 --scores -o srun.h5 --json srun.json
  says "nothing to do"
  [ "$before" = "$(stat -c %i.%Y srun.h5)" ] || fail "a complete result was written again"
}

exit_codes() {
  job 3 "$jobs/pca.sbatch" bad.h5 -k 10 -o none.h5
  says "bad.h5 is not an HDF5 file"
  LAUNCH=mpirun job 3 "$jobs/pca.sbatch" bad.h5 -k 10 -o none.h5
  says "bad.h5 is not an HDF5 file"
  job 2 "$jobs/linalg.sbatch" nonsense
  says "nonsense"
  job 5 "$jobs/linalg.sbatch" pca data.h5 -k 10 --memory 10M -o none.h5
  [ ! -e none.h5 ] || fail "a failed job left a result"
}

# Scripts are found from any folder, under any name of it, with a site's settings, and from a copy elsewhere.
places() {
  mkdir -p "a site" deep/er
  cp "$jobs"/* "a site"
  echo 'export SBATCH_PARTITION=main OMPI_MCA_io=romio321; echo "settings of $SLURM_JOB_NAME"' >>"a site/site.conf"
  job 0 "a site/linalg.sbatch" norm data.h5 --json norm.json
  says "settings of tartan-linalg"
  (cd deep/er && job 0 ../../"a site"/linalg.sbatch norm "$OLDPWD/data.h5" && says "settings of tartan-linalg")
  cp "$jobs/linalg.sbatch" deep
  TARTAN_JOBS=$jobs job 0 deep/linalg.sbatch norm data.h5
  LAUNCH="mpirun -q -n 1" job 0 "$jobs/linalg.sbatch" svd data.h5 -k 5 -o svd.h5
  says "written  svd.h5"
}

# The script that a plan prints is taken by Slurm as it is, from stdin too, and asks for enough.
plans() {
  local command
  for command in "pca data.h5 -k 10 -o planned.h5" "svd data.h5 -k 5" "matmul data.h5 data.h5 --transpose-a" \
    "recommend train ratings.h5 --model als -k 8"; do
    # shellcheck disable=SC2086
    mpirun -q --oversubscribe -n 2 tartan $command --plan --sbatch | sed -n '/^#!/,$p' >planned.sbatch
    sbatch --test-only planned.sbatch
  done
  tartan pca data.h5 -k 10 -o planned.h5 --plan --sbatch | sed -n '/^#!/,$p' >planned.sbatch
  id=$(sbatch --parsable <planned.sbatch)
  log=tartan-pca-$id.out
  ended 0
  says "written  planned.h5"
  same_bits one.h5 planned.h5 components_
}

inside() {
  tartan generate matrix --samples 6000 --features 200 --spectrum power:1 -o data.h5 -q
  tartan generate ratings --users 300 --items 200 --ratings 6000 -o ratings.h5 -q
  echo "this is no HDF5 file" >bad.h5
  results
  exit_codes
  places
  plans
}

# A cluster that is killed takes all its processes along.
killed() {
  local pid
  "$cluster" 1 1 bash -c 'readlink /proc/self/ns/pid >killed.new; mv killed.new killed; sleep 60' &
  pid=$!
  until_true 20 test -e killed
  kill -KILL $pid
  wait $pid 2>/dev/null || true
  gone() { ! left killed; }
  until_true 5 gone
}

on_cluster 4 2 "$@"
killed
echo "passed"
