package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/skant-dev/skant/internal/ignore"
)

// Names of the files that say what is left out. Both have the syntax of .gitignore.
const (
	gitIgnoreName   = ".gitignore"
	skantIgnoreName = ".skantignore"
)

// loadIgnore reads the ignore file at path, whose patterns are relative to folder, on top of l. A file that is not there
// changes nothing, and neither does a symbolic link: git follows none in a work tree.
func loadIgnore(ctx context.Context, l *ignore.List, path, folder string) (*ignore.List, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		// What cannot be looked at ignores nothing: more is read, not less.
		return l, nil
	}
	data, err := readRegular(ctx, path, info, ignore.MaxFile, nil)
	if errors.Is(err, errTooLarge) {
		return l, fmt.Errorf("is larger than %s", sizeText(ignore.MaxFile))
	}
	if err != nil {
		return l, err
	}
	return l.With(folder, data)
}

// loadOutside is loadIgnore for an ignore file outside the work tree, where symbolic links are followed.
func loadOutside(ctx context.Context, l *ignore.List, path, folder string) (*ignore.List, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return l, nil //nolint:nilerr // As in loadIgnore.
	}
	return loadIgnore(ctx, l, real, folder)
}

func folderPrefix(folder string) string { return ignore.FolderPrefix(folder) }
