#!/usr/bin/env bash
# Builds, vets and tests this module with the tag cuda where there is no toolkit and no GPU, in a temporary
# folder: with headers made of what gorgonia.org/cu's own generators read, changed as CUDA 13 has changed them,
# and with the fake driver of kernels/cuda. Needs gcc. Arguments are for go test: ./ci.sh -race -run Laws
#
# It shows that the parts fit and compute, not that NVIDIA's headers are what these say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export GOWORK=off
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fake=../cuda/internal/fakecuda
mkdir "$dir/obj" "$dir/include"
for c in "$fake"/*.c internal/fakecu/*.c; do
	gcc -c -O2 -fPIC -std=gnu11 -ffp-contract=off -fno-math-errno -fno-builtin -I"$fake" -o "$dir/obj/$(basename "$c" .c).o" "$c"
done

# cuda.h and cublas_v2.h. A name stands for its version 2 where the fakes have that, as it does in NVIDIA's.
go mod download gorgonia.org/cu   # until then it has no folder
cu=$(go list -m -f '{{.Dir}}' gorgonia.org/cu)
functions() { nm "$dir"/obj/*.o | sed -n 's/^.* T //p' | sort -u; }
versions() { functions | sed -nE "s/^($1[A-Z].*)_v2\$/#define \1 \1_v2/p"; }
{
	echo '#pragma once'
	echo '#include <stdint.h>'
	echo '#include <stdlib.h>'
	echo '#define CU_TRSF_READ_AS_INTEGER 1'
	echo '#define CU_TRSF_NORMALIZED_COORDINATES 2'
	versions cu
	sed -n '/^typedef uint32_t cuuint32_t;/,$p' "$cu/cmd/genlib/cuda.h"
	cat internal/fakecu/cuda13.h
} >"$dir/include/cuda.h"
{
	echo '#pragma once'
	echo '#include <cuda.h>'
	versions cublas
	# Some of it is in comments there, and some types are stand-ins.
	sed -e '/^#/d; s,/\*,,; s,\*/,,' -e 's/typedef int cudaStream_t/typedef CUstream cudaStream_t/' \
		-e 's/typedef int cublasHandle_t/typedef struct cublasContext *cublasHandle_t/' "$cu/cmd/gencublas/cublasgen.h"
} >"$dir/include/cublas_v2.h"

# libcuda and libcublas. cu names hundreds of functions; those that the fakes lack return CUDA_ERROR_NOT_SUPPORTED.
cat shim/cuda.h "$dir"/include/*.h | grep -oE '\bcu(blas)?[A-Z]\w* *\(' | tr -d ' (' | sort -u | comm -23 - <(functions) |
	sed 's/.*/int &(void) { return 801; }/' >"$dir/rest.c"
gcc -c -fPIC -o "$dir/obj/rest.o" "$dir/rest.c"
gcc -shared -o "$dir/libcuda.so" $(find "$dir/obj" -name '*.o' ! -name blas.o) -ldl
gcc -shared -o "$dir/libcublas.so" "$dir/obj/blas.o" "$dir/libcuda.so" -lm

export CGO_LDFLAGS=-L$dir LD_LIBRARY_PATH=$dir CGO_CFLAGS=-I$dir/include

# With these headers cu does not build: seven calls in it have other parameters. With the shim it does.
go build -tags cuda gorgonia.org/cu 2>"$dir/errors" || true
if [ "$(grep -c _Cfunc_ "$dir/errors")" != 7 ]; then
	echo "gorgonia.org/cu with CUDA 13 and without the shim, want 7 errors:"
	cat "$dir/errors"
	exit 1
fi
export CGO_CFLAGS="-I$PWD/shim $CGO_CFLAGS"
go test -vet=all -tags cuda "$@" ./...
