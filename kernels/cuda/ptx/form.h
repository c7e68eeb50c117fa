/* The forms of package kernels: element i of a vector, or the four from 4*i on. */

#define FLOAT32(V, g) IN(V, g)
#define BFLOAT16(V, g) bfloat16_##V(g, i)
#define INT8(V, g) int8_##V(g, i)

DEVICE float bfloat16_float(GLOBAL const u16 *g, u64 i) { return number((u32)g[i] << 16); }

DEVICE float4 bfloat16_float4(GLOBAL const u16 *g, u64 i)
{
	uint2 w = ((GLOBAL const uint2 *)g)[i];
	float4 v = {number(w[0] << 16), number(w[0] & 0xffff0000u), number(w[1] << 16), number(w[1] & 0xffff0000u)};
	return v;
}

/* A block is 65 words: the scale, and 256 bytes. */
DEVICE float int8_float(GLOBAL const u32 *g, u64 i)
{
	return (float)((GLOBAL const i8 *)g)[i + 4 * (i >> 8) + 4] * number(g[65 * (i >> 8)]);
}

DEVICE float4 int8_float4(GLOBAL const u32 *g, u64 i)
{
	u32 w = g[i + (i >> 6) + 1];
	float4 v = {(float)(i8)w, (float)(i8)(w >> 8), (float)(i8)(w >> 16), (float)(i8)(w >> 24)};
	return v * number(g[65 * (i >> 6)]);
}

DEVICE u32 to_bfloat16(float x)
{
	u32 u = bits(x);
	if ((u & 0x7fffffffu) > 0x7f800000u)
		return u >> 16 | 0x40u;
	return (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
}

DEVICE u32 not_finite_float(float v) { return (bits(v) & 0x7f800000u) == 0x7f800000u; }

DEVICE u32 not_finite_float4(float4 v)
{
	return not_finite_float(v[0]) | not_finite_float(v[1]) | not_finite_float(v[2]) | not_finite_float(v[3]);
}

/* What v has and the number that is written does not; 0 if that is not finite. */
DEVICE float left_out(float v, u32 bfloat16)
{
	float r = v - number(bfloat16 << 16);
	return not_finite_float(r) ? 0.0f : r;
}

DEVICE float write_float(GLOBAL u16 *dst, u64 i, float v)
{
	u32 h = to_bfloat16(v);
	dst[i] = (u16)h;
	return left_out(v, h);
}

DEVICE float4 write_float4(GLOBAL u16 *dst, u64 i, float4 v)
{
	u32 h[4];
	for (int j = 0; j < 4; j++) {
		h[j] = to_bfloat16(v[j]);
		v[j] = left_out(v[j], h[j]);
	}
	uint2 w = {h[0] | h[1] << 16, h[2] | h[3] << 16};
	((GLOBAL uint2 *)dst)[i] = w;
	return v;
}

/* Elements at to at+3 of x, zeros behind the end, or all if x is null. */
DEVICE float4 read4(GLOBAL const float *x, u64 at, u64 count)
{
	float4 v = {0, 0, 0, 0};
	if (!x)
		return v;
	if (at + 4 <= count)
		return *(GLOBAL const float4 *)(x + at);
	for (int j = 0; j < 3; j++)
		if (at + j < count)
			v[j] = x[at + j];
	return v;
}

DEVICE void write4(GLOBAL float *x, u64 at, u64 count, float4 v)
{
	if (at + 4 <= count)
		*(GLOBAL float4 *)(x + at) = v;
	else
		for (int j = 0; j < 3; j++)
			if (at + j < count)
				x[at + j] = v[j];
}
