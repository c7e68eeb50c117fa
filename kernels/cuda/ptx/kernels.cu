/*
 * The updates of package kernels for a GPU, each in one pass over its vectors, to
 * the same bits: the order of operations is that of the Go functions, every
 * operation is rounded by itself (-ffp-contract=off), and a quotient is a division, or
 * what gives the same bits.
 *
 * One source for three compilers: clang makes PTX of it (generate.sh); OpenCL C and C
 * for the host, where a kernel is a function that does all, are for tests. Arguments
 * of a kernel are its vectors, those that change first, the number of elements, and
 * numbers.
 *
 * Vectors begin at multiples of 16 bytes and don't overlap; only in delta dst may be
 * x or y. Any number of threads will do, in blocks of a multiple of 32, up to 256. They
 * share out the elements in fours, and the last one to three one by one.
 */
#include "front.h"
#include "form.h"
#include "delayed.h"
#include "reduce.h"

/* Optimizers. */

#define SGD(V, FROM) \
	AT(V, p) = AT(V, p) - lr * IN(V, g);

#define HEAVY_BALL(V, FROM) \
	V y = AT(V, p), b = mu * AT(V, buf) + IN(V, g); \
	AT(V, buf) = b; \
	AT(V, p) = y - lr * b;

#define NESTEROV(V, FROM) \
	V y = AT(V, p), x = IN(V, g), b = mu * AT(V, buf) + x; \
	AT(V, buf) = b; \
	AT(V, p) = y - lr * (x + mu * b);

#define ADAM_W(V, FROM) \
	V y = AT(V, p), x = IN(V, g), mean = AT(V, m), square = AT(V, v); \
	mean = beta1 * mean + c1 * x; \
	square = beta2 * square + (c2 * x) * x; \
	AT(V, m) = mean; \
	AT(V, v) = square; \
	AT(V, p) = y - (decay * y + (step * mean) / (root_##V(square) / root + eps));

KERNEL sgd(VECTOR p, INPUT g, u64 count, float lr)
{ EACH(SGD, FLOAT32) }

KERNEL heavyBall(VECTOR p, VECTOR buf, INPUT g, u64 count, float lr, float mu)
{ EACH(HEAVY_BALL, FLOAT32) }

KERNEL nesterov(VECTOR p, VECTOR buf, INPUT g, u64 count, float lr, float mu)
{ EACH(NESTEROV, FLOAT32) }

KERNEL adamW(VECTOR p, VECTOR m, VECTOR v, INPUT g, u64 count, float beta1, float c1, float beta2, float c2, float eps, float decay, float step, float root)
{ EACH(ADAM_W, FLOAT32) }

/* Folding a global model x into a local one y, and vectors. */

#define MIX(V, FROM) \
	AT(V, y) = keep * AT(V, y) + a * IN(V, x);

#define MIX_BASE(V, FROM) \
	V z = keep * AT(V, y) + a * IN(V, x); \
	AT(V, y) = z; \
	AT(V, base) = z;

#define MIX_CARRY(V, FROM) \
	V was = AT(V, y), z = keep * was + a * IN(V, x); \
	AT(V, base) = z - (was - AT(V, base)); \
	AT(V, y) = z;

#define REPLAY_BASE(V, FROM) \
	V z = IN(V, x) + (AT(V, y) - AT(V, base)); \
	AT(V, y) = z; \
	AT(V, base) = z;

#define REPLAY_CARRY(V, FROM) \
	V change = AT(V, y) - AT(V, base), z = IN(V, x) + change; \
	AT(V, base) = z - change; \
	AT(V, y) = z;

#define DELTA(V, FROM) AT(V, dst) = IN(V, x) - IN(V, y);
#define SCALE(V, FROM) AT(V, x) = AT(V, x) * a;

KERNEL mix(VECTOR y, INPUT x, u64 count, float keep, float a)
{ EACH(MIX, FLOAT32) }

KERNEL mixBase(VECTOR y, VECTOR base, INPUT x, u64 count, float keep, float a)
{ EACH(MIX_BASE, FLOAT32) }

KERNEL mixCarry(VECTOR y, VECTOR base, INPUT x, u64 count, float keep, float a)
{ EACH(MIX_CARRY, FLOAT32) }

KERNEL replayBase(VECTOR y, VECTOR base, INPUT x, u64 count)
{ EACH(REPLAY_BASE, FLOAT32) }

KERNEL replayCarry(VECTOR y, VECTOR base, INPUT x, u64 count)
{ EACH(REPLAY_CARRY, FLOAT32) }

KERNEL delta(GLOBAL float *dst, GLOBAL const float *x, GLOBAL const float *y, u64 count)
{ EACH(DELTA, FLOAT32) }

KERNEL scale(VECTOR x, u64 count, float a)
{ EACH(SCALE, FLOAT32) }

/* Writing x, or the difference of x and y, and reading. y and residual may be null. */

#define ENCODE_DELTA_BFLOAT16(V, FROM) \
	V v = IN(V, x), minus = v, plus = v; \
	if (y) \
		minus = IN(V, y); \
	if (residual) \
		plus = AT(V, residual); \
	if (y) \
		v = v - minus; \
	if (residual) \
		v = v + plus; \
	v = write_##V(dst, i, v); \
	if (residual) \
		AT(V, residual) = v;

KERNEL encodeDeltaBFloat16(GLOBAL u16 *RESTRICT dst, VECTOR residual, INPUT x, INPUT y, u64 count)
{ EACH(ENCODE_DELTA_BFLOAT16, FLOAT32) }

/* A lane has every LANES-th four elements of a block. */
KERNEL encodeDeltaInt8(GLOBAL u32 *RESTRICT dst, VECTOR residual, INPUT x, INPUT y, u64 count)
{
	for (u64 block = THREAD / LANES; block << 8 < count; block += THREADS / LANES) {
		float4 v[64 / LANES], minus[64 / LANES], plus[64 / LANES];
		u32 top = 0; /* of the numbers without sign, whose bits are in their order */
		for (u32 k = 0; k < 64 / LANES; k++) {
			u64 at = (block << 8) + 4 * (k * LANES + LANE);
			v[k] = read4(x, at, count);
			minus[k] = read4(y, at, count);
			plus[k] = read4(residual, at, count);
		}
		for (u32 k = 0; k < 64 / LANES; k++) {
			v[k] = v[k] - minus[k] + plus[k];
			for (int j = 0; j < 4; j++) {
				u32 u = bits(v[k][j]) & 0x7fffffffu;
				top = top > u ? top : u;
			}
		}
		top = most(top);
		u32 finite = top < 0x7f800000u;
		float largest = finite ? number(top) : 0.0f, scale = largest / 127.0f, inv = 127.0f / largest;
		if (scale > 0x1.020406p+121f)
			scale = 0x1.020406p+121f;
		if (inv > 0x1.fffffep+127f)
			scale = inv = 0.0f;
		if (LANE == 0)
			dst[65 * block] = finite ? bits(scale) : 0x7fc00000u;
		for (u32 k = 0; k < 64 / LANES; k++) {
			u64 word = k * LANES + LANE, at = (block << 8) + 4 * word;
			u32 w = 0;
			for (int j = 0; j < 4; j++) {
				/* Numbers of 2^23 and more have no digits behind the point. */
				float z = finite ? v[k][j] : 0.0f;
				u32 q = bits(z * inv + 0x1.8p+23f) & 0xffu;
				w |= q << 8 * j;
				v[k][j] = z - (float)(i8)q * scale;
			}
			if (at + 4 <= count)
				dst[65 * block + 1 + word] = w;
			else
				for (int j = 0; j < 3; j++)
					if (at + j < count)
						((GLOBAL u8 *)dst)[260 * block + 4 + 4 * word + j] = (u8)(w >> 8 * j);
			if (residual)
				write4(residual, at, count, v[k]);
		}
	}
}

#define DECODE(V, FROM) AT(V, dst) = FROM(V, src);

KERNEL decodeBFloat16(VECTOR dst, GLOBAL const u16 *RESTRICT src, u64 count)
{ EACH(DECODE, BFLOAT16) }

KERNEL decodeInt8(VECTOR dst, GLOBAL const u32 *RESTRICT src, u64 count)
{ EACH(DECODE, INT8) }
