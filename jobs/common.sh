# What the scripts of this folder share: settings of the site, threads and binding, signals, going on after an
# interruption. They set $jobs, the folder, and read this; then   step COMMAND ...   runs the command on all ranks.

. "${TARTAN_SITE:-$jobs/site.conf}"
set -eu

# A core for each thread, as allocated. Since Slurm 22.05 srun does not take --cpus-per-task from the job, and the number of
# ranks that it would take is that of the first start: a job that waits may be given other nodes.
per_node=${SLURM_NTASKS_PER_NODE:-1} threads=${SLURM_CPUS_PER_TASK:-1}
export OMP_NUM_THREADS=$threads OMP_PLACES=cores OMP_PROC_BIND=close SRUN_CPUS_PER_TASK=$threads

# When a rank has ended, srun gives the others 20 seconds and ends them too: one that crashed leaves nobody waiting, nor does
# one whose node is out of reach.
export SLURM_WAIT=${SLURM_WAIT:-20}

# With Slurm's other ways to wait for all ranks, Open MPI 4.1.4 now and then crashed at its start (docs/cluster.md).
export SLURM_PMIX_FENCE=${SLURM_PMIX_FENCE:-ring}

case ${LAUNCH:-srun} in
  srun) LAUNCH="srun --mpi=pmix --ntasks=$((SLURM_JOB_NUM_NODES * per_node))" ;;
  mpirun) LAUNCH="mpirun -q --map-by ppr:$per_node:node:pe=$threads --bind-to core" ;;
esac

# When the job ends, in seconds since 1970: programs with checkpoints stop before. Newer versions of Slurm say it themselves.
end=$(date -d "$(squeue --noheader --job="$SLURM_JOB_ID" --format=%e)" +%s 2>/dev/null) && export SLURM_JOB_END_TIME=$end

# Slurm warns this script alone (--signal=B:USR1@180); srun and mpirun hand the signal on to all ranks.
running='' warned=''
trap 'warned=yes; [ -z "$running" ] || kill -USR1 $running' USR1

# The program has written its state and ended with 75: the job starts again, and the same command goes on from there.
start_again() {
  if [ "${SLURM_RESTART_COUNT:-0}" -ge "${RESTARTS:-100}" ]; then
    echo "interrupted, and started again ${SLURM_RESTART_COUNT:-0} times before: submit the same to go on"
  else
    echo "interrupted: queuing job $SLURM_JOB_ID again, to go on" # said before: Slurm may end this script at once
    scontrol requeue "$SLURM_JOB_ID" || echo "the job cannot be queued again: submit the same to go on"
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
