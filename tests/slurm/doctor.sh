#!/usr/bin/env bash
# TEST: labels=slurm timeout=200 processors=2
#
# `tartan doctor` on four virtual nodes: it sees each host, measures the ways to them, and names a slow link and a folder that
# the nodes do not share. Skipped without root, Slurm, namespaces, or a kernel that shapes links.
. "$(dirname "$0")/jobs.sh"

SMALL=(--nodes=4 --ntasks-per-node=1 --cpus-per-task=1 --mem=1200M)

inside() {
  local node
  job 0 "$jobs/linalg.sbatch" doctor --file-size 1M --json near.json
  for node in n1 n2 n3 n4; do grep -q "\"host\": \"$node\"" near.json || fail "$node was not seen"; done
  for node in 2 3 4; do says "n1 (rank 0) and n$node (rank $((node - 1)))"; done
  ! grep -qF "is not shared" "$log" || fail "the common folder is said not to be shared"

  # What is sent to n3 waits at the bridge.
  tc qdisc add dev to-n3 root tbf rate 50mbit burst 256kb latency 50ms || skip "the kernel shapes no links"
  job 0 "$jobs/linalg.sbatch" doctor --file-size 1M --dir /dev/shm
  says "the way to n3 has"
  says "/dev/shm is not shared: some ranks do not see what rank 0 writes there"
  for node in n1 n2 n3 n4; do
    [ -z "$(on $node sh -c 'ls -A /dev/shm | grep doctor')" ] || fail "a trial file is left on $node"
  done
}

on_cluster 4 1 "$@"
echo "passed"
