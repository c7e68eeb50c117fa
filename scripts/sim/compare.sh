#!/usr/bin/env bash
# Compares the simulator's benchmarks, training stubbed, with those at commit db70c0b, the last one of the first protocol:
# alternating runs, so that both meet the same neighbours. From any directory: scripts/sim/compare.sh [RUNS]
#
# Needs a repository that has that commit. It prints the machine, the two commits, and the fastest of the runs of each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
runs=${1:-8} base=db70c0b
dir=$(mktemp -d)
trap 'git worktree remove --force "$dir/before" 2>/dev/null; rm -rf "$dir"' EXIT
git worktree add --quiet --detach "$dir/before" "$base"
(cd "$dir/before" && go test -c -o "$dir/before.test" ./halos/sim)
go test -c -o "$dir/after.test" ./halos/sim
echo "$(date -u +%F), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(go version | cut -d' ' -f3)"
echo "before $base, after $(git rev-parse --short HEAD)"
cd halos/sim
for _ in $(seq "$runs"); do
	for which in before after; do
		"$dir/$which.test" -test.run xxx -test.bench 'Reference|Hundred' -test.cpu 1 |
			sed -n "s|^Benchmark\([A-Za-z]*\)[^0-9]*[0-9]*[^0-9]*\([0-9]*\) ns/op.*|\1 $which \2|p" >>"$dir/figures"
	done
done
for bench in Reference HundredRegions; do
	fastest() { awk -v b="$bench" -v w="$1" '$1 == b && $2 == w {print $3}' "$dir/figures" | sort -g | head -1; }
	awk -v n="$bench" -v b="$(fastest before)" -v a="$(fastest after)" 'BEGIN {printf "%s: before %.1f ms, after %.1f ms, ratio %.2f\n", n, b/1e6, a/1e6, a/b}'
done
