package bytelm

import "fmt"

// Windows says which held-out windows a loss is over. The two share no token.
type Windows string

// The windows: those of results, and those by which to choose rates and shapes, so that
// what is reported was not chosen by itself.
const (
	Test       Windows = "test"
	Validation Windows = "validation"
)

// pieceTokens is how many tokens a held-out window may not have in common with the
// training text.
const pieceTokens = 64

// HeldOut returns count windows of so many tokens each, one after another.
//
// The held-out text is cut into windows, in turn of Test and of Validation. Those come
// into question that are nowhere in the training text: of a window of up to 64 tokens the
// whole, of a longer one each 64 tokens from a multiple of 64 on and the last 64. The
// count that is returned is spread evenly over them. So text that is in both parts, as a
// copy under another name, is not asked for; text with a change in every 64 tokens is.
// The error says how many windows there are if they are fewer than count.
//
// The training text is read once or, where much is left out, a few times, at about 300
// million tokens a second: a fifth of a second for 64 MiB of text.
func (c *Corpus) HeldOut(of Windows, count, window int) ([]uint16, error) {
	places, first := c.heldOut/int64(window), int64(0) // of the windows of both kinds
	if of == Validation {
		first = 1
	}
	places = (places + 1 - first) / 2
	for tried := min(4*int64(count), places); tried > 0; tried = min(4*tried, places) {
		tokens, err := c.heldOutWindows(window, tried, func(i int64) int64 { return 2*(i*places/tried) + first })
		if err != nil {
			return nil, err
		}
		fresh, err := c.fresh(tokens, window)
		if err != nil {
			return nil, err
		}
		if len(fresh) >= count {
			return pick(tokens, window, fresh, count), nil
		}
		if tried == places {
			return nil, fmt.Errorf("bytelm: held-out text has %d %s windows of %d tokens that are not in the training text, of %d: want %d", len(fresh), of, window, places, count)
		}
	}
	return nil, fmt.Errorf("bytelm: held-out text has %d tokens: want at least %d, a %s window", c.heldOut, int64(window)*(1+first), of)
}

// heldOutWindows reads count windows of the held-out text; window i is the number(i)-th.
func (c *Corpus) heldOutWindows(window int, count int64, number func(i int64) int64) ([]uint16, error) {
	dst := make([]uint16, count*int64(window))
	d, before := 0, int64(0) // held-out tokens before document d
	for i := range count {
		at := number(i) * int64(window)
		for !c.docs.heldOut(d) || before+c.length(d) <= at {
			if c.docs.heldOut(d) {
				before += c.length(d)
			}
			d++
		}
		if err := c.read(dst[i*int64(window):][:window], d, c.docs.start(d)+at-before, true); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// pick returns count of the windows that are fresh, spread evenly over them.
func pick(tokens []uint16, window int, fresh []int, count int) []uint16 {
	dst := make([]uint16, 0, count*window)
	for i := range count {
		dst = append(dst, tokens[fresh[i*len(fresh)/count]*window:][:window]...)
	}
	return dst
}

// fresh is the numbers of the windows that are not in the training text.
func (c *Corpus) fresh(tokens []uint16, window int) ([]int, error) {
	p := newPieces(tokens, window)
	if err := c.eachTraining(p); err != nil {
		return nil, err
	}
	var fresh []int
	for i, seen := range p.seen {
		if !seen {
			fresh = append(fresh, i)
		}
	}
	return fresh, nil
}

// eachTraining shows p the training text, as a window reads it: the first document follows
// the last.
func (c *Corpus) eachTraining(p *pieces) error {
	if c.train == 0 {
		return nil
	}
	var shown int64
	for d := 0; shown < c.train+int64(p.length); d = (d + 1) % c.docs.count() {
		if c.docs.heldOut(d) {
			continue
		}
		for at, end := c.docs.start(d), c.docs.start(d+1); at < end; {
			block := p.block[:min(int64(len(p.block)), end-at)]
			if err := c.copy(block, at); err != nil {
				return err
			}
			p.show(len(block))
			at += int64(len(block))
			shown += int64(len(block))
		}
	}
	return nil
}

// A pieces looks for pieces of windows, all of one length, in a text that is shown to it
// token by token. It compares 64-bit hashes: two pieces are taken for one, and a window
// left out, once in 10^10 windows and texts of 10^9 tokens.
type pieces struct {
	length  int
	windows map[uint64][]int // with a piece of this hash
	seen    []bool           // by window

	// The hash of the last length tokens t is the sum of (t+1)*factor^k, where the
	// last has k = 0, modulo 2^64.
	hash   uint64
	power  uint64                        // factor^length
	filter [1 << (filterBits - 6)]uint64 // bits that are set for the first bits of hashes in windows

	text  []uint16 // the last length tokens, then block
	block []uint16 // the next tokens to show
}

const (
	factor     = 0xD1342543DE82EF95 // odd, without pattern
	filterBits = 18                 // 32 KB, the first-level cache
)

func newPieces(tokens []uint16, window int) *pieces {
	p := &pieces{length: min(window, pieceTokens), windows: make(map[uint64][]int), seen: make([]bool, len(tokens)/window), power: 1}
	for range p.length {
		p.power *= factor
		p.hash = p.hash*factor + 1 // of tokens 0, of which text is made as yet
	}
	p.text = make([]uint16, p.length+1<<14)
	p.block = p.text[p.length:]
	for i := range p.seen {
		w := tokens[i*window:][:window]
		for at := 0; at+p.length <= window; at += p.length {
			p.want(i, w[at:at+p.length])
		}
		p.want(i, w[window-p.length:])
	}
	return p
}

// want looks for a piece of window i.
func (p *pieces) want(i int, piece []uint16) {
	var h uint64
	for _, t := range piece {
		h = h*factor + uint64(t) + 1
	}
	p.windows[h] = append(p.windows[h], i)
	bit := h >> (64 - filterBits)
	p.filter[bit/64] |= 1 << (bit % 64)
}

// show takes the first n tokens of block.
func (p *pieces) show(n int) {
	h, old := p.hash, p.text[:n]
	for i, t := range p.block[:n] {
		h = h*factor + uint64(t) + 1 - p.power*(uint64(old[i])+1)
		if bit := h >> (64 - filterBits); p.filter[bit/64]>>(bit%64)&1 != 0 {
			for _, w := range p.windows[h] {
				p.seen[w] = true
			}
		}
	}
	p.hash = h
	copy(p.text, p.text[n:n+p.length])
}
