//go:build !linux && !darwin

package purge

import "os"

// freeBytes returns how many bytes this user can still write to the file system of a folder; this system is not asked.
func freeBytes(string) (free int64, known bool) { return 0, false }

// writable reports why a folder cannot be written to; this system is not asked.
func writable(string) error { return nil }

func openMark(path string) (*os.File, error) { return os.Open(path) }

// hold and held would tell whether a process works in the folder, which this system is not asked for.
func hold(*os.File) error { return nil }

func held(*os.File) bool { return false }
