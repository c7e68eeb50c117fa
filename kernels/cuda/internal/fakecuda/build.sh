#!/bin/sh
# Compiles the libcuda.so and the libcublas.so of this folder into DIR: build.sh DIR
set -eu
dir=$(cd "$1" && pwd)
cd "$(dirname "$0")"
compile() { gcc -Wall -Wextra -Werror -O1 -fPIC "$@"; }
compile -c host.c -o "$dir/host.o" -std=gnu11 -ffp-contract=off -fno-math-errno -fno-builtin
compile fake.c device.c memory.c stream.c kernel.c "$dir/host.o" -shared -o "$dir/libcuda.so"
compile blas.c "$dir/libcuda.so" -shared -o "$dir/libcublas.so" -lm
