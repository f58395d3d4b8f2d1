// Package labelled holds no code: its tests make a set of labelled samples, with and without a credential, and measure what
// the built-in rules find in them. `make bench-detection` runs them; docs/detection.md says how to read the figures.
//
// Samples are made of shapes and words that lie in testdata, with values drawn at run time, so that no file of the
// repository has anything in it that looks like a credential. The same seed makes the same set. The set has two halves that
// share neither shapes nor most words: rules are tuned on one of them only.
package labelled
