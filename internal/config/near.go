package config

import "strings"

// Nearest returns the word that someone who wrote name most likely meant; empty if none is near.
func Nearest(name string, words []string) string {
	const longest = 100 // what a hostile file writes as a key is compared with nothing
	if len(name) > longest {
		return ""
	}
	plain := strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(strings.ToLower(name))
	best, least := "", len(plain)/3+1
	for _, w := range words {
		if d := distance(plain, strings.ReplaceAll(w, ".", "-"), least); d < least || d == least && best == "" && d < len(plain) {
			best, least = w, d
		}
	}
	return best
}

// meant is a question for the end of a sentence, or nothing.
func meant(name string, words []string) string {
	if w := Nearest(name, words); w != "" {
		return " (did you mean " + w + "?)"
	}
	return ""
}

// distance is how many letters have to be added, taken away, changed or swapped with the next one to make b of a; more than
// most is not counted on.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
