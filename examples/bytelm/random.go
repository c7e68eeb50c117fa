package bytelm

// gamma is how far apart the states of a generator are.
const gamma = 0x9E3779B97F4A7C15

// splitmix64 is the output of Steele, Lea and Flood's generator at state x.
func splitmix64(x uint64) uint64 {
	x += gamma
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// hash mixes words, in order, to one that is as good as random.
func hash(words ...uint64) uint64 {
	h := uint64(0)
	for _, w := range words {
		h = splitmix64(h ^ w)
	}
	return h
}

// hashString is hash over the bytes of s (FNV-1a, then mixed).
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return splitmix64(h)
}

// A stream is what numbers are drawn for. The numbers of a stream are those of a hash of
// (seed, stream, ...): no two streams and no two seeds have any in common. The sum of
// seed and number in the place of the hash would make the streams of neighbouring seeds
// the same, one number apart.
type stream = uint64

const (
	streamInit    stream = 1 // the initial model
	streamSamples stream = 2 // the place of each training sample
)

// A normal draws numbers that are normal enough for an initial model: the sum
// of twelve uniform 16-bit numbers, less its mean, over 65536. Mean 0,
// variance 1 - 2^-32, cut off at 6. Sums of integers, unlike logarithm and
// cosine, are the same bits on every machine.
//
// The 16-bit numbers are those of SplitMix64 (Steele, Lea, Flood 2014).
type normal struct{ state uint64 }

func newNormal(seed uint64, of stream) normal { return normal{state: hash(seed, of)} }

// fill overwrites v with numbers of a standard deviation.
func (g *normal) fill(v []float32, deviation float64) {
	for i := range v {
		v[i] = float32(deviation * g.next())
	}
}

func (g *normal) next() float64 {
	sum := 0
	for range 3 {
		r := g.word()
		for range 4 {
			sum += int(r & 0xFFFF)
			r >>= 16
		}
	}
	return float64(sum-12*65535/2) / 65536
}

// word is the next number of SplitMix64.
func (g *normal) word() uint64 {
	r := splitmix64(g.state)
	g.state += gamma
	return r
}
