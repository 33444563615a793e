# What the scripts of this folder share: settings of the site, threads and binding, signals, going on after an
# interruption. They set $jobs, the folder, and read this; then   step COMMAND ...   runs the command on all ranks.

. "${TARTAN_SITE:-$jobs/site.conf}"
set -eu

# A core for each thread, as allocated. Since Slurm 22.05 srun does not take --cpus-per-task from the job.
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK OMP_PLACES=cores OMP_PROC_BIND=close
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK

case ${LAUNCH:-srun} in
  srun) LAUNCH="srun --mpi=pmix" ;;
  mpirun) LAUNCH="mpirun -q --map-by ppr:$SLURM_NTASKS_PER_NODE:node:pe=$SLURM_CPUS_PER_TASK --bind-to core" ;;
esac

# Slurm warns this script alone (--signal=B:USR1@180); srun and mpirun hand the signal on to all ranks.
running='' warned=''
trap 'warned=yes; [ -z "$running" ] || kill -USR1 $running' USR1

# The program has written its state and ended with 75: the job starts again, and the same command goes on from there.
start_again() {
  if [ "${SLURM_RESTART_COUNT:-0}" -ge "${RESTARTS:-100}" ]; then
    echo "interrupted, and not started again after $SLURM_RESTART_COUNT times: submit the same to go on"
  elif scontrol requeue "$SLURM_JOB_ID"; then
    echo "interrupted: job $SLURM_JOB_ID is queued again and will go on"
  else
    echo "interrupted, and the job cannot be queued again: submit the same to go on"
  fi
  exit 75
}

step() {
  local code
  $LAUNCH "$@" &
  running=$!
  while :; do
    code=0
    wait $running || code=$?
    [ -n "$warned" ] || break
    warned='' # a signal ended the wait, not the program
  done
  running=''
  [ $code -ne 75 ] || start_again
  return $code
}
