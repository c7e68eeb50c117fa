//go:build linux && cgo && (amd64 || arm64)

#include "shim.h"

halos_fault halos_blas_open(halos_blas *b, uint64_t stream)
{
	ENTER(b->driver);
	TRY(b, cublasCreate_v2, &b->handle);
	int code = CALL(b, cublasSetStream_v2, b->handle, handle(stream));
	if (code) {
		CALL(b, cublasDestroy_v2, b->handle);
		return (halos_fault){"cublasSetStream_v2", code};
	}
	return OK;
}

halos_fault halos_blas_close(halos_blas *b)
{
	ENTER(b->driver);
	TRY(b, cublasDestroy_v2, b->handle);
	return OK;
}

halos_fault halos_axpy(halos_blas *b, int n, float a, uint64_t x, uint64_t y)
{
	ENTER(b->driver);
	TRY(b, cublasSaxpy_v2, b->handle, n, &a, handle(x), 1, handle(y), 1);
	return OK;
}

halos_fault halos_geam(halos_blas *b, int n, float xa, uint64_t x, float yb, uint64_t y, uint64_t dst)
{
	ENTER(b->driver);
	TRY(b, cublasSgeam, b->handle, 0, 0, n, 1, &xa, handle(x), n, &yb, handle(y), n, handle(dst), n);
	return OK;
}

halos_fault halos_dot(halos_blas *b, int n, uint64_t x, uint64_t y, float *sum)
{
	ENTER(b->driver);
	TRY(b, cublasSdot_v2, b->handle, n, handle(x), 1, handle(y), 1, sum);
	return OK;
}

halos_text halos_blas_describe(halos_blas *b, int code)
{
	return (halos_text){
		b->cublasGetStatusName ? b->cublasGetStatusName(code) : NULL,
		b->cublasGetStatusString ? b->cublasGetStatusString(code) : NULL,
	};
}
