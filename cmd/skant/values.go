package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// The values of flags. A hook starts this program for every commit, so nothing here costs time before it is used: the
// libraries for sizes build tables of numbers at the start, and pflag's own lists a CSV writer for each flag.

// list is the value of a flag that may be repeated.
type list []string

// register makes the flag. An empty list is no default that help should show.
func (l *list) register(cmd *cobra.Command, name, short, usage string) {
	cmd.Flags().VarPF(l, name, short, usage).DefValue = ""
}

// String writes the list as pflag's own stringArray does.
func (l *list) String() string { return "[" + strings.Join(*l, ",") + "]" }

// Set adds a value.
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// Type names it as pflag does, whose GetStringArray then works.
func (l *list) Type() string { return "stringArray" }

// parseSize reads a number of bytes such as "100MiB", "1.5 GB" or "4k". Without an i in it, a unit is a power of 1000.
func parseSize(text string) (int64, error) {
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
