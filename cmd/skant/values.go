package main

import (
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
