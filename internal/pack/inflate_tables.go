package pack

import "math/bits"

// The entries of all tables are laid out alike. Bits 0 to 7 are how many bits of input the symbol takes, its extra bits
// included, and bits 8 to 15 how many of them are the code itself: one look-up gives all that there is to know. From bit
// 16 on stands the value: a literal, or the base of a length or distance. The highest bits say which of these it is.
const (
	codeShift  = 8
	valueShift = 16

	// isLiteral marks a literal, and among the code lengths a length.
	isLiteral = 1 << 31
	// isRare marks what is neither literal nor length: the end, a code that stands for nothing, or else a second table
	// that has the longer codes. For that one bits 0 to 7 are the bits of input that led to it, bits 8 to 15 how many
	// more choose an entry of it, and the value is its place.
	isRare    = 1 << 30
	isEnd     = 1 << 29
	isInvalid = 1 << 28

	// Among distances there are no literals, and bases reach up to bit 30.
	isRareDistance    = 1 << 31
	isInvalidDistance = 1 << 30

	// isZeros marks, among the code lengths, the repetition of zero.
	isZeros = 1 << 30
)

const (
	maxCode     = 15
	endOfBlock  = 256
	maxLiterals = 286
	maxDistance = 30
	maxSymbols  = 288

	// Eleven bits are as fast for small streams as less.
	litBits  = 11
	distBits = 8
	preBits  = 7
	// A second table of 2^k entries holds at least k+1 symbols, because the code has no holes: all of them together take
	// less than is left here.
	litSize  = 1 << 12
	distSize = 1 << 10
)

// tables are those of one block. The masks have the bits that a first look-up takes.
type tables struct {
	litMask, distMask uint64
	lit               [litSize]uint32
	dist              [distSize]uint32
}

// alphabet is what a code can stand for.
type alphabet struct {
	// symbols are entries without the length of the code.
	symbols []uint32
	// bits is how many a first look-up takes at most.
	bits int
	// second marks an entry that leads to a second table, invalid one that stands for nothing.
	second, invalid uint32
}

var (
	literals  = alphabet{literalSymbols(), litBits, isRare, isRare | isInvalid}
	distances = alphabet{distanceSymbols(), distBits, isRareDistance, isRareDistance | isInvalidDistance}
	lengths   = alphabet{lengthSymbols(), preBits, 0, 0}
)

func literalSymbols() []uint32 {
	s := make([]uint32, maxSymbols)
	for i := range endOfBlock {
		s[i] = isLiteral | uint32(i)<<valueShift
	}
	s[endOfBlock] = isRare | isEnd
	base := uint32(3)
	for i := endOfBlock + 1; i < maxLiterals-1; i++ {
		extra := uint32(max(i-261, 0) / 4)
		s[i] = base<<valueShift | extra
		base += 1 << extra
	}
	s[maxLiterals-1] = 258 << valueShift
	s[maxLiterals], s[maxLiterals+1] = isRare|isInvalid, isRare|isInvalid
	return s
}

func distanceSymbols() []uint32 {
	s := make([]uint32, maxDistance+2)
	base := uint32(1)
	for i := range maxDistance {
		extra := uint32(max(i-2, 0) / 2)
		s[i] = base<<valueShift | extra
		base += 1 << extra
	}
	s[maxDistance], s[maxDistance+1] = isRareDistance|isInvalidDistance, isRareDistance|isInvalidDistance
	return s
}

func lengthSymbols() []uint32 {
	s := make([]uint32, 19)
	for i := range maxCode + 1 {
		s[i] = isLiteral | uint32(i)<<valueShift
	}
	s[16] = 3<<valueShift | 2
	s[17] = isZeros | 3<<valueShift | 3
	s[18] = isZeros | 11<<valueShift | 7
	return s
}

// coded is a symbol, shifted by four, and the length of its code in bits, which is not zero.
type coded = uint16

// code is a canonical Huffman code: symbols in the order of their codes.
type code struct {
	*alphabet
	count   [maxCode + 1]int
	longest int
	sorted  [maxSymbols]uint16
}

// build fills a table. used are the symbols that have a code, in order. As in zlib a code that leaves some bits without
// meaning is refused unless it has only one bit, or nothing.
func (a *alphabet) build(table []uint32, used []coded) (mask uint64, ok bool) {
	c := code{alphabet: a}
	for _, u := range used {
		c.count[u&15]++
	}
	var next [maxCode + 2]int
	taken := 0
	for n := 1; n <= maxCode; n++ {
		taken += c.count[n] << (maxCode - n)
		next[n+1] = next[n] + c.count[n]
		if c.count[n] > 0 {
			c.longest = n
		}
	}
	if taken != 1<<maxCode {
		if c.longest > 1 || taken > 1<<maxCode {
			return 0, false
		}
		table[0], table[1] = a.invalid+1<<codeShift+1, a.invalid+1<<codeShift+1
		if c.longest == 1 {
			table[0] = a.symbols[used[0]>>4] + 1<<codeShift + 1
		}
		return 1, true
	}
	for _, u := range used {
		c.sorted[next[u&15]] = u >> 4
		next[u&15]++
	}
	return c.fill(table), true
}

// fill writes the first table, for codes of up to that many bits, and has the others written behind it.
func (c *code) fill(table []uint32) (mask uint64) {
	first := min(c.bits, c.longest)
	size, number, i := 1, 0, 0
	for n := 1; n <= first; n++ {
		// What is known of n-1 bits holds whatever the next one is.
		copy(table[size:2*size], table[:size])
		size *= 2
		number *= 2
		length := uint32(n<<codeShift | n)
		for end := i + c.count[n]; i < end; i++ {
			table[bits.Reverse16(uint16(number))>>(16-n)] = c.symbols[c.sorted[i]] + length
			number++
		}
	}
	if c.longest > first {
		c.fillSecond(table, first, number, i)
	}
	return uint64(size - 1)
}

// fillSecond writes the second tables, for codes of more than first bits: from number on, which is that of sorted[i].
func (c *code) fillSecond(table []uint32, first, number, i int) {
	start, free, prefix := 0, 1<<first, -1
	for n := first + 1; n <= c.longest; n++ {
		number *= 2
		rest := n - first
		length := uint32(n<<codeShift | n)
		for left := c.count[n]; left > 0; left-- {
			reversed := int(bits.Reverse16(uint16(number)) >> (16 - n))
			if p := reversed & (1<<first - 1); p != prefix {
				prefix = p
				// As many bits as it takes for the codes from here on to fill the table.
				more := rest
				for fill := left; fill < 1<<more; {
					more++
					fill = 2*fill + c.count[first+more]
				}
				start = free
				free += 1 << more
				table[prefix] = c.second | uint32(start<<valueShift|more<<codeShift|first)
			}
			e := c.symbols[c.sorted[i]] + length
			for at := start + reversed>>first; at < free; at += 1 << rest {
				table[at] = e
			}
			i++
			number++
		}
	}
}
