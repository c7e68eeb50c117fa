#!/usr/bin/env bash
# Writes kernels.ptx from kernels.cu, or to the file that is named: generate.sh [FILE]
# Other compilers write other text, so it must be this one: Debian's clang-19. It needs nothing of CUDA.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
version=19.1.7
clang=${CLANG:-clang-19}
command -v "$clang" >/dev/null || { echo "generate.sh: no $clang here, apt-get install clang-19" >&2; exit 1; }
grep -qF "clang version $version " <<<"$("$clang" --version)" || { echo "generate.sh: $clang is not version $version" >&2; exit 1; }
"$clang" -x cuda -nocudainc -nocudalib --cuda-device-only --cuda-gpu-arch=sm_70 \
	-O3 -ffp-contract=off -Xclang -target-feature -Xclang +ptx70 -S kernels.cu -o "${1:-kernels.ptx}"
