/*
 * Runs kernels on the first CPU that OpenCL has, for a test of their source. The
 * library is loaded when it runs, and what is needed of it is declared here.
 *
 *	gcc -o opencl opencl.c -ldl
 *	opencl FILE OPTIONS < requests > answers
 *
 * FILE is a program in OpenCL C, OPTIONS are for its compiler. A request is a line, and
 * a line for each argument:
 *
 *	KERNEL GROUPS SIZE ARGUMENTS
 *	buffer BYTES     and so many bytes behind the line
 *	same INDEX       the buffer of an argument before
 *	null 0           no buffer
 *	value BYTES      and so many bytes
 *
 * Its answer is all buffers, one behind the other, as the kernel left them; the first
 * answer, before any request, is the line "ready". Status 77 says that there is no
 * OpenCL, or no CPU in it; any other than 0 that something failed.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPU = 1 << 1, BUILD_LOG = 0x1183, READ_WRITE = 1 << 0, COPY_HOST_PTR = 1 << 5, NONE = 77 };

#define FUNCTIONS(F) \
	F(int32_t, clGetPlatformIDs, (uint32_t, void **, uint32_t *)) \
	F(int32_t, clGetDeviceIDs, (void *, uint64_t, uint32_t, void **, uint32_t *)) \
	F(void *, clCreateContext, (const intptr_t *, uint32_t, void **, void *, void *, int32_t *)) \
	F(void *, clCreateCommandQueue, (void *, void *, uint64_t, int32_t *)) \
	F(void *, clCreateProgramWithSource, (void *, uint32_t, const char **, const size_t *, int32_t *)) \
	F(int32_t, clBuildProgram, (void *, uint32_t, void **, const char *, void *, void *)) \
	F(int32_t, clGetProgramBuildInfo, (void *, void *, uint32_t, size_t, void *, size_t *)) \
	F(void *, clCreateKernel, (void *, const char *, int32_t *)) \
	F(int32_t, clReleaseKernel, (void *)) \
	F(int32_t, clSetKernelArg, (void *, uint32_t, size_t, const void *)) \
	F(void *, clCreateBuffer, (void *, uint64_t, size_t, void *, int32_t *)) \
	F(int32_t, clReleaseMemObject, (void *)) \
	F(int32_t, clEnqueueNDRangeKernel, (void *, void *, uint32_t, const size_t *, const size_t *, const size_t *, uint32_t, void *, void *)) \
	F(int32_t, clEnqueueReadBuffer, (void *, void *, uint32_t, size_t, size_t, void *, uint32_t, void *, void *))

#define DECLARE(result, name, parameters) static result (*name) parameters;
FUNCTIONS(DECLARE)

static void stop(int status, const char *what, int code)
{
	fprintf(stderr, "%s: %d\n", what, code);
	exit(status);
}

static void check(const char *what, int code)
{
	if (code)
		stop(1, what, code);
}

static void load(void)
{
	void *lib = dlopen("libOpenCL.so.1", RTLD_NOW);
	if (!lib)
		stop(NONE, "no libOpenCL.so.1", 0);
#define FIND(result, name, parameters) \
	if (!(*(void **)&name = dlsym(lib, #name))) \
		stop(1, #name, 0);
	FUNCTIONS(FIND)
}

static void *find_cpu(void)
{
	void *platforms[16], *cpu;
	uint32_t n = 0;
	clGetPlatformIDs(16, platforms, &n);
	for (uint32_t i = 0; i < n && i < 16; i++)
		if (!clGetDeviceIDs(platforms[i], CPU, 1, &cpu, NULL))
			return cpu;
	stop(NONE, "OpenCL has no CPU; platforms", (int)n);
	return NULL;
}

static void *build(void *context, void *cpu, const char *file, const char *options)
{
	static char text[1 << 20], log[1 << 16];
	const char *start = text;
	int32_t code;
	FILE *f = fopen(file, "r");
	if (!f || !fread(text, 1, sizeof text - 1, f))
		stop(1, file, 0);
	void *program = clCreateProgramWithSource(context, 1, &start, NULL, &code);
	check("clCreateProgramWithSource", code);
	code = clBuildProgram(program, 1, &cpu, options, NULL, NULL);
	if (code) {
		clGetProgramBuildInfo(program, cpu, BUILD_LOG, sizeof log, log, NULL);
		fputs(log, stderr);
		stop(1, "clBuildProgram", code);
	}
	return program;
}

static void *receive(size_t n)
{
	void *p = malloc(n);
	if (!p || fread(p, 1, n, stdin) != n)
		stop(1, "the request ends early", 0);
	return p;
}

typedef struct { void *buffer, *bytes; size_t n; } argument;

/* Reads an argument and sets it; those before are in all. */
static void set(void *context, void *kernel, argument *all, unsigned i)
{
	char kind[8];
	int32_t code = 0;
	if (scanf("%7s %zu", kind, &all[i].n) != 2 || getchar() != '\n')
		stop(1, "no argument", (int)i);
	if (!strcmp(kind, "value")) {
		void *bytes = receive(all[i].n);
		check("clSetKernelArg", clSetKernelArg(kernel, i, all[i].n, bytes));
		free(bytes);
		return;
	}
	void **buffer = NULL;
	if (!strcmp(kind, "same"))
		buffer = &all[all[i].n].buffer;
	if (!strcmp(kind, "buffer")) {
		all[i].bytes = receive(all[i].n);
		buffer = &all[i].buffer;
		*buffer = clCreateBuffer(context, READ_WRITE | COPY_HOST_PTR, all[i].n, all[i].bytes, &code);
		check("clCreateBuffer", code);
	}
	check("clSetKernelArg", clSetKernelArg(kernel, i, sizeof *buffer, buffer));
}

static void answer(void *queue, argument *a)
{
	if (!a->buffer)
		return;
	check("clEnqueueReadBuffer", clEnqueueReadBuffer(queue, a->buffer, 1, 0, a->n, a->bytes, 0, NULL, NULL));
	check("clReleaseMemObject", clReleaseMemObject(a->buffer));
	if (fwrite(a->bytes, 1, a->n, stdout) != a->n)
		stop(1, "no room for the answer", 0);
	free(a->bytes);
}

int main(int argc, char **argv)
{
	char name[64];
	size_t groups, size;
	unsigned n;
	int32_t code;
	if (argc != 3)
		stop(1, "want FILE OPTIONS", argc);
	load();
	void *cpu = find_cpu();
	void *context = clCreateContext(NULL, 1, &cpu, NULL, NULL, &code);
	check("clCreateContext", code);
	void *queue = clCreateCommandQueue(context, cpu, 0, &code);
	check("clCreateCommandQueue", code);
	void *program = build(context, cpu, argv[1], argv[2]);
	puts("ready");
	fflush(stdout);
	while (scanf("%63s %zu %zu %u", name, &groups, &size, &n) == 4 && getchar() == '\n' && n <= 16) {
		void *kernel = clCreateKernel(program, name, &code);
		check(name, code);
		argument all[16] = {0};
		for (unsigned i = 0; i < n; i++)
			set(context, kernel, all, i);
		groups *= size;
		check("clEnqueueNDRangeKernel", clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &groups, &size, 0, NULL, NULL));
		for (unsigned i = 0; i < n; i++)
			answer(queue, &all[i]);
		fflush(stdout);
		check("clReleaseKernel", clReleaseKernel(kernel));
	}
	return 0;
}
