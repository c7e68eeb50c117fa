#!/usr/bin/env bash
# Runs all of check.sh on a machine without a GPU: over the fake driver of
# kernels/cuda/internal/fakecuda, with a nvidia-smi of its own, on small vectors. It shows
# that the script and the tests would run, and nothing about speed. Needs Go and gcc.
# The report is printed; it says that it is none. If a check has failed, so is all output.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh kernels/cuda/internal/fakecuda/build.sh "$work"
mkdir "$work/bin"
cat >"$work/bin/nvidia-smi" <<'END'
#!/bin/sh
case $1 in
*name*) echo "Fake GPU" ;;
*) echo "none" ;;
esac
END
chmod +x "$work/bin/nvidia-smi"

status=0
PATH=$work/bin:$PATH HALOS_TEST_GPU=fake HALOS_LIBCUDA=$work/libcuda.so HALOS_LIBCUBLAS=$work/libcublas.so \
	scripts/gpu/check.sh "$work/report.md" || status=$?
[ -f "$work/report.md" ] || { echo "rehearse.sh: no report"; exit 1; }
cat "$work/report.md"
[ "$status" = 0 ] || cat "$work/report.log"
exit "$status"
