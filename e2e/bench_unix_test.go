//go:build bench && unix

package e2e

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory returns the greatest resident size that a process had, in bytes.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) // bytes there, kibibytes elsewhere
	}
	return int64(usage.Maxrss) << 10
}
