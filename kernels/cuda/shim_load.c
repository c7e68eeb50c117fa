//go:build linux && cgo && (amd64 || arm64)

#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

// Libraries stay loaded: they have threads of their own.
static void *find(const char *path, char *why, size_t room)
{
	float_mode mode;
	GET_FLOAT_MODE(mode);
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL); // which runs its constructors
	SET_FLOAT_MODE(mode);
	if (!lib) {
		const char *text = dlerror();
		snprintf(why, room, "%s", text ? text : path);
	}
	return lib;
}

#define SYMBOL(symbol, params) \
	if (!(*(void **)&t->symbol = dlsym(lib, #symbol))) { \
		snprintf(why, room, "%s: no symbol %s", path, #symbol); \
		free(t); \
		return NULL; \
	}

halos_driver *halos_driver_load(const char *path, char *why, size_t room)
{
	void *lib = find(path, why, room);
	halos_driver *t = lib ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	HALOS_DRIVER(SYMBOL)
	return t;
}

halos_blas *halos_blas_load(halos_driver *d, const char *path, char *why, size_t room)
{
	void *lib = find(path, why, room);
	halos_blas *t = lib ? calloc(1, sizeof *t) : NULL;
	if (!t)
		return NULL;
	HALOS_BLAS(SYMBOL)
	*(void **)&t->cublasGetStatusName = dlsym(lib, "cublasGetStatusName");
	*(void **)&t->cublasGetStatusString = dlsym(lib, "cublasGetStatusString");
	t->driver = d;
	return t;
}
