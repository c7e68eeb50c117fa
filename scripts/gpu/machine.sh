# shellcheck shell=bash disable=SC2154 # what check.sh sets
# For check.sh, which reads this: what the machine is and has, and the report.

# binaries puts the compiled tests into $bin.
binaries() {
	if command -v go >/dev/null && compiled >"$work/out/build" 2>&1; then
		from="compiled on this machine by $(GOTOOLCHAIN=local go version | cut -d ' ' -f 3)"
		commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
		[ -z "$(git status --porcelain 2>/dev/null || true)" ] || commit+=" with changes"
	elif [ "$mode" = 1 ] && [ -x .gpu/bin/cuda.test ]; then
		cp .gpu/bin/*.test "$bin"
		from="packed, $(cut -d ' ' -f 3 .gpu/go-version)"
		commit=$(cat .gpu/commit)
	else
		return 1
	fi
}

# On a machine with a GPU the first is enough: what needs the others is skipped. A rehearsal
# needs all, and of this checkout; it may compile for longer, as the GPU's time does not run.
compiled() (
	export GOTOOLCHAIN=local GOFLAGS="${GOFLAGS:-} -buildvcs=false" CGO_ENABLED=1
	local most=120
	[ "$mode" = 1 ] || most=600
	timeout $most go test -c -o "$bin/cuda.test" ./kernels/cuda || return 1
	timeout $most go test -c -o "$bin/halos.test" ./halos || [ "$mode" = 1 ] || return 1
	timeout $most go test -c -race -o "$bin/cuda-race.test" ./kernels/cuda || [ "$mode" = 1 ]
)

# find_cublas looks where Python packages have it, if the system's loader knows none.
find_cublas() {
	[ -z "${HALOS_LIBCUBLAS:-}" ] || return 0
	! grep -q 'libcublas\.so\.1[123]' <<<"$(ldconfig -p 2>/dev/null)" || return 0
	[ -z "$(ls /usr/local/cuda/lib64/libcublas.so.1[123] 2>/dev/null || true)" ] || return 0
	local found
	found=$(python3 -c 'import glob, sys
for p in sys.path:
    for f in glob.glob(p + "/nvidia/**/libcublas.so.1[123]", recursive=True):
        print(f)' 2>/dev/null | head -n 1 || true)
	[ -z "$found" ] || export HALOS_LIBCUBLAS=$found
}

first() { "$@" 2>/dev/null | head -n 1 || true; }

# field NAME: of the card, as nvidia-smi has it.
field() { first nvidia-smi --query-gpu="$1" --format=csv,noheader; }

write_report() {
	cat <<-END
		# $card

		Written by \`$here/check.sh\`, $(date -u '+%Y-%m-%d %H:%M') UTC, in $SECONDS seconds. [README.md](README.md) says what each check means.
	END
	[ "$mode" = 1 ] || printf '\n**A rehearsal over the fake driver. Nothing here was measured on a GPU.**\n'
	cat <<-END

		| | |
		| --- | --- |
		| commit | $commit |
		| tests | $from |
		| card | $card, $(field memory.total), driver $(field driver_version), power limit $(field power.limit) |
		| machine | $(uname -srm); $(first sh -c "sed -n 's/^model name.*: //p' /proc/cpuinfo"), $(nproc) cores, $(awk '/MemTotal/{printf "%.0f GiB", $2/1048576}' /proc/meminfo) |
		| libcuda | $(library libcuda.so.1) |
		| libcublas | ${HALOS_LIBCUBLAS:-$(library 'libcublas.so.1[123]')} |
		| PyTorch | ${torch:-none} |

		## Checks

		| | | |
		| --- | --- | --- |
	END
	sort -s -k 1.2n "$work/results" | awk -F '\t' '{gsub(/\|/, "\\\\|"); printf "| %s | %s | %s |\n", $1, $2 == "fail" ? "**fail**" : $2, $3}'
	awk -f "$here/numbers.awk" -f "$here/tables.awk" "$work/numbers"
}

library() { first sh -c "ldconfig -p | sed -n 's/.*\($1\).*=> /\1: /p'" | grep . || echo "not known to ldconfig"; }
