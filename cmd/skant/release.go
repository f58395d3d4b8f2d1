//go:build release

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skant-dev/skant/internal/packaging"
)

// releaseCommands returns what only a build with the tag "release" has: it makes the files of a release that describe this
// very tree of commands. It is no second program, because frameworks such as pre-commit install all programs of a module.
func releaseCommands(*app) []*cobra.Command {
	files := &cobra.Command{
		Use: "files DIR VERSION UNIXTIME", Short: helpReleaseFiles, Args: exactly(3, 3, hintReleaseFiles),
		RunE: func(cmd *cobra.Command, args []string) error {
			var seconds int64
			if _, err := fmt.Sscanf(args[2], "%d", &seconds); err != nil {
				return withHint(fmt.Errorf("read time %q: %w", args[2], err), hintReleaseFiles)
			}
			if seconds < 0 {
				return withHint(errors.New("the time of the commit is not known"), hintReleaseTime)
			}
			root := newRoot(&app{})
			root.RemoveCommand(findRelease(root))
			root.InitDefaultCompletionCmd()
			m := packaging.Manual{Version: args[1], Date: time.Unix(seconds, 0)}
			return writeReleaseFiles(root, m, args[0])
		},
	}
	sbom := &cobra.Command{
		Use: "sbom PROGRAM FILE", Short: helpReleaseSBOM, Args: exactly(2, 2, hintReleaseSBOM),
		RunE: func(_ *cobra.Command, args []string) error { return writeSBOM(args[0], args[1]) },
	}
	npm := &cobra.Command{
		Use: "npm DIST OUT", Short: helpReleaseNPM, Args: exactly(2, 2, hintReleaseNPM),
		RunE: func(_ *cobra.Command, args []string) error { return writeNPM(args[0], args[1]) },
	}
	release := group(&cobra.Command{Use: "release", Short: helpRelease, Hidden: true}, files, sbom, npm)
	return []*cobra.Command{release}
}

func findRelease(root *cobra.Command) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == "release" {
			return c
		}
	}
	return nil
}

// writeReleaseFiles writes man/*.1, man1/*.1.gz (as packages of Linux want them) and completions/*.
func writeReleaseFiles(root *cobra.Command, m packaging.Manual, dir string) error {
	files := map[string][]byte{}
	for name, page := range m.Pages(root) {
		files["man/"+name] = page
		zipped, err := gzipped(page)
		if err != nil {
			return fmt.Errorf("compress %s: %w", name, err)
		}
		files["man1/"+name+".gz"] = zipped
	}
	for name, write := range map[string]func(io.Writer) error{
		"skant.bash": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"_skant":     root.GenZshCompletion,
		"skant.fish": func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"skant.ps1":  root.GenPowerShellCompletionWithDesc,
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fmt.Errorf("write completion %s: %w", name, err)
		}
		files["completions/"+name] = b.Bytes()
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// gzipped compresses without the time and the name that gzip would note.
func gzipped(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeSBOM(program, file string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read build information of %s: %w", program, err)
	}
	sum := sha256.Sum256(content)
	var b bytes.Buffer
	p := packaging.Program{Name: strings.TrimSuffix(filepath.Base(program), ".exe"), SHA256: hex.EncodeToString(sum[:]), Info: info}
	if err := packaging.WriteSBOM(&b, p); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// writeNPM makes npm packages of what GoReleaser has built in dist; run it in the top folder of the project.
func writeNPM(dist, out string) error {
	text, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		return err
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(text, &metadata); err != nil {
		return fmt.Errorf("read metadata.json: %w", err)
	}
	if text, err = os.ReadFile(filepath.Join(dist, "artifacts.json")); err != nil {
		return err
	}
	binaries, err := packaging.Binaries(text, ".")
	if err != nil {
		return err
	}
	return packaging.WriteNPM(out, filepath.Join("packaging", "npm"), metadata.Version, binaries)
}
