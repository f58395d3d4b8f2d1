package match

import "math"

// Entropy returns the Shannon entropy of b in bits per byte: 0 for an empty or constant slice, at most 8.
func Entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	total, sum := float64(len(b)), 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / total
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
