// A libcublas for tests, on the memory of the fake driver. As in the real one, a
// product and a sum are rounded once.
//
// FAKEBLAS_FAIL=name makes each call of that name return 13. Handles made and destroyed
// stand in the file FAKECUDA_TRACE.
#include "fake.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = 13, LANES = 128 };

static int fails(const char *name)
{
	const char *s = getenv("FAKEBLAS_FAIL");
	return s && !strcmp(s, name) ? FAILED : 0;
}

static void trace(const char *call)
{
	const char *s = getenv("FAKECUDA_TRACE");
	FILE *f = s && *s ? fopen(s, "a") : NULL;
	if (!f)
		return;
	fprintf(f, "%s() = 0\n", call);
	fclose(f);
}

typedef struct {
	void *stream;
} state;

const char *cublasGetStatusName(int status) { return status == FAILED ? "CUBLAS_STATUS_EXECUTION_FAILED" : "?"; }
const char *cublasGetStatusString(int status) { return status == FAILED ? "the function failed to launch on the GPU" : "?"; }

int cublasCreate_v2(state **h)
{
	if (fails("cublasCreate_v2"))
		return FAILED;
	*h = calloc(1, sizeof **h);
	trace("cublasCreate_v2");
	fakecuda_flush();
	return 0;
}

int cublasDestroy_v2(state *h)
{
	free(h);
	trace("cublasDestroy_v2");
	return 0;
}

int cublasSetStream_v2(state *h, void *stream)
{
	h->stream = stream;
	fakecuda_flush();
	return fails("cublasSetStream_v2");
}

// What is multiplied by 0 is not read.
static float times(float a, float x) { return a == 0 ? 0 : a * x; }

static float *at(const float *x, int n) { return (float *)fakecuda_host((uintptr_t)x, 4 * (size_t)n); }

int cublasSaxpy_v2(state *h, int n, const float *a, const float *x, int stepx, float *y, int stepy)
{
	x = at(x, n), y = at(y, n);
	if (!h->stream || !x || !y || stepx != 1 || stepy != 1 || fails("cublasSaxpy_v2"))
		return FAILED;
	for (int i = 0; i < n; i++)
		y[i] = fmaf(*a, x[i], y[i]);
	return 0;
}

int cublasSgeam(state *h, int opx, int opy, int rows, int columns, const float *a, const float *x, int ldx,
                const float *b, const float *y, int ldy, float *z, int ldz)
{
	x = at(x, rows), y = at(y, rows), z = at(z, rows);
	if (!h->stream || !x || !y || !z || opx || opy || columns != 1 || ldx < rows || ldy < rows || ldz < rows || fails("cublasSgeam"))
		return FAILED;
	for (int i = 0; i < rows; i++)
		z[i] = *a == 0 ? times(*b, y[i]) : fmaf(*a, x[i], times(*b, y[i]));
	return 0;
}

// Many threads sum up parts, which are then added in pairs.
int cublasSdot_v2(state *h, int n, const float *x, int stepx, const float *y, int stepy, float *sum)
{
	x = at(x, n), y = at(y, n);
	if (!h->stream || !x || !y || stepx != 1 || stepy != 1 || fails("cublasSdot_v2"))
		return FAILED;
	float part[LANES] = {0};
	for (int i = 0; i < n; i++)
		part[i % LANES] = fmaf(x[i], y[i], part[i % LANES]);
	for (int half = LANES / 2; half > 0; half /= 2)
		for (int i = 0; i < half; i++)
			part[i] += part[i + half];
	*sum = part[0];
	return 0;
}
