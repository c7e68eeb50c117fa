// Modules, and launches, which run the kernel for the host of the same name.
#define _GNU_SOURCE
#include "fake.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A text without an entry is refused, with a log.
int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values)
{
	int r = fake_enter("cuModuleLoadDataEx", CONTEXT);
	if (!r && !strstr(image, ".entry"))
		r = INVALID_PTX;
	for (unsigned i = 0; r && i + 1 < n; i++)
		if (options[i] == 5 && options[i + 1] == 6)
			snprintf(values[i], (uintptr_t)values[i + 1], "ptxas application ptx input, line 1; fatal\nptxas fatal   : Ptx assembly aborted due to errors\n");
	if (!r)
		*module = fake_make('l', strdup(image), 1)->p;
	return fake_leave(r, "%zu bytes, %u options", strlen(image), n);
}

// kernel returns the function of host.c with this name, and none of another library.
static void *kernel(const char *entry)
{
	Dl_info me, its;
	dladdr(fake_contexts, &me);
	void *lib = dlopen(me.dli_fname, RTLD_NOW | RTLD_NOLOAD), *f = dlsym(lib, entry);
	dlclose(lib); // it stays, for who has loaded it
	return f && dladdr(f, &its) && its.dli_fbase == me.dli_fbase ? f : NULL;
}

// A function is kept until its module goes.
int cuModuleGetFunction(void **function, void *module, const char *entry)
{
	int r = fake_enter("cuModuleGetFunction", CONTEXT);
	thing *l = fake_find('l', module);
	char head[256];
	snprintf(head, sizeof head, ".entry %s(", entry);
	const char *at = l ? strstr(l->p, head) : NULL;
	void *run = kernel(entry);
	if (!r)
		r = !l ? INVALID_HANDLE : !at || !run ? NOT_FOUND : 0;
	if (!r) {
		thing *f = fake_make('f', malloc(1), 1);
		f->entry = at;
		f->run = run;
		*function = f->p;
	}
	return fake_leave(r, "%s, %s", fake_show('l', module), entry);
}

int cuModuleUnload(void *module)
{
	int r = fake_enter("cuModuleUnload", CONTEXT);
	const char *what = fake_show('l', module);
	thing *l = fake_find('l', module);
	for (thing *f = fake_things; l && f < fake_things + 4096; f++)
		if (f->kind == 'f' && f->context == fake_current && f->entry >= l->p && f->entry < l->p + strlen(l->p))
			fake_drop('f', f->p);
	int missing = fake_drop('l', module);
	return fake_leave(r ? r : missing, "%s", what);
}

// arguments are those of a launch: as a compiler passes them, numbers and addresses in
// one kind of registers, floats in another, each in their order.
typedef struct {
	uint64_t number[8];
	float real[8];
	char text[512];
} arguments;

// Everything of 2^40 and more is taken for an address: lengths are less.
static int is_address(uint64_t n) { return n >> 40 != 0; }

// place replaces the addresses of the device by where their memory is. The last of the
// numbers is a length; kernels touch four elements at a time from four on.
static int place(uint64_t *number, int n)
{
	uint64_t unit = number[n - 1] < 4 ? 4 : 16;
	for (int i = 0; i < n; i++) {
		if (!is_address(number[i]))
			continue;
		char *host = fake_host(number[i], 1);
		if (!host)
			return ILLEGAL_ADDRESS;
		if (number[i] % unit)
			return MISALIGNED_ADDRESS;
		number[i] = (uintptr_t)host;
	}
	return 0;
}

// collect reads the parameters that the text of the entry names.
static int collect(arguments *a, const char *entry, void **params)
{
	const char *end = strchr(entry, ')');
	char *text = a->text;
	int numbers = 0, reals = 0;
	for (const char *s = entry; (s = strstr(s, ".param .")) && s < end; s += 8, params++) {
		if (numbers == 8 || reals == 8)
			return INVALID_VALUE;
		if (!strncmp(s, ".param .f32", 11)) {
			memcpy(&a->real[reals], *params, 4);
			text += sprintf(text, ", %g", a->real[reals++]);
			continue;
		}
		uint64_t n = 0;
		memcpy(&n, *params, strncmp(s, ".param .u64", 11) ? 4 : 8);
		a->number[numbers++] = n;
		if (is_address(n))
			text += sprintf(text, ", %s", fake_holds('m', (void *)n, 1) ? fake_show('m', (void *)n) : "?");
		else
			text += sprintf(text, ", %llu", (unsigned long long)n);
	}
	return numbers ? place(a->number, numbers) : INVALID_VALUE;
}

// call runs any kernel of up to 8 numbers and 8 floats by one prototype. On x86-64 and
// on arm64 the floats have registers of their own, so those of a kernel find its own
// whatever stands between them; numbers that find no register are on the stack in
// their order; and to pass more than a function takes does no harm.
static void call(void *run, const arguments *a)
{
	typedef uint64_t u;
	void (*f)(u, u, u, u, u, u, u, u, float, float, float, float, float, float, float, float);
	const u *n = a->number;
	const float *x = a->real;
	*(void **)&f = run;
	f(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]);
}

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **params, void **extra)
{
	int r = fake_enter("cuLaunchKernel", CONTEXT);
	thing *f = fake_find('f', function);
	arguments a = {0};
	if (!r && (!f || !fake_find('s', stream)))
		r = INVALID_HANDLE;
	if (!r && (extra || !gx || gy != 1 || gz != 1 || !bx || bx > 1024 || by != 1 || bz != 1))
		r = INVALID_VALUE;
	if (!r) {
		r = collect(&a, f->entry, params);
		fake_lose(r);
	}
	if (!r)
		call(f->run, &a);
	int length = f ? (int)strcspn(f->entry + 7, "(") : 0;
	return fake_leave(r, "%.*s, %ux%ux%u, %ux%ux%u, %u, %s%s", length, f ? f->entry + 7 : "", gx, gy, gz, bx, by, bz, shared,
	                  fake_show('s', stream), a.text);
}
