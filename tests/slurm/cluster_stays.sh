#!/usr/bin/env bash
# TEST: labels=slurm timeout=120 processors=2
#
# The cluster that stays between commands (./dev slurm up, run, down): what runs in it, its helpers, its end, and one that was
# killed. Skipped without root, Slurm or namespaces.
. "$(dirname "$0")/jobs.sh"

vs() { "$cluster" "$1" "$PWD/state" "${@:2}"; }
code_of() { local code=0; "$@" || code=$?; echo $code; }

# Connects from n1 to the daemon of n2.
reaches() { vs run on n1 timeout 3 bash -c ': </dev/tcp/n2/6818' 2>/dev/null; }
state_of() { vs run sinfo --noheader --nodes "$1" --format=%t; }

[ "$(code_of vs run true)" -eq 1 ] || fail "a command runs without a cluster"
need_cluster
code=0
vs up 2 1 || code=$?
[ $code -ne 77 ] || skip "no namespaces to be had here"
[ $code -eq 0 ] || fail "did not come up"
trap 'vs down >/dev/null' EXIT

[[ $(vs up 3 1) == "it is up already: 2 nodes of 1 cores" ]] || fail "up twice"
[ "$(vs run hostname)" = ctl ] || fail "the host name"
[ "$(vs run srun -N 2 hostname | sort | xargs)" = "n1 n2" ] || fail "the nodes"
[ "$(vs run pwd)" = "$PWD" ] || fail "the folder"
[ "$(code_of vs run bash -c 'exit 9')" -eq 9 ] || fail "the exit code"
[ "$(echo in | vs run cat)" = in ] || fail "stdin"
[ "$(code_of vs run cut-link n7 2>/dev/null)" -eq 2 ] || fail "a node that there is not"
vs run readlink /proc/self/ns/pid >namespace

reaches || fail "n1 does not reach n2"
vs run cut-link n2
! reaches || fail "the link is not cut"
vs run mend-link n2
until_true 10 reaches

vs run kill-slurmd n2
! reaches || fail "slurmd lives"
vs run start-slurmd n2
until_true 10 reaches
[ "$(vs run srun -N 2 hostname | sort | xargs)" = "n1 n2" ] || fail "the nodes afterwards"

# A job outlives the command that submitted it, and ends with the cluster.
vs run sbatch --parsable --output=job.out --wrap 'echo begun; sleep 1000' >/dev/null
until_true 10 grep -q begun job.out 2>/dev/null
[ "$(vs down)" = down ] || fail "down"
! left namespace || fail "processes are left"
[ "$(vs down)" = "no cluster is up" ] || fail "down twice"

vs up 1 1
vs run readlink /proc/self/ns/pid >namespace
kill -KILL "$(cut -d' ' -f1 state/pid)"
gone() { ! left namespace; }
until_true 5 gone
[ "$(code_of vs run true 2>/dev/null)" -eq 1 ] || fail "a command runs in a dead cluster"
[[ $(vs up 1 1) == *"had died"*"up: 1 nodes of 1 cores" ]] || fail "a dead one is not cleaned"
vs down
trap - EXIT
echo "passed"
