# What the tests of the job scripts share; sourced. A test defines inside(), which runs on the virtual cluster, and ends with
#   on_cluster NODES CPUS "$@"
# shellcheck shell=bash
set -euo pipefail
source=${TARTAN_SOURCE_DIR:-$(cd "$(dirname "$0")/../.." && pwd)}
cluster=$source/tests/slurm/virtual-slurm
jobs=$source/jobs

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "failed: $*" >&2; exit 1; }

# ------------------------------------------------------------------ outside: the cluster

need_cluster() {
  local program
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  for program in slurmctld slurmd sbatch srun scontrol ip nsenter unshare mpirun; do
    command -v $program >/dev/null || skip "there is no $program (packages slurm-wlm slurm-wlm-basic-plugins iproute2)"
  done
  PATH=$(dirname "${TARTAN:-$(command -v tartan)}"):$PATH
  # As on a cluster: none of the settings by which tests share the cores of one machine.
  for program in ${!OMPI_MCA_@} OMP_NUM_THREADS; do unset "$program"; done
}

# Whether a process is left in the process namespace that was noted in a file.
left() { readlink /proc/[0-9]*/ns/pid 2>/dev/null | grep -qxF "$(cat "$1")"; }

on_cluster() { # NODES CPUS [--inside]
  local code=0
  if [ "${3:-}" = --inside ]; then
    readlink /proc/self/ns/pid >namespace
    inside
    exit
  fi
  need_cluster
  "$cluster" "$1" "$2" bash "$0" --inside || code=$?
  [ $code -ne 77 ] || skip "no namespaces to be had here"
  [ $code -ne 0 ] || ! left namespace || fail "processes are left"
  [ $code -eq 0 ] || exit $code
}

# ------------------------------------------------------------------ inside: the jobs

# until_true SECONDS COMMAND ...
until_true() {
  local end=$((SECONDS + $1))
  while ! "${@:2}"; do
    [ $SECONDS -lt $end ] || { [ ! -e "${log:-/}" ] || cat "$log"; fail "not within $1 seconds: ${*:2}"; }
    sleep 0.1
  done
}

field() { scontrol show job "$id" | sed -n "s/.*\\b$1=\\([^ :]*\\).*/\\1/p" | head -n 1; }
over() { [[ ! $(field JobState) =~ ^(PENDING|CONFIGURING|RUNNING|COMPLETING)$ ]]; }

# submit SCRIPT ARGUMENT...: sets $id and $log; $SMALL are options of sbatch.
submit() {
  local name
  id=$(sbatch --parsable "${SMALL[@]}" "$@")
  name=$(basename "$1" .sbatch)
  log=tartan-$name-$id.out
}

# Open MPI 4.1.4 crashes now and then inside MPI_Init when ranks on a few shared cores are started by srun (its TCP component
# calls a null pointer): such a job is started again, at most twice, and it is said.
export SLURM_WAIT=5
crashed_in_mpi_init() { grep -qF "Failing at address: (nil)" "$log" && grep -qF "Segmentation fault" "$log"; }

over_at_last() {
  local again
  until_true "${PATIENCE:-100}" over
  for again in 1 2; do
    crashed_in_mpi_init || return 0
    echo "job $id crashed in MPI_Init: started again ($again)"
    sed -n '/Segmentation fault/,$p' "$log"
    rm "$log"
    scontrol requeue "$id"
    until_true "${PATIENCE:-100}" over
  done
}

# ended EXIT_CODE: waits for job $id, prints what it printed.
ended() {
  over_at_last
  printf '\n----- job %s: %s, exit code %s\n' "$id" "$(field JobState)" "$(field ExitCode)"
  cat "$log"
  [ "$(field ExitCode)" = "$1" ] || fail "job $id: not exit code $1"
}

# job EXIT_CODE SCRIPT ARGUMENT...
job() { submit "${@:2}"; ended "$1"; }

says() { grep -qF -- "$1" "$log" || fail "job $id does not say: $1"; }

# same_bits FILE OTHER DATASET...
same_bits() {
  local name
  for name in "${@:3}"; do
    tartan export "$1:$name" -o one.npy -q -f
    tartan export "$2:$name" -o other.npy -q -f
    cmp one.npy other.npy || fail "$name of $1 and of $2"
  done
}

# went_on RESULT EPOCHS: job $id stopped and went on, to the bits of one.h5, a training that was never interrupted.
went_on() {
  says "goes on after epoch"
  [ "$(grep -cE "^ +$2 " "$log")" -eq 1 ] || fail "not one last epoch"
  [ "$(grep -cE '^ +1 ' "$log")" -eq 1 ] || fail "began again from the first epoch"
  [ ! -e "$1.checkpoint" ] || fail "the state is left"
  same_bits one.h5 "$1" user_factors item_factors user_bias item_bias
}
