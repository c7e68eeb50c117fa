/*
 * What differs among the compilers of kernels.cu, and the loop over a vector. OpenCL
 * wants -cl-fp32-correctly-rounded-divide-sqrt, C for the host -ffp-contract=off.
 */

#if defined(__OPENCL_C_VERSION__)
#pragma OPENCL FP_CONTRACT OFF
#define KERNEL __kernel void
#define DEVICE static inline
#define GLOBAL __global
#define RESTRICT restrict
#define THREAD ((u64)get_global_id(0))
#define THREADS ((u64)get_global_size(0))
#define bits(x) as_uint(x)
#define number(x) as_float(x)
#define root_float(x) sqrt(x)
#define mix mixed /* OpenCL has a function of that name */
typedef ulong u64;
typedef uint u32;
typedef ushort u16;
typedef uchar u8;
typedef char i8;
#else
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
typedef signed char i8;
typedef float float4 __attribute__((vector_size(16), may_alias));
typedef u32 uint2 __attribute__((vector_size(8), may_alias));
#if defined(__CUDA__)
#define KERNEL extern "C" __attribute__((global)) void
#define DEVICE static inline __attribute__((device))
#define THREAD ((u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x())
#define THREADS ((u64)__nvvm_read_ptx_sreg_nctaid_x() * __nvvm_read_ptx_sreg_ntid_x())
#else
#define KERNEL void
#define DEVICE static inline
#define THREAD ((u64)0)
#define THREADS ((u64)1)
#endif
#define GLOBAL
#define RESTRICT __restrict__
#define root_float(x) __builtin_sqrtf(x)
DEVICE u32 bits(float x) { union { float f; u32 u; } v; v.f = x; return v.u; }
DEVICE float number(u32 x) { union { float f; u32 u; } v; v.u = x; return v.f; }
#endif

/* A block of Int8 is done by a warp together; elsewhere by one thread. */
#if defined(__CUDA__)
#define LANES 32
#define LANE (__nvvm_read_ptx_sreg_tid_x() & 31u)
DEVICE u32 most(u32 x) /* of the warp */
{
	for (int by = 16; by > 0; by >>= 1) {
		u32 y = (u32)__nvvm_shfl_sync_bfly_i32(~0u, (int)x, by, 31);
		x = x > y ? x : y;
	}
	return x;
}
#else
#define LANES 1
#define LANE 0u
#define most(x) (x)
#endif

/* A body is what is done to element i, or four of them, of type V. FROM reads the gradient. */
#define EACH(BODY, FROM) \
	u64 fours = count >> 2; \
	for (u64 i = THREAD; i < fours; i += THREADS) { BODY(float4, FROM) } \
	for (u64 i = (fours << 2) + THREAD; i < count; i += THREADS) { BODY(float, FROM) }

#define AT(V, x) ((GLOBAL V *)x)[i]
#define IN(V, x) ((GLOBAL const V *)x)[i]

#define VECTOR GLOBAL float *RESTRICT
#define INPUT GLOBAL const float *RESTRICT

DEVICE float4 root_float4(float4 v)
{
	for (int j = 0; j < 4; j++)
		v[j] = root_float(v[j]);
	return v;
}
