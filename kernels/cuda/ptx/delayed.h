/* Delayed Nesterov momentum. */

/*
 * 1/n if n is a power of two, where x*(1/n) and x/n are the same number before they are
 * rounded and so after it; otherwise 0. A GPU has no division: it takes some ten
 * instructions, and a subroutine where the quotient may be too small for them.
 */
DEVICE float inverse(float n)
{
	return (bits(n) & 0x7fffffu) == 0 && n >= 1.0f && n <= 0x1p+30f ? 1.0f / n : 0.0f;
}

/* A loop for each, so that the one that multiplies has no branches. */
#define EACH_BY_N(BODY, FROM) \
	float inv = inverse(n); \
	if (inv != 0.0f) { const int multiply = 1; FOURS(BODY, FROM) } \
	else { const int multiply = 0; FOURS(BODY, FROM) } \
	const int multiply = 0; REST(BODY, FROM)
#define BY_N(x) (multiply ? (x) * inv : (x) / n)

#define DELAYED_FIRST(V, FROM) \
	V x = FROM(V, g), y = AT(V, p); \
	AT(V, d) = x; \
	AT(V, p) = y - lr * BY_N(x);

#define DELAYED_FIRST_C(V, FROM) \
	V x = FROM(V, g), y = AT(V, p), z = IN(V, m); \
	AT(V, d) = x; \
	AT(V, p) = y - lr * (cb * z + BY_N(x));

#define DELAYED_PLAIN(V, FROM) \
	V x = FROM(V, g), y = AT(V, p), sum = AT(V, d); \
	AT(V, d) = sum + x; \
	AT(V, p) = y - lr * BY_N(x);

#define DELAYED_PLAIN_C(V, FROM) \
	V x = FROM(V, g), y = AT(V, p), sum = AT(V, d), z = IN(V, m); \
	AT(V, d) = sum + x; \
	AT(V, p) = y - lr * (cb * z + BY_N(x));

#define DELAYED_STEP(V, FROM) \
	V x = FROM(V, g), y = AT(V, p), z = AT(V, m), sum = IN(V, d); \
	z = beta * z + BY_N(sum + x); \
	AT(V, m) = z; \
	AT(V, p) = y - lr * (coef * z + BY_N(x));

#define DELAYED(FORM, T, FROM) \
KERNEL delayedFirst##FORM(VECTOR p, VECTOR d, GLOBAL const T *RESTRICT g, u64 count, float n, float lr) \
{ EACH_BY_N(DELAYED_FIRST, FROM) } \
KERNEL delayedFirstC##FORM(VECTOR p, VECTOR d, INPUT m, GLOBAL const T *RESTRICT g, u64 count, float n, float lr, float cb) \
{ EACH_BY_N(DELAYED_FIRST_C, FROM) } \
KERNEL delayedPlain##FORM(VECTOR p, VECTOR d, GLOBAL const T *RESTRICT g, u64 count, float n, float lr) \
{ EACH_BY_N(DELAYED_PLAIN, FROM) } \
KERNEL delayedPlainC##FORM(VECTOR p, VECTOR d, INPUT m, GLOBAL const T *RESTRICT g, u64 count, float n, float lr, float cb) \
{ EACH_BY_N(DELAYED_PLAIN_C, FROM) } \
KERNEL delayedStep##FORM(VECTOR p, VECTOR m, INPUT d, GLOBAL const T *RESTRICT g, u64 count, float n, float lr, float beta, float coef) \
{ EACH_BY_N(DELAYED_STEP, FROM) }

DELAYED(, float, FLOAT32)
DELAYED(BFloat16, u16, BFLOAT16)
DELAYED(Int8, u32, INT8)

/* Several plain steps in turn. All is loaded before the first division: it branches. */
#define BEGIN(V) V y = AT(V, p), sum = AT(V, d), x0 = IN(V, g0), x1 = IN(V, g1);
#define PLAIN(x, lr) sum = sum + x; y = y - lr * BY_N(x);
#define END(V) AT(V, d) = sum; AT(V, p) = y;
#define DELAYED_PLAIN_2(V, FROM) \
	BEGIN(V) \
	PLAIN(x0, lr0) PLAIN(x1, lr1) END(V)
#define DELAYED_PLAIN_3(V, FROM) \
	BEGIN(V) V x2 = IN(V, g2); \
	PLAIN(x0, lr0) PLAIN(x1, lr1) PLAIN(x2, lr2) END(V)
#define DELAYED_PLAIN_4(V, FROM) \
	BEGIN(V) V x2 = IN(V, g2), x3 = IN(V, g3); \
	PLAIN(x0, lr0) PLAIN(x1, lr1) PLAIN(x2, lr2) PLAIN(x3, lr3) END(V)

KERNEL delayedPlain2(VECTOR p, VECTOR d, INPUT g0, INPUT g1, u64 count, float n, float lr0, float lr1)
{ EACH_BY_N(DELAYED_PLAIN_2, FLOAT32) }

KERNEL delayedPlain3(VECTOR p, VECTOR d, INPUT g0, INPUT g1, INPUT g2, u64 count, float n, float lr0, float lr1, float lr2)
{ EACH_BY_N(DELAYED_PLAIN_3, FLOAT32) }

KERNEL delayedPlain4(VECTOR p, VECTOR d, INPUT g0, INPUT g1, INPUT g2, INPUT g3, u64 count, float n, float lr0, float lr1, float lr2, float lr3)
{ EACH_BY_N(DELAYED_PLAIN_4, FLOAT32) }
