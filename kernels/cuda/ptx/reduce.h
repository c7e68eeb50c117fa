/* Reductions. */

/* The sum of a lane of a block that ends at end; i is its first element. */
DEVICE double lane_sum(INPUT x, INPUT y, u64 i, u64 end)
{
	double sum = 0;
	for (; i + 16 * 7 < end; i += 16 * 8) /* to have so many loads under way */
		for (u32 k = 0; k < 8; k++)
			sum = sum + (double)x[i + 16 * k] * y[i + 16 * k];
	for (; i < end; i += 16)
		sum = sum + (double)x[i] * y[i];
	return sum;
}

/*
 * sums[b] is the sum of block b in the order of kernels.Dot. x may be y; then each
 * element is loaded once.
 */
KERNEL dot(INPUT x, INPUT y, GLOBAL double *RESTRICT sums, u64 count)
{
	for (u64 group = THREAD / LANES; group * BLOCKS << 12 < count; group += THREADS / LANES) {
		u64 block = group * BLOCKS + LANE / SHARES, begin = block << 12;
		u64 end = begin + 4096 < count ? begin + 4096 : count;
		double sum[16 / SHARES];
		for (u32 j = 0; j < 16 / SHARES; j++) {
			u64 i = begin + LANE % SHARES + j;
			sum[j] = x == y ? lane_sum(x, x, i, end) : lane_sum(x, y, i, end);
		}
		fold(sum);
		if (LANE % SHARES == 0 && begin < end)
			sums[block] = sum[0];
	}
}

#define NOT_FINITE(V, FROM) found |= not_finite_##V(IN(V, x));

/* flag is zero before. All threads that write it write the same. */
KERNEL finite(INPUT x, GLOBAL volatile u32 *flag, u64 count)
{
	u32 found = 0;
	EACH(NOT_FINITE, FLOAT32)
	if (found)
		*flag = 1;
}
