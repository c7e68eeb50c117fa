/*
 * A cuda.h for gorgonia.org/cu v0.9.6, to be found before that of the toolkit, which it
 * includes. CUDA 13 points five names that cu uses at functions with other parameters,
 * and two at functions that an older libcuda lacks. Those of CUDA 12 are still in every
 * libcuda: here the names mean these again. With older toolkits nothing changes.
 */
#ifndef HALOS_SHIM_CUDA_H
#define HALOS_SHIM_CUDA_H

#include_next <cuda.h>

#if CUDA_VERSION >= 13000

#undef cuCtxCreate
#undef cuMemAdvise
#undef cuMemPrefetchAsync
#undef cuGraphAddDependencies
#undef cuGraphGetEdges
#undef cuEventElapsedTime
#undef cuDeviceGetUuid

#ifdef __cplusplus
extern "C" {
#endif
CUresult CUDAAPI cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device);
CUresult CUDAAPI cuMemAdvise(CUdeviceptr p, size_t bytes, CUmem_advise advice, CUdevice device);
CUresult CUDAAPI cuMemPrefetchAsync(CUdeviceptr p, size_t bytes, CUdevice device, CUstream stream);
CUresult CUDAAPI cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, size_t n);
CUresult CUDAAPI cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *n);
CUresult CUDAAPI cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end);
CUresult CUDAAPI cuDeviceGetUuid(CUuuid *uuid, CUdevice device);
#ifdef __cplusplus
}
#endif
#define cuCtxCreate cuCtxCreate_v2

#endif
#endif
