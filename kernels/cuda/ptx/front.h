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
#undef mix /* OpenCL has functions of these names */
#undef dot
#define mix mixed
#define dot dotted
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
/* Blocks of up to 256 threads, four on a multiprocessor at least: 64 registers at most. */
#define KERNEL extern "C" __attribute__((global)) __attribute__((launch_bounds(256, 4))) void
#define DEVICE static inline __attribute__((device))
#define THREAD ((u64)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x())
#define THREADS ((u64)__nvvm_read_ptx_sreg_nctaid_x() * __nvvm_read_ptx_sreg_ntid_x())
#else
#define KERNEL void
#define DEVICE static inline
#define THREAD ((u64)0)
#define THREADS ((u64)1)
#define finite is_finite /* C has a function of that name */
#endif
#define GLOBAL
#define RESTRICT __restrict__
#define root_float(x) __builtin_sqrtf(x)
DEVICE u32 bits(float x) { union { float f; u32 u; } v; v.f = x; return v.u; }
DEVICE float number(u32 x) { union { float f; u32 u; } v; v.u = x; return v.f; }
#endif

/*
 * A block of Int8 is done by a warp together, and two blocks of dot by the halves of
 * one, in which a lane is a thread; elsewhere all by one thread.
 */
#if defined(__CUDA__)
#define LANES 32
#define SHARES 16 /* of a block of dot */
#define LANE (__nvvm_read_ptx_sreg_tid_x() & 31u)
DEVICE u32 most(u32 x) /* of the warp */
{
	for (int by = 16; by > 0; by >>= 1) {
		u32 y = (u32)__nvvm_shfl_sync_bfly_i32(~0u, (int)x, by, 31);
		x = x > y ? x : y;
	}
	return x;
}
DEVICE void fold(double *sum) /* of the threads of half a warp, or their lanes */
{
	for (int by = SHARES / 2; by > 0; by >>= 1) {
		union { double d; int i[2]; } v = {*sum}, w;
		for (int k = 0; k < 2; k++)
			w.i[k] = __nvvm_shfl_sync_bfly_i32(~0u, v.i[k], by, 31);
		*sum = *sum + w.d;
	}
}
#else
#define LANES 1
#define SHARES 1
#define LANE 0u
#define most(x) (x)
DEVICE void fold(double *sum)
{
	for (int by = 8; by > 0; by >>= 1)
		for (int j = 0; j < by; j++)
			sum[j] = sum[j] + sum[j + by];
}
#endif
#define BLOCKS (LANES / SHARES)

/* A body is what is done to element i, or four of them, of type V. FROM reads the gradient. */
#define FOURS(BODY, FROM) \
	for (u64 i = THREAD; i < count >> 2; i += THREADS) { BODY(float4, FROM) }
#define REST(BODY, FROM) \
	for (u64 i = (count & ~(u64)3) + THREAD; i < count; i += THREADS) { BODY(float, FROM) }
#define EACH(BODY, FROM) FOURS(BODY, FROM) REST(BODY, FROM)

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
