// What CUDA 13 has changed of what gorgonia.org/cu v0.9.6 uses: the end of the cuda.h
// that ci.sh makes. Parameters are as in NVIDIA's header; the structures are shorter.
#define CUDA_VERSION 13000
#define CUDAAPI

typedef struct { unsigned char from_port, to_port; } CUgraphEdgeData;
typedef struct { int numExecAffinityParams; } CUctxCreateParams;

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *params, unsigned int flags, CUdevice device);
CUresult cuMemAdvise_v2(CUdeviceptr p, size_t bytes, CUmem_advise advice, CUmemLocation location);
CUresult cuMemPrefetchAsync_v2(CUdeviceptr p, size_t bytes, CUmemLocation location, unsigned int flags, CUstream stream);
CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to, const CUgraphEdgeData *data, size_t n);
CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *data, size_t *n);
CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end);
CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device);

#undef cuCtxCreate
#define cuCtxCreate cuCtxCreate_v4
#define cuMemAdvise cuMemAdvise_v2
#define cuMemPrefetchAsync cuMemPrefetchAsync_v2
#define cuGraphAddDependencies cuGraphAddDependencies_v2
#define cuGraphGetEdges cuGraphGetEdges_v2
#define cuEventElapsedTime cuEventElapsedTime_v2
#define cuDeviceGetUuid cuDeviceGetUuid_v2
