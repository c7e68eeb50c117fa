// A libcuda for tests on machines without a GPU: memory of the host in place of that
// of the device, and streams whose work is done before the call returns. A launch is
// recorded and computes nothing. Every call is checked as far as a real driver could:
// a context that is current on the thread, handles that live in it, ranges inside of
// memory allocated in it.
//
//	gcc -shared -fPIC -o libcuda.so.1 fakecuda.c -lpthread
//
// Environment variables; the fake begins anew when one of the first two changes:
//
//	FAKECUDA_TRACE    file to which each call is appended as name(arguments) = code.
//	                  Things are named in the order in which they were made: m1 is
//	                  memory of the device, p1 pinned, s1 a stream, e1 an event, l1 a
//	                  module; m1+16 is byte 16 of m1.
//	FAKECUDA_FAIL     name:k=code, the k-th call of that name fails; * is every name,
//	                  k = 0 each call. A code from 700 on is what all later calls
//	                  return too. What gives something back does so and then fails.
//	FAKECUDA_DEVICES  number of devices, at most 8, 1 if it is not set.
//
// -DFAKE_VARIANT is a driver before CUDA 12.4 in that it lacks cuFuncGetParamInfo, and
// one with cuEventElapsedTime_v2 only.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, INVALID_PTX = 218,
       INVALID_HANDLE = 400, NOT_FOUND = 500 };
enum { ANY, CONTEXT }; // what a call needs

typedef struct {
	char kind; // m p s e l f, as above; f is a function. 0: not in use
	int number;
	char *p;
	size_t bytes;
	void *context;
	struct timespec at; // of an event, 0 if it was not recorded
	const char *entry;  // of a function, in the text of its module
} thing;

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static thing things[4096];
static int made[128];
static int sticky, calls;
static char trace[512], fail[128];
static const char *name; // of the call that holds mu
static struct { int retained; } contexts[8]; // of the devices
static __thread void *current;              // one of them

static thing *make(char kind, char *p, size_t bytes)
{
	for (thing *t = things; t < things + 4096; t++)
		if (!t->kind) {
			*t = (thing){.kind = kind, .number = ++made[(int)kind], .p = p, .bytes = bytes, .context = current};
			return t;
		}
	abort();
}

static thing *find(char kind, const void *p)
{
	for (thing *t = things; t < things + 4096; t++)
		if (t->kind == kind && t->p == p && t->context == current)
			return t;
	return NULL;
}

// holds returns what p and the bytes from there lie in.
static thing *holds(char kind, const char *p, size_t bytes)
{
	for (thing *t = things; t < things + 4096; t++)
		if (t->kind == kind && p >= t->p && p + bytes <= t->p + t->bytes && t->context == current)
			return t;
	return NULL;
}

static int drop(char kind, void *p)
{
	thing *t = find(kind, p);
	if (!t)
		return INVALID_HANDLE;
	free(t->p);
	t->kind = 0;
	return 0;
}

static int live(void *context)
{
	int n = 0;
	for (thing *t = things; t < things + 4096; t++)
		n += t->kind && t->kind != 'f' && t->context == context;
	return n;
}

// show writes what p is called. Two results may be in use at a time.
static const char *show(char kind, const void *p)
{
	static char text[4][64];
	static int i;
	thing *t = holds(kind, p, 0);
	char *s = text[i++ % 4];
	if (!t)
		return "?";
	sprintf(s, p == t->p ? "%c%d" : "%c%d+%zu", kind, t->number, (size_t)((const char *)p - t->p));
	return s;
}

static void changed(char *have, size_t room, const char *env)
{
	const char *now = getenv(env);
	if (!now)
		now = "";
	if (!strcmp(have, now))
		return;
	snprintf(have, room, "%s", now);
	calls = sticky = 0;
	memset(made, 0, sizeof made);
}

static int injected(void)
{
	char which[64];
	int k, code;
	if (sscanf(fail, "%63[^:]:%d=%d", which, &k, &code) != 3 || (strcmp(which, "*") && strcmp(which, name)))
		return 0;
	if (++calls != k && k)
		return 0;
	if (code >= 700)
		sticky = code;
	return code;
}

static int retained(void)
{
	for (int i = 0; i < 8; i++)
		if (current == &contexts[i])
			return contexts[i].retained > 0;
	return 0;
}

static int enter(const char *call, int needs)
{
	pthread_mutex_lock(&mu);
	changed(trace, sizeof trace, "FAKECUDA_TRACE");
	changed(fail, sizeof fail, "FAKECUDA_FAIL");
	name = call;
	if (needs == CONTEXT && !retained())
		return INVALID_CONTEXT;
	if (needs == CONTEXT && sticky)
		return sticky;
	return injected();
}

static int leave(int code, const char *format, ...)
{
	FILE *f = *trace && format ? fopen(trace, "a") : NULL;
	if (f) {
		va_list args;
		va_start(args, format);
		fprintf(f, "%s(", name);
		vfprintf(f, format, args);
		fprintf(f, ") = %d\n", code);
		va_end(args);
		fclose(f);
	}
	pthread_mutex_unlock(&mu);
	return code;
}

static int devices(void)
{
	const char *n = getenv("FAKECUDA_DEVICES");
	return n && *n ? atoi(n) : 1;
}

int cuInit(unsigned flags)
{
	int r = enter("cuInit", ANY);
	return leave(r, "%u", flags);
}

static const struct { int code; const char *name, *text; } errors[] = {
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
	{400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
	{500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
	{700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
};

int cuGetErrorName(int code, const char **s)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == code)
			return *s = errors[i].name, 0;
	return *s = NULL, INVALID_VALUE;
}

int cuGetErrorString(int code, const char **s)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == code)
			return *s = errors[i].text, 0;
	return *s = NULL, INVALID_VALUE;
}

int cuDeviceGetCount(int *n)
{
	int r = enter("cuDeviceGetCount", ANY);
	*n = devices();
	return leave(r, "");
}

int cuDeviceGet(int *device, int i)
{
	int r = enter("cuDeviceGet", ANY);
	if (!r && (i < 0 || i >= devices()))
		r = INVALID_DEVICE;
	*device = i + 1000; // the number of a device is not its ordinal
	return leave(r, "%d", i);
}

int cuDeviceGetName(char *s, int room, int device)
{
	int r = enter("cuDeviceGetName", ANY);
	snprintf(s, room, "Fake GPU %d", device - 1000);
	return leave(r, "%d", device);
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
	int r = enter("cuDeviceGetAttribute", ANY);
	*value = attribute == 16 ? 132 : attribute == 75 ? 9 : attribute == 76 ? 1 : -1;
	return leave(r, "%d, %d", attribute, device);
}

int cuDevicePrimaryCtxRetain(void **context, int device)
{
	int r = enter("cuDevicePrimaryCtxRetain", ANY);
	if (!r) {
		*context = &contexts[device - 1000];
		contexts[device - 1000].retained++;
	}
	return leave(r, "%d", device);
}

// The driver would keep what lives for as long as the context does; so it is a mistake.
int cuDevicePrimaryCtxRelease_v2(int device)
{
	int r = enter("cuDevicePrimaryCtxRelease_v2", ANY);
	int *n = &contexts[device - 1000].retained;
	if ((*n)-- <= 0)
		r = INVALID_CONTEXT;
	return leave(r, "%d, live %d, retained %d", device, live(&contexts[device - 1000]), *n);
}

int cuCtxSetCurrent(void *context)
{
	int r = enter("cuCtxSetCurrent", ANY);
	if (!r)
		current = context;
	return leave(r, NULL);
}

int cuCtxSynchronize(void)
{
	int r = enter("cuCtxSynchronize", CONTEXT);
	return leave(r, "");
}

int cuMemGetInfo_v2(size_t *free, size_t *total)
{
	int r = enter("cuMemGetInfo_v2", CONTEXT);
	*total = (size_t)80 << 30, *free = *total;
	for (thing *t = things; t < things + 4096; t++)
		if (t->kind == 'm' && t->context == current)
			*free -= t->bytes;
	return leave(r, "");
}

int cuMemAlloc_v2(uint64_t *p, size_t bytes)
{
	int r = enter("cuMemAlloc_v2", CONTEXT);
	void *q = NULL;
	if (!r && (!bytes || posix_memalign(&q, 256, bytes)))
		r = bytes ? OUT_OF_MEMORY : INVALID_VALUE;
	if (!r) {
		memset(q, 0xa5, bytes);
		*p = (uintptr_t)q;
		make('m', q, bytes);
	}
	return leave(r, "%zu", bytes);
}

int cuMemFree_v2(uint64_t p)
{
	int r = enter("cuMemFree_v2", CONTEXT);
	const char *what = show('m', (void *)p);
	int missing = drop('m', (void *)p);
	return leave(r ? r : missing, "%s", what);
}

int cuMemsetD32_v2(uint64_t p, unsigned value, size_t n)
{
	int r = enter("cuMemsetD32_v2", CONTEXT);
	if (!r && !holds('m', (void *)p, 4 * n))
		r = INVALID_VALUE;
	for (size_t i = 0; !r && i < n; i++)
		((unsigned *)p)[i] = value;
	return leave(r, "%s, %u, %zu", show('m', (void *)p), value, n);
}

int cuMemHostAlloc(void **p, size_t bytes, unsigned flags)
{
	int r = enter("cuMemHostAlloc", CONTEXT);
	if (!r && posix_memalign(p, 4096, bytes))
		r = OUT_OF_MEMORY;
	if (!r)
		make('p', *p, bytes);
	return leave(r, "%zu, %u", bytes, flags);
}

int cuMemFreeHost(void *p)
{
	int r = enter("cuMemFreeHost", CONTEXT);
	const char *what = show('p', p);
	int missing = drop('p', p);
	return leave(r ? r : missing, "%s", what);
}

int cuMemcpyHtoD_v2(uint64_t dst, const void *src, size_t bytes)
{
	int r = enter("cuMemcpyHtoD_v2", CONTEXT);
	if (!r && !holds('m', (void *)dst, bytes))
		r = INVALID_VALUE;
	if (!r)
		memcpy((void *)dst, src, bytes);
	return leave(r, "%s, %zu", show('m', (void *)dst), bytes);
}

int cuMemcpyDtoH_v2(void *dst, uint64_t src, size_t bytes)
{
	int r = enter("cuMemcpyDtoH_v2", CONTEXT);
	if (!r && !holds('m', (void *)src, bytes))
		r = INVALID_VALUE;
	if (!r)
		memcpy(dst, (void *)src, bytes);
	return leave(r, "%s, %zu", show('m', (void *)src), bytes);
}

int cuMemcpyHtoDAsync_v2(uint64_t dst, const void *src, size_t bytes, void *stream)
{
	int r = enter("cuMemcpyHtoDAsync_v2", CONTEXT);
	if (!r && (!holds('m', (void *)dst, bytes) || !holds('p', src, bytes) || !find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memcpy((void *)dst, src, bytes);
	return leave(r, "%s, %s, %zu, %s", show('m', (void *)dst), show('p', src), bytes, show('s', stream));
}

int cuMemcpyDtoHAsync_v2(void *dst, uint64_t src, size_t bytes, void *stream)
{
	int r = enter("cuMemcpyDtoHAsync_v2", CONTEXT);
	if (!r && (!holds('m', (void *)src, bytes) || !holds('p', dst, bytes) || !find('s', stream)))
		r = INVALID_VALUE;
	if (!r)
		memcpy(dst, (void *)src, bytes);
	return leave(r, "%s, %s, %zu, %s", show('p', dst), show('m', (void *)src), bytes, show('s', stream));
}

int cuStreamCreate(void **stream, unsigned flags)
{
	int r = enter("cuStreamCreate", CONTEXT);
	if (!r)
		*stream = make('s', malloc(1), 1)->p;
	return leave(r, "%u", flags);
}

int cuStreamSynchronize(void *stream)
{
	int r = enter("cuStreamSynchronize", CONTEXT);
	if (!r && !find('s', stream))
		r = INVALID_HANDLE;
	return leave(r, "%s", show('s', stream));
}

int cuStreamWaitEvent(void *stream, void *event, unsigned flags)
{
	int r = enter("cuStreamWaitEvent", CONTEXT);
	if (!r && (!find('s', stream) || !find('e', event)))
		r = INVALID_HANDLE;
	return leave(r, "%s, %s, %u", show('s', stream), show('e', event), flags);
}

int cuStreamDestroy_v2(void *stream)
{
	int r = enter("cuStreamDestroy_v2", CONTEXT);
	const char *what = show('s', stream);
	int missing = drop('s', stream);
	return leave(r ? r : missing, "%s", what);
}

int cuEventCreate(void **event, unsigned flags)
{
	int r = enter("cuEventCreate", CONTEXT);
	if (!r)
		*event = make('e', malloc(1), 1)->p;
	return leave(r, "%u", flags);
}

int cuEventRecord(void *event, void *stream)
{
	int r = enter("cuEventRecord", CONTEXT);
	if (!r && (!find('s', stream) || !find('e', event)))
		r = INVALID_HANDLE;
	if (!r)
		clock_gettime(CLOCK_MONOTONIC, &find('e', event)->at);
	return leave(r, "%s, %s", show('e', event), show('s', stream));
}

int cuEventSynchronize(void *event)
{
	int r = enter("cuEventSynchronize", CONTEXT);
	if (!r && !find('e', event))
		r = INVALID_HANDLE;
	return leave(r, "%s", show('e', event));
}

#ifdef FAKE_VARIANT
#define cuEventElapsedTime cuEventElapsedTime_v2
#endif

int cuEventElapsedTime(float *ms, void *begin, void *end)
{
	int r = enter("cuEventElapsedTime", CONTEXT);
	thing *a = find('e', begin), *b = find('e', end);
	if (!r && (!a || !b || !a->at.tv_sec || !b->at.tv_sec))
		r = INVALID_HANDLE;
	if (!r)
		*ms = 1e3 * (b->at.tv_sec - a->at.tv_sec) + 1e-6 * (b->at.tv_nsec - a->at.tv_nsec);
	return leave(r, "%s, %s", show('e', begin), show('e', end));
}

int cuEventDestroy_v2(void *event)
{
	int r = enter("cuEventDestroy_v2", CONTEXT);
	const char *what = show('e', event);
	int missing = drop('e', event);
	return leave(r ? r : missing, "%s", what);
}

// A text without an entry is refused, with a log.
int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values)
{
	int r = enter("cuModuleLoadDataEx", CONTEXT);
	if (!r && !strstr(image, ".entry"))
		r = INVALID_PTX;
	for (unsigned i = 0; r && i + 1 < n; i++)
		if (options[i] == 5 && options[i + 1] == 6)
			snprintf(values[i], (uintptr_t)values[i + 1], "ptxas fatal   : Ptx assembly aborted due to errors\n");
	if (!r)
		*module = make('l', strdup(image), 1)->p;
	return leave(r, "%zu bytes, %u options", strlen(image), n);
}

// A function is kept until its module goes; then its memory is the module's text, so
// that a launch of it is found out.
int cuModuleGetFunction(void **function, void *module, const char *entry)
{
	int r = enter("cuModuleGetFunction", CONTEXT);
	thing *l = find('l', module);
	char head[256];
	snprintf(head, sizeof head, ".entry %s(", entry);
	const char *at = l ? strstr(l->p, head) : NULL;
	if (!r)
		r = !l ? INVALID_HANDLE : !at ? NOT_FOUND : 0;
	if (!r) {
		thing *f = make('f', malloc(1), 1);
		f->entry = at;
		*function = f->p;
	}
	return leave(r, "%s, %s", show('l', module), entry);
}

int cuModuleUnload(void *module)
{
	int r = enter("cuModuleUnload", CONTEXT);
	const char *what = show('l', module);
	thing *l = find('l', module);
	for (thing *f = things; l && f < things + 4096; f++)
		if (f->kind == 'f' && f->entry >= l->p && f->entry < l->p + strlen(l->p))
			drop('f', f->p);
	int missing = drop('l', module);
	return leave(r ? r : missing, "%s", what);
}

// param returns the bytes of the i-th parameter, 0 if there are not as many.
static size_t param(const thing *f, size_t i, int *is_float)
{
	const char *s = strchr(f->entry, '('), *end = strchr(s, ')');
	for (; (s = strstr(s, ".param")) && s < end; s += 6)
		if (!i--) {
			char type[16], array[64];
			int n = 1;
			sscanf(s, ".param .%15[a-z0-9]", type);
			if (!strcmp(type, "align"))
				sscanf(s, ".param .align %*d .%15[a-z0-9] %63[^[][%d]", type, array, &n);
			*is_float = type[0] == 'f';
			return n * atoi(type + 1) / 8;
		}
	return 0;
}

#ifndef FAKE_VARIANT
int cuFuncGetParamInfo(void *function, size_t i, size_t *offset, size_t *bytes)
{
	int r = enter("cuFuncGetParamInfo", CONTEXT), is_float;
	thing *f = find('f', function);
	size_t n = f ? param(f, i, &is_float) : 0;
	if (!r)
		r = !f ? INVALID_HANDLE : !n ? INVALID_VALUE : 0;
	*offset = 0, *bytes = n;
	return leave(r, NULL);
}
#endif

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **params, void **extra)
{
	int r = enter("cuLaunchKernel", CONTEXT), is_float;
	thing *f = find('f', function);
	if (!r && (!f || !find('s', stream) || extra))
		r = INVALID_HANDLE;
	char text[1024] = "", *s = text;
	size_t bytes;
	for (size_t i = 0; f && (bytes = param(f, i, &is_float)); i++) {
		uint64_t bits = 0;
		float x;
		memcpy(&bits, params[i], bytes);
		memcpy(&x, params[i], sizeof x);
		if (is_float)
			s += sprintf(s, ", %g", x);
		else if (bytes == 8 && holds('m', (void *)bits, 1))
			s += sprintf(s, ", %s", show('m', (void *)bits));
		else
			s += sprintf(s, ", %llu", (unsigned long long)bits);
	}
	int length = f ? (int)strcspn(f->entry + 7, "(") : 0;
	return leave(r, "%.*s, %ux%ux%u, %ux%ux%u, %u, %s%s", length, f ? f->entry + 7 : "", gx, gy, gz, bx, by, bz, shared,
	             show('s', stream), text);
}
