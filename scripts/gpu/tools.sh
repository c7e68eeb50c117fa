# shellcheck shell=bash disable=SC2154 # what check.sh sets
# For check.sh, which reads this: the checks that need more than the Go tests.

# background ID FUNCTION: begins a check that computes nothing on the GPU. foreground waits
# for all of them and takes their results.
background() {
	(result() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$work/results.$id"; }; id=$1; : >"$work/results.$id"; "$2") &
	begun+=("$! $1")
}
begun=()

foreground() {
	local job
	for job in "${begun[@]}"; do
		wait "${job% *}" || result "${job#* }" fail "a check in the background ended early"
		while IFS=$'\t' read -r id status text; do result "$id" "$status" "$text"; done <"$work/results.${job#* }"
	done
}

# find_tool NAME: its path. Triton brings a ptxas.
find_tool() {
	command -v "$1" && return
	local at
	for at in /usr/local/cuda/bin/"$1" /usr/local/cuda/nsight-compute*/"$1" /opt/nvidia/nsight-compute/*/"$1"; do
		[ ! -x "$at" ] || { echo "$at"; return; }
	done
	python3 -c 'import os, sys, triton
at = os.path.join(os.path.dirname(triton.__file__), "backends/nvidia/bin", sys.argv[1])
sys.exit(print(at) if os.access(at, os.X_OK) else 1)' "$1" 2>/dev/null
}

# G1: the assembler of the toolkit, for architectures beside that of the card.
ptxas_accepts() {
	local ptxas arch status text registers most spilled kernels
	ptxas=$(find_tool ptxas) || { result G1 skip "ptxas: not on this machine"; return; }
	for arch in 75 80 90 100; do
		status=0
		limited 60 "ptxas-$arch" "$ptxas" -arch="sm_$arch" -v -o "$work/$arch.cubin" kernels/cuda/ptx/kernels.ptx || status=$?
		if grep -q 'is not defined for option' "$work/out/ptxas-$arch"; then
			result G1 skip "ptxas -arch=sm_$arch: this ptxas does not know it"
			continue
		fi
		[ "$status" = 0 ] || { result G1 fail "ptxas -arch=sm_$arch: $(why "ptxas-$arch" "$status")"; continue; }
		# Most registers, and of which kernel; bytes of stack and spills; kernels.
		text=$(awk -F "'" '/Compiling entry/ {name = $2}
			/Used [0-9]+ registers/ {sub(/.*Used /, ""); k++; if ($0 + 0 > r) {r = $0 + 0; most = name}}
			/stack frame/ {split($0, f, " "); s += f[1] + f[5] + f[9]} END {print r + 0, most, s + 0, k + 0}' "$work/out/ptxas-$arch")
		read -r registers most spilled kernels <<<"$text"
		printf 'GPU\tG1\tptxas\tarch=sm_%s\tkernels=%s\tregisters=%s\tspilled=%s\n' "$arch" "$kernels" "$registers" "$spilled" >>"$work/out/ptxas-$arch"
		status=pass
		[ "$registers" -le 64 ] && [ "$spilled" = 0 ] && [ "$kernels" -gt 0 ] || status=fail
		result G1 "$status" "ptxas -arch=sm_$arch: $kernels kernels, at most $registers registers, in $most (64 allowed), $spilled bytes of stack and spills (0 allowed)"
	done
	unfused
}

# G1: no fused multiply-add in the machine code. A division is made of them, and is right:
# only kernels without one tell.
unfused() {
	local tool text
	[ -f "$work/90.cubin" ] || return 0
	tool=$(find_tool cuobjdump) || { result G1 skip "cuobjdump: not on this machine"; return; }
	limited 30 sass "$tool" -sass "$work/90.cubin" || { result G1 skip "cuobjdump: $(why sass 1)"; return; }
	text=$(awk '/^\.visible \.entry/ {name = $3; sub(/\(.*/, "", name)} /div\.rn|rcp\.|sqrt\./ && FNR == NR {divides[name] = 1}
		/Function :/ {at = $3; if (!(at in divides)) k++} /FFMA/ && !(at in divides) {n++} END {print k + 0, n + 0}' kernels/cuda/ptx/kernels.ptx "$work/out/sass")
	case $text in
	"0 "*) result G1 skip "machine code of sm_90: cuobjdump shows none" ;;
	*" 0") result G1 pass "machine code of sm_90: no fused multiply-add in the ${text% *} kernels that do not divide" ;;
	*) result G1 fail "machine code of sm_90: ${text#* } fused multiply-adds in the ${text% *} kernels that do not divide" ;;
	esac
}

unpack() { tar -C "$2" -xJf "$1" 2>/dev/null || python3 -m tarfile -e "$1" "$2"; }

# A toolchain, and the module with what it imports: those of the machine, or packed.
prepare_gorgoniacu() {
	module=$PWD/kernels/gorgoniacu
	if [ -f .gpu/go.tar.xz ] && [ -f .gpu/gorgoniacu.tar.xz ]; then
		for packed in go gorgoniacu; do
			unpack ".gpu/$packed.tar.xz" "$work" || { echo "cannot unpack what pack.sh has left"; return 1; }
		done
		module=$work/gorgoniacu
		export PATH=$work/go/bin:$PATH GOROOT=$work/go GOFLAGS=-mod=vendor GOPROXY=off
	fi
	[ -f "$module/go.mod" ] || { echo "no module kernels/gorgoniacu here"; return 1; }
	command -v go >/dev/null || { echo "no Go here, and none packed"; return 1; }
	command -v gcc >/dev/null || { echo "no gcc here"; return 1; }
	export GOTOOLCHAIN=local GOWORK=off GOCACHE=$work/cache GOPATH=${GOPATH:-$work/gopath} CGO_ENABLED=1
}

# find_cuda: the folder of the toolkit.
find_cuda() {
	local at
	for at in "${CUDA_HOME:-}" /usr/local/cuda "$(dirname "$(readlink -f "$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)")")/.."; do
		[ ! -f "$at/include/cuda.h" ] || { echo "$at"; return; }
	done
	return 1
}

cuda_version() { awk '/define CUDA_VERSION/ {printf "%d.%d", $3 / 1000, $3 % 1000 / 10}' "$1/include/cuda.h"; }

# G8: the gorgonia driver compiled with the headers of this machine. Those of CUDA 13.0 have
# seven calls that gorgonia.org/cu makes otherwise; the module's shim repairs them.
gorgoniacu_compiles() {
	local cuda version status=0 errors text=$work/gorgoniacu.why
	cuda=$(find_cuda) || { result G8 skip "gorgonia: no CUDA headers on this machine"; return; }
	prepare_gorgoniacu >"$text" || { result G8 skip "gorgonia: $(cat "$text")"; return; }
	cd "$module" || return
	export CGO_LDFLAGS="-L$cuda/lib64 -L$cuda/lib64/stubs"
	version=$(cuda_version "$cuda")
	CGO_CFLAGS="-I$cuda/include" limited 90 gorgonia-bare go build -tags cuda gorgonia.org/cu || status=$?
	errors=$(grep -c -E '^[^#:]*\.go:[0-9]+' "$work/out/gorgonia-bare" || true)
	text="gorgonia.org/cu without the shim: $errors errors with the headers of CUDA $version"
	case $version:$errors in
	13.0:7 | 1[12].*:0) result G8 pass "$text" ;;
	13.0:* | 1[12].*) result G8 fail "$text, want 7 with 13.0 and none before" ;;
	*) result G8 skip "$text, with which nobody has tried it" ;;
	esac
	status=0
	CGO_CFLAGS="-I$module/shim -I$cuda/include" limited 90 gorgonia-shim go test -c -tags cuda -o "$bin/gorgoniacu.test" . || status=$?
	if [ "$status" = 0 ]; then
		result G8 pass "gorgonia with the shim compiles"
	elif grep -q -E 'cublas_v2.h: No such file|cannot find -lcu' "$work/out/gorgonia-shim"; then
		result G8 skip "gorgonia with the shim: $(grep -m 1 -E 'cublas_v2.h: No such file|cannot find -lcu' "$work/out/gorgonia-shim")"
	else
		result G8 fail "gorgonia with the shim: $(why gorgonia-shim "$status")"
	fi
}

gorgoniacu_runs() {
	[ -x "$bin/gorgoniacu.test" ] && [ "$mode" = 1 ] || return 0
	local status=0
	limited 60 gorgonia-run env -C kernels/gorgoniacu LD_LIBRARY_PATH="$(find_cuda)/lib64:${LD_LIBRARY_PATH:-}" "$bin/gorgoniacu.test" -test.v || status=$?
	tested G8 "tests of kernels/gorgoniacu" gorgonia-run "$status"
}

# G4: the same updates by PyTorch and Triton, in the same run.
compared() {
	local python status=0
	for python in python3 /usr/bin/python3 ""; do
		[ -n "$python" ] || { result G4 skip "PyTorch: no python3 here that has it"; return; }
		! torch=$("$python" -c 'import torch; print(torch.__version__, "with CUDA", torch.version.cuda)' 2>/dev/null) || break
	done
	limited 110 compare "$python" -B "$here/compare.py" --json "${report%.md}.json" --seconds 85 || status=$?
	[ "$status" != 0 ] || { result G4 pass "PyTorch's own results are those of the formulas"; return; }
	[ "$status" != 99 ] || { result G4 skip "PyTorch: no time left"; return; }
	result G4 fail "PyTorch: $(grep -m 1 '^wrong' "$work/out/compare" || why compare "$status")"
}

# G4: the bytes that the N-th step of delayed momentum really moves.
profiled() {
	local ncu status=0
	ncu=$(find_tool ncu) || { result G4 skip "ncu: not on this machine"; return; }
	limited 45 ncu env -C kernels/cuda "$ncu" --clock-control none --csv --print-units base --metrics dram__bytes_read.sum,dram__bytes_write.sum \
		--kernel-name delayedStep --launch-skip 5 --launch-count 1 "$bin/cuda.test" -test.v -test.run '^TestGPUSpeed$/^cuda$' || status=$?
	awk -F '"' '/dram__bytes_(read|write)/ {x = $(NF-1); gsub(/,/, "", x); sum += x; k++}
		/^GPU\tG4\tdelayedStep/ && !n {split($0, f, "\t"); for (i in f) if (f[i] ~ /^n=/) n = substr(f[i], 3)}
		END {if (k == 2 && n) printf "GPU\tG4\tncu\tn=%d\tbytes=%.3f\n", n, sum / n; else exit 1}' "$work/out/ncu" >"$work/out/ncu-sum" || status=1
	sed -i '/^GPU\t/d' "$work/out/ncu" # its times are not those of a run without a profiler
	[ "$status" = 0 ] || { result G4 skip "ncu: $(why ncu "$status")"; return; }
	result G4 pass "ncu: delayedStep moves $(sed 's/.*bytes=//' "$work/out/ncu-sum") bytes a parameter (24 counted)"
}

# G6: no access outside of what was allocated. Short: small vectors only.
sanitized() {
	local tool status=0
	tool=$(find_tool compute-sanitizer) || { result G6 skip "compute-sanitizer: not on this machine"; return; }
	limited 60 sanitizer env -C kernels/cuda GODEBUG=asyncpreemptoff=1 "$tool" --tool memcheck --error-exitcode 9 \
		"$bin/cuda.test" -test.short -test.v -test.run '^TestGPUBits$' || status=$?
	if [ "$status" = 99 ]; then
		result G6 skip "compute-sanitizer: no time left"
	elif grep -q 'ERROR SUMMARY: 0 errors' "$work/out/sanitizer" && [ "$status" = 0 ]; then
		result G6 pass "compute-sanitizer memcheck: 0 errors"
	elif grep -q -i 'not supported' "$work/out/sanitizer"; then
		result G6 skip "compute-sanitizer: $(grep -i -m 1 'not supported' "$work/out/sanitizer")"
	else
		result G6 fail "compute-sanitizer: $(grep -m 1 'ERROR SUMMARY' "$work/out/sanitizer" || why sanitizer "$status")"
	fi
}

# G10: whole runs give the same parameters on the CPU and on the GPU.
check_halos() {
	local status=0
	[ -x "$bin/halos.test" ] || { result G10 skip "no halos.test was compiled"; return; }
	limited 40 halos env -C halos HALOS_TEST_GPU=1 "$bin/halos.test" -test.v -test.run '^TestBackends$' || status=$?
	tested G10 "a run with the GPU has the parameters of one with the CPU" halos "$status"
}
