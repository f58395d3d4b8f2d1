package packaging

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Binary is the program for one platform, by Go's names of it.
type Binary struct{ OS, Arch, Path string }

// npmNames are the names that Node.js has for Go's systems and processors, for those that we build for.
var npmNames = map[string]string{"linux": "linux", "darwin": "darwin", "windows": "win32", "amd64": "x64", "arm64": "arm64"}

var npmVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`) })

// WriteNPM writes the folders of npm packages below out: one per platform with the program in it, and the one that people
// install, which has the launcher and names the others as optional dependencies. npm installs the one that fits, from the
// registry and with its checksum: no script runs and nothing is downloaded at installation. launcher is the folder of
// package.json and of what else the main package has; "scope" there is the scope of all. version is without a "v".
func WriteNPM(out, launcher, version string, binaries []Binary) error {
	if !npmVersion().MatchString(version) {
		return fmt.Errorf("make npm packages: %q is no version for npm", version)
	}
	var main map[string]any
	text, err := os.ReadFile(filepath.Join(launcher, "package.json"))
	if err != nil {
		return fmt.Errorf("make npm packages: %w", err)
	}
	if err := json.Unmarshal(text, &main); err != nil {
		return fmt.Errorf("make npm packages: read package.json: %w", err)
	}
	name, _ := main["name"].(string)
	if !strings.HasPrefix(name, "@") || !strings.Contains(name, "/") {
		return errors.New("make npm packages: package.json has no name with a scope")
	}
	main["version"] = version
	optional := map[string]string{}
	for _, b := range binaries {
		platform, err := writePlatform(out, name, version, main["license"], b)
		if err != nil {
			return fmt.Errorf("make the npm package for %s/%s: %w", b.OS, b.Arch, err)
		}
		optional[platform] = version
	}
	if len(optional) != len(binaries) || len(optional) == 0 {
		return errors.New("make npm packages: not one program for each platform")
	}
	main["optionalDependencies"] = optional
	folder := filepath.Join(out, "skant")
	for _, file := range []string{"skant.js", "README.md"} {
		if err := copyFile(filepath.Join(folder, file), filepath.Join(launcher, file), 0o755); err != nil {
			return fmt.Errorf("make npm packages: %w", err)
		}
	}
	return writePackage(folder, main)
}

// writePlatform writes the package of one platform and returns its name.
func writePlatform(out, name, version string, license any, b Binary) (string, error) {
	system, processor := npmNames[b.OS], npmNames[b.Arch]
	if system == "" || processor == "" {
		return "", errors.New("npm has no name for it")
	}
	program := "skant"
	if b.OS == "windows" {
		program += ".exe"
	}
	short := "skant-" + system + "-" + processor
	if err := copyFile(filepath.Join(out, short, program), b.Path, 0o755); err != nil {
		return "", err
	}
	full := name[:strings.Index(name, "/")+1] + short
	return full, writePackage(filepath.Join(out, short), map[string]any{
		"name": full, "version": version, "license": license,
		"description":     "The program of " + name + " for " + system + " on " + processor,
		"os":              []string{system},
		"cpu":             []string{processor},
		"files":           []string{program},
		"preferUnplugged": true, // a program cannot be run from inside of an archive
		"publishConfig":   map[string]any{"access": "public", "provenance": true},
		"engines":         map[string]any{"node": ">=18"},
	})
}

func writePackage(folder string, content map[string]any) error {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "package.json"), append(text, '\n'), 0o644)
}

func copyFile(to, from string, mode os.FileMode) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, mode)
}

// Binaries reads which programs GoReleaser has built from its artifacts.json; top is the folder that its paths start from.
func Binaries(artifacts []byte, top string) ([]Binary, error) {
	var list []struct {
		Path, Goos, Goarch, Type string
	}
	if err := json.Unmarshal(artifacts, &list); err != nil {
		return nil, fmt.Errorf("read artifacts.json: %w", err)
	}
	var out []Binary
	for _, a := range list {
		if a.Type == "Binary" && !slices.ContainsFunc(out, func(b Binary) bool { return b.OS == a.Goos && b.Arch == a.Goarch }) {
			out = append(out, Binary{a.Goos, a.Goarch, filepath.Join(top, filepath.FromSlash(a.Path))})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("read artifacts.json: no program was built")
	}
	return out, nil
}
