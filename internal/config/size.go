package config

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes such as "100MiB", "1.5 GB" or "4k". Without an i in it, a unit is a power of 1000.
func ParseSize(text string) (int64, error) {
	digits := strings.TrimRight(strings.ToLower(text), "bikmgtp ")
	unit := strings.TrimSpace(strings.ToLower(text)[len(digits):])
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.ContainsAny(digits, "xpinf_+- ") {
		return 0, fmt.Errorf("read size %q: not a number with a unit", text)
	}
	base := 1000.0
	name := strings.TrimSuffix(unit, "b")
	if name != "" && strings.HasSuffix(name, "i") {
		base, name = 1024, name[:len(name)-1]
	}
	power := strings.Index("kmgtp", name) + 1
	if name == "" {
		power = 0
	}
	if len(name) > 1 || power == 0 && (name != "" || base == 1024) {
		return 0, fmt.Errorf("read size %q: unknown unit %q", text, unit)
	}
	for range power {
		n *= base
	}
	if n >= 1<<62 {
		return 0, fmt.Errorf("read size %q: too large", text)
	}
	return int64(n), nil
}
