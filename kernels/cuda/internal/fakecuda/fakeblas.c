// A libcublas for tests, beside fakecuda.c: vectors are in the memory of the host. As
// in the real one, a product and a sum are rounded once.
//
//	gcc -shared -fPIC -o libcublas.so fakeblas.c -lm
//
// FAKEBLAS_FAIL=name makes each call of that name return 13. Handles made and destroyed
// stand in the file FAKECUDA_TRACE.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fails(const char *name)
{
	const char *s = getenv("FAKEBLAS_FAIL");
	return s && !strcmp(s, name) ? 13 : 0;
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

typedef struct { void *stream; } state;

const char *cublasGetStatusName(int status) { return status == 13 ? "CUBLAS_STATUS_EXECUTION_FAILED" : "?"; }
const char *cublasGetStatusString(int status) { return status == 13 ? "the function failed to launch on the GPU" : "?"; }

int cublasCreate_v2(state **h)
{
	if (fails("cublasCreate_v2"))
		return 13;
	*h = calloc(1, sizeof **h);
	trace("cublasCreate_v2");
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
	return fails("cublasSetStream_v2");
}

int cublasSaxpy_v2(state *h, int n, const float *a, const float *x, int stepx, float *y, int stepy)
{
	if (!h->stream || fails("cublasSaxpy_v2"))
		return 13;
	for (int i = 0; i < n; i++)
		y[i * stepy] = fmaf(*a, x[i * stepx], y[i * stepy]);
	return 0;
}

int cublasSgeam(state *h, int opx, int opy, int rows, int columns, const float *a, const float *x, int ldx,
                const float *b, const float *y, int ldy, float *z, int ldz)
{
	if (!h->stream || opx || opy || columns != 1 || ldx < rows || ldy < rows || ldz < rows || fails("cublasSgeam"))
		return 13;
	for (int i = 0; i < rows; i++)
		z[i] = fmaf(*a, x[i], *b * y[i]);
	return 0;
}

int cublasSdot_v2(state *h, int n, const float *x, int stepx, const float *y, int stepy, float *sum)
{
	if (!h->stream || fails("cublasSdot_v2"))
		return 13;
	*sum = 0;
	for (int i = 0; i < n; i++)
		*sum = fmaf(x[i * stepx], y[i * stepy], *sum);
	return 0;
}

int cublasSnrm2_v2(state *h, int n, const float *x, int stepx, float *norm)
{
	if (cublasSdot_v2(h, n, x, stepx, x, stepx, norm) || fails("cublasSnrm2_v2"))
		return 13;
	*norm = sqrtf(*norm);
	return 0;
}
