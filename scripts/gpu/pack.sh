#!/usr/bin/env bash
# Packs what check.sh needs on a machine without Go and without a network into .gpu/:
# the compiled tests, and for the module kernels/gorgoniacu, which compiles against the
# CUDA headers of that machine only, a Go toolchain and the module with all that it imports.
# Needs Go, a C compiler, xz and a network or a module cache. Takes about a minute.
#
# Then copy the checkout with .gpu, and run check.sh there. That machine must have the same
# kind of processor and a C library that is not older.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
most=60 # MB of .gpu

rm -rf .gpu
mkdir -p .gpu/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

commit() {
	local c
	c=$(git rev-parse HEAD 2>/dev/null) || c=unknown
	[ -z "$(git status --porcelain 2>/dev/null || true)" ] || c+=" with changes"
	echo "$c"
}

tests() {
	go test -c -trimpath -ldflags='-s -w' -o .gpu/bin/cuda.test ./kernels/cuda
	go test -c -trimpath -ldflags='-s -w' -race -o .gpu/bin/cuda-race.test ./kernels/cuda
	go test -c -trimpath -ldflags='-s -w' -o .gpu/bin/halos.test ./halos
}

# The toolchain without what compiling a package with cgo does not need: 130 MB.
toolchain() {
	local root tools to=$work/go
	root=$(go env GOROOT) tools=pkg/tool/$(go env GOOS)_$(go env GOARCH)
	mkdir -p "$to/bin" "$to/$tools"
	cp "$root/bin/go" "$to/bin"
	cp "$root"/{VERSION,go.env} "$to"
	for tool in asm cgo compile link vet; do
		# A toolchain keeps ready only some of the tools, and go tool builds the others.
		cp "$root/$tools/$tool" "$to/$tools" 2>/dev/null || (cd "$root/src" && go build -o "$to/$tools/$tool" "cmd/$tool")
	done
	cp -r "$root/pkg/include" "$to/pkg"
	tar -C "$root" -c --exclude='*_test.go' --exclude=testdata --exclude=src/cmd src | tar -C "$to" -x
	find "$to/src" -name '*.s' -path '*_*' -regextype posix-extended \
		-regex '.*_(arm|mips|mipsx|mips64x|ppc64x|ppc64|ppc64le|riscv64|s390x|386|loong64|wasm)\.s' -delete
	tar -C "$work" -c go | xz -T0 -6 --block-size=16MiB >.gpu/go.tar.xz
}

# The module as it stands, with the packages it imports beside it.
gorgoniacu() {
	[ -f kernels/gorgoniacu/go.mod ] || { echo "pack.sh: no kernels/gorgoniacu here" >&2; return; }
	cp -r kernels/gorgoniacu "$work"
	(cd kernels/gorgoniacu && GOWORK=off go mod vendor -o "$work/gorgoniacu/vendor")
	tar -C "$work" -c gorgoniacu | xz -T0 -6 --block-size=16MiB >.gpu/gorgoniacu.tar.xz
}

commit >.gpu/commit
go version >.gpu/go-version
tests
toolchain
gorgoniacu
du -ah --apparent-size .gpu
size=$(du -sm --apparent-size .gpu | cut -f1)
[ "$size" -lt "$most" ] || { echo "pack.sh: .gpu has $size MB, want less than $most" >&2; exit 1; }
