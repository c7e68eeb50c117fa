#!/usr/bin/env bash
# Compares a round over TCP, worker and GPS in one process, with the same at commit db70c0b, the last one of the first
# protocol: alternating runs, so that both meet the same neighbours. From any directory: scripts/round/compare.sh [MIB] [RUNS]
#
# Needs a repository that has that commit, and twice seven times the model in memory. It prints the machine, the two commits,
# each run, and the ratios of the medians and of the fastest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
mib=${1:-256} runs=${2:-5} base=db70c0b
dir=$(mktemp -d)
trap 'git worktree remove --force "$dir/before" 2>/dev/null; rm -rf "$dir"' EXIT
git worktree add --quiet --detach "$dir/before" "$base"
cp scripts/round/before_test.go.txt "$dir/before/examples/customtransport/round_test.go"
(cd "$dir/before" && go test -c -o "$dir/before.test" ./examples/customtransport)
go test -c -o "$dir/after.test" ./examples/customtransport
echo "$(date -u +%F), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(go version | cut -d' ' -f3), model $mib MiB"
echo "before $base, after $(git rev-parse --short HEAD)"
for _ in $(seq "$runs"); do
	for which in before after; do
		"$dir/$which.test" -test.run xxx -test.bench Round -test.benchtime 5x -model "$mib" |
			sed -n "s|^BenchmarkRound.* \([0-9.e-]*\) models/round.* \([0-9.e-]*\) s/round.*|$which \2 s a round, \1 models allocated a round|p" |
			tee -a "$dir/figures"
	done
done
sorted() { grep "^$1" "$dir/figures" | cut -d' ' -f2 | sort -g; }
median() { sorted "$1" | awk '{x[NR]=$1} END {print x[int((NR+1)/2)]}'; }
fastest() { sorted "$1" | head -1; }
for of in median fastest; do # on a machine with neighbours the fastest runs are the quiet ones
	awk -v what="$of" -v a="$($of after)" -v b="$($of before)" 'BEGIN {printf "%s: before %s s, after %s s, ratio %.2f\n", what, b, a, a/b}'
done
