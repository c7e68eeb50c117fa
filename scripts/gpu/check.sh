#!/usr/bin/env bash
# All checks of docs/gpu/README.md on the first GPU of this machine, in less than six minutes:
#
#	scripts/gpu/check.sh [REPORT.md]
#
# The report goes to docs/gpu/ under the name of the card if no other file is named; what
# PyTorch took beside it, as .json; all output to .gpu/check.log. Where Go is installed it
# compiles the tests, elsewhere it takes those that pack.sh has left in .gpu. What a machine
# lacks (a compiler, a profiler, PyTorch) is a check that is skipped, with the reason.
#
# Exit status: 0 if no check has failed, 1 if one has, 2 if there was nothing to check.
#
# HALOS_TEST_GPU=fake is for rehearse.sh: the same over the fake driver.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=scripts/gpu
total=340 # seconds: what is not begun by then is skipped
mode=${HALOS_TEST_GPU:-1}
export HALOS_TEST_GPU=$mode CUDA_DEVICE_ORDER=PCI_BUS_ID # that of nvidia-smi

die() { echo "check.sh: $*" >&2; exit 2; }

card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null) || card=""
card=${card%%$'\n'*}
[ -n "$card" ] || die "no GPU here: nvidia-smi shows none"
report=${1:-docs/gpu/$(tr '[:upper:] ' '[:lower:]-' <<<"$card").md}
case $mode:$report in
1:*.md) ;;
fake:docs/*) die "a rehearsal is no report: name a file outside of docs" ;;
fake:*.md) ;;
*) die "want a report that ends in .md, and HALOS_TEST_GPU 1 or unset" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bin=$work/bin
log=.gpu/check.log
[ "$mode" = 1 ] || log=${report%.md}.log
mkdir -p "$(dirname "$log")" "$work/out" "$bin"
: >"$log"
: >"$work/results"

# result ID STATUS TEXT: one line of the report. STATUS is pass, fail or skip.
result() {
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$work/results"
	printf '%4ss  %-4s %-5s %s\n' "$SECONDS" "$1" "$2" "$3"
}

# limited LIMIT NAME COMMAND...: its output to out/NAME, its status returned; 124 or 137 if it
# took longer than LIMIT seconds, 99 if there was no time left to begin.
limited() {
	local limit=$1 name=$2 left=$((total - SECONDS)) status=0
	shift 2
	[ "$left" -gt 3 ] || { echo "no time left" >"$work/out/$name"; return 99; }
	timeout -k 5 "$((limit < left ? limit : left))" "$@" >"$work/out/$name" 2>&1 </dev/null || status=$?
	return "$status"
}

# why NAME STATUS: what the output of a failed step says, in a line.
why() {
	local text
	[ "$2" != 124 ] && [ "$2" != 137 ] || { echo "stopped by its time limit"; return; }
	[ "$2" != 99 ] || { echo "no time left"; return; }
	text=$(grep -E -m 1 '\.go:[0-9]+:|^panic:|rror' "$work/out/$1" || tail -n 1 "$work/out/$1")
	sed 's/^ *//' <<<"${text:0:300}"
}

# in_cuda LIMIT NAME BINARY PATTERN [VARIABLE=VALUE...]: tests of kernels/cuda.
in_cuda() {
	local limit=$1 name=$2 binary=$3 pattern=$4
	shift 4
	limited "$limit" "$name" env -C kernels/cuda "$@" "$bin/$binary" -test.v -test.run "$pattern"
}

# tested ID TEXT NAME STATUS: the result of a step that runs Go tests. In a rehearsal none is skipped.
tested() {
	local id=$1 text=$2 name=$3 status=$4 skipped skip=skip
	[ "$mode" = 1 ] || skip=fail
	skipped=$(grep -B 1 -m 1 -E '^--- SKIP|^    --- SKIP: TestGPUSuite/' "$work/out/$name" | head -n 1 | sed -E 's/^.*_test\.go:[0-9]+: //' || true)
	if [ "$status" = 99 ]; then
		result "$id" $skip "$text: no time left"
	elif [ "$status" != 0 ]; then
		result "$id" fail "$text: $(why "$name" "$status")"
	elif [ -n "$skipped" ]; then
		result "$id" $skip "$text: $skipped"
	elif ! grep -q -E '^--- PASS' "$work/out/$name"; then
		result "$id" $skip "$text: there is no such test"
	else
		result "$id" pass "$text"
	fi
}

# check ID LIMIT TEXT NAME BINARY PATTERN [VARIABLE=VALUE...]
check() {
	local id=$1 limit=$2 text=$3 name=$4 status=0
	shift 3
	[ -x "$bin/$2" ] || { result "$id" skip "$text: no $2 was compiled"; return; }
	in_cuda "$limit" "$@" || status=$?
	tested "$id" "$text" "$name" "$status"
}

source "$here/machine.sh"
source "$here/tools.sh"

binaries || die "neither a Go toolchain that compiles the tests, nor what pack.sh leaves in .gpu/bin"
[ "$mode" = 1 ] || SECONDS=0
find_cublas

check G0 40 "copies on the device and over the bus" ceiling cuda.test '^TestGPUCeiling$'
background G1 ptxas_accepts
background G8 gorgoniacu_compiles
check G1 40 "the driver compiles the kernels, and logs why it refuses a text" load cuda.test '^TestGPULoad$' CUDA_CACHE_DISABLE=1
check G7 30 "no device to see: the CPU; no cuBLAS to find: the one-pass kernels" hidden cuda.test '^TestGPUHidden$'
check G2 100 "one-pass kernels, bit for bit" bits cuda.test '^TestGPUBits$'
check G2 40 "conformance suite" suite cuda.test '^TestGPUSuite$/^cuda$'
check G3 60 "cuBLAS, within the bound" bound cuda.test '^TestGPUBound$'
check G3 40 "conformance suite with cuBLAS" suite-blas cuda.test '^TestGPUSuite$/^cublas$'
foreground
gorgoniacu_runs
check G4 80 "updates timed" speed cuda.test '^TestGPU(Form)?Speed$'
check G5 40 "arrivals timed" arrivals cuda.test '^TestGPUArrivals$'
compared
check G9 30 "goroutines, with the race detector" goroutines cuda-race.test '^TestGPUGoroutines$'
check_halos
check G6 50 "cycles of opening and closing leave nothing" cycles cuda.test '^TestGPUCycles$'
sanitized
profiled

grep -h -a $'^GPU\t' "$work"/out/* >"$work/numbers" || true
awk -f "$here/numbers.awk" -f "$here/verdicts.awk" -v card="$card" "$work/numbers" >"$work/verdicts"
while IFS=$'\t' read -r id status text; do
	[ "$mode" = 1 ] || status=skip text+=" (over the fake driver this means nothing)"
	result "$id" "$status" "$text"
done <"$work/verdicts"

for out in "$work"/out/*; do printf '\n===== %s\n' "${out##*/}"; cat "$out"; done >>"$log"
mkdir -p "$(dirname "$report")"
write_report >"$report"
failed=$(grep -c $'\tfail\t' "$work/results" || true)
echo "$report: $(wc -l <"$work/results") results, $failed failed, $(grep -c $'\tskip\t' "$work/results" || true) skipped, ${SECONDS} s; all output in $log"
[ "$failed" = 0 ]
