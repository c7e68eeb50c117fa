package bytelm

import "math"

// exp overwrites each x by e^x, to a relative error of 2e-7 for |x| <= 64.
// Outside it answers for the nearest of the two ends, save that below -64 it is
// 0: beside a term of 1 that changes nothing, and it keeps denormal numbers,
// which are slow, out of the products that follow.
//
// x = n*ln2 + r with |r| <= ln2/2; a polynomial of degree 7 for e^r, with the
// coefficients of Cephes' expf; 2^n by its bits. A loop and not a function of
// one number, because the compiler would call that one, at half the speed.
func exp(v []float32) {
	const (
		log2e  = 1.44269504088896341
		ln2Hi  = 0.693359375
		ln2Lo  = -2.12194440e-4
		rounds = 3 << 22 // adding it rounds to an integer, left in the low bits
	)
	for i, x := range v {
		if x < -64 {
			v[i] = 0
			continue
		}
		if x > 64 {
			x = 64
		}
		t := float32(x*log2e) + rounds
		n := t - rounds
		r := x - float32(n*ln2Hi) - float32(n*ln2Lo)
		p := float32(1.9875691500e-4*r) + 1.3981999507e-3
		p = float32(p*r) + 8.3334519073e-3
		p = float32(p*r) + 4.1665795894e-2
		p = float32(p*r) + 1.6666665459e-1
		p = float32(p*r) + 5.0000001201e-1
		p = float32(float32(p*r)*r) + r + 1
		v[i] = float32(p * math.Float32frombits((math.Float32bits(t)+127)<<23))
	}
}
