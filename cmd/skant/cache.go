package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/cache"
	"github.com/skant-dev/skant/internal/source"
)

// registerCache adds the flag of the commands that read a whole history.
func (f *scanFlags) registerCache(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noCache, "no-cache", false, helpFlagNoCache)
}

// registerAgain adds the flag of the commands that keep nothing but the answers of providers.
func (f *scanFlags) registerAgain(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noCache, "no-cache", false, helpFlagAskAgain)
}

// useCache lets a history use what earlier runs have found out. That there is no folder for it, or that it cannot be used,
// costs time and nothing else. The result, which may be nil, is to be closed after the history.
func (a *app) useCache(p *prepared, opt *source.HistoryOptions) (*cache.Cache, error) {
	if p.flags.noCache {
		return nil, nil
	}
	c, err := a.openCache("")
	if c == nil || err != nil {
		return nil, err
	}
	engine, err := a.engine(p)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	opt.Cache, opt.Engine = c, engine
	return c, nil
}

// openCache opens the cache in a folder below that of all that is kept; nil where there is nowhere to keep anything.
func (a *app) openCache(folder string) (*cache.Cache, error) {
	dir := a.env("SKANT_CACHE_DIR")
	if dir == "" {
		if a.cacheDir == nil {
			return nil, nil
		}
		base, err := a.cacheDir()
		if err != nil {
			return nil, nil //nolint:nilerr // Nobody to keep anything for: a container without a home.
		}
		dir = filepath.Join(base, "skant")
	}
	c, err := cache.Open(filepath.Join(dir, folder), 0)
	if errors.Is(err, cache.ErrUnsupported) {
		return nil, nil
	}
	return c, err
}

// engine is a hash of everything in the program and its settings that decides what is found. The file of the program
// stands for the code: a build from a checkout has no version that could.
func (a *app) engine(p *prepared) ([sha256.Size]byte, error) {
	path, err := os.Executable()
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("find this program's file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("find this program's file: %w", err)
	}
	key := sha256.Sum256([]byte(a.env("SKANT_FINGERPRINT_KEY")))
	return sha256.Sum256(fmt.Appendf(nil, "%s %d %d %x %x %s %t",
		version(), info.Size(), info.ModTime().UnixNano(), p.set.Digest(), key, p.flags.minConfidence, p.flags.includeExamples)), nil
}

// sayReused says on standard error what was not searched again, and what could not be kept.
func (a *app) sayReused(h *source.History) {
	switch r := h.Reused(); {
	case r.Unchanged:
		a.say(msgUnchanged, r.When.Format("2006-01-02 15:04"))
	case r.Objects > 0:
		a.say(msgReused, r.Objects, r.When.Format("2006-01-02 15:04"))
	}
	if err := h.CacheProblem(); err != nil {
		a.say(msgCacheUnused, a.scrub(err.Error()))
	}
}
