//go:build e2e

package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// goreleaserVersion is the one that makes releases. It is built from its source, which the
// database of Go's checksums vouches for; that takes minutes the first time.
const goreleaserVersion = "v2.15.1"

func goreleaser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{".github/workflows/release.yml", "Makefile"} {
		if !strings.Contains(read(t, name), "goreleaser/v2@"+goreleaserVersion) {
			t.Errorf("%s uses another version of goreleaser", name)
		}
	}
	bin := t.TempDir()
	fetch := exec.Command("go", "install", "github.com/goreleaser/goreleaser/v2@"+goreleaserVersion)
	fetch.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := fetch.CombinedOutput(); err != nil {
		missing(t, "go install goreleaser: "+err.Error()+"\n"+string(out))
	}
	return filepath.Join(bin, "goreleaser")
}

// released is what goreleaser has made of our own files.
type released struct {
	t *testing.T
	// repo is a checkout of our files with the tag v0.1.0, made at when; dist is what came of it.
	repo    *workRepo
	dist    string
	when    time.Time
	program string // the one for this machine
}

// releaseOurselves makes a checkout of our files as they are now, tags it and runs goreleaser, as for a release but without
// publishing. Images are left out: they need Docker.
func releaseOurselves(t *testing.T, tool string) *released {
	t.Helper()
	path, commit := published(t, framework{}, true, nil)
	r := &released{t: t, repo: &workRepo{t: t, dir: path, env: goEnvironment(t)}, dist: filepath.Join(path, "dist")}
	r.repo.git("remote", "add", "origin", "https://github.com/OWNER/skant.git") // without one, goreleaser knows no commit
	r.repo.git("tag", "v0.1.0", commit)
	seconds := strings.TrimSpace(r.repo.git("log", "-1", "--format=%cI"))
	when, err := time.Parse(time.RFC3339, seconds)
	if err != nil {
		t.Fatal(err)
	}
	r.when = when
	r.repo.must(tool, "check")
	r.repo.must(tool, "release", "--snapshot", "--clean", "--skip=docker,publish,announce")
	r.program = filepath.Join(r.dist, programName(t))
	return r
}

// programName is that of the program for this machine among the files of a release.
func programName(t *testing.T) string {
	t.Helper()
	system := map[string]string{"linux": "Linux", "darwin": "macOS"}[runtime.GOOS]
	if system == "" {
		t.Skip("releases are made on Linux or macOS")
	}
	folder := map[string]string{"amd64": "amd64_v1", "arm64": "arm64_v8.0"}[runtime.GOARCH]
	return filepath.Join("skant_"+runtime.GOOS+"_"+folder, "skant")
}

// goEnvironment is that of a repository of a test, with the machine's Go caches.
func goEnvironment(t *testing.T) []string {
	t.Helper()
	env := newRepo(t).env
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE").Output()
	if err != nil {
		t.Fatalf("go env: %v", err)
	}
	modules, cache, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return append(env, "GOMODCACHE="+modules, "GOCACHE="+cache, "GITHUB_REPOSITORY_OWNER=OWNER")
}

// TestRelease makes a release of our own files and looks at all that came out.
func TestRelease(t *testing.T) {
	r := releaseOurselves(t, goreleaser(t))
	for _, part := range []struct {
		name string
		test func(*released)
	}{
		{"sums", (*released).holdSums},
		{"programs of other systems", (*released).holdOtherSystems},
		{"archive", (*released).holdArchive},
		{"manual", (*released).holdManual},
		{"completions", (*released).holdCompletions},
		{"deb", (*released).holdDeb},
		{"rpm", (*released).holdRPM},
		{"Homebrew and Scoop", (*released).holdTaps},
		{"parts", (*released).holdParts},
		{"npm", (*released).holdNPM},
		{"image", (*released).holdImage},
		{"same bytes again", (*released).holdSameBytes},
		{"same program from plain go build", (*released).holdPlainBuild},
	} {
		t.Run(part.name, func(t *testing.T) {
			r.t, r.repo.t = t, t
			part.test(r)
		})
	}
}

func (r *released) read(name string) []byte {
	r.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dist, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return content
}

// find returns the only file of the release with such a name.
func (r *released) find(pattern string) string {
	r.t.Helper()
	paths, err := filepath.Glob(filepath.Join(r.dist, pattern))
	if err != nil || len(paths) != 1 {
		r.t.Fatalf("%s: %q, %v", pattern, paths, err)
	}
	return paths[0]
}

// holdSums holds that the list names each file that people fetch, and nothing else.
func (r *released) holdSums() {
	want := regexp.MustCompile(`^(skant_(linux|darwin)_(amd64|arm64)\.tar\.gz|skant_windows_(amd64|arm64)\.zip|` +
		`skant-action_(Linux|macOS)_(X64|ARM64)|skant-action_Windows_(X64|ARM64)\.exe|` +
		`skant_0\.1\.1~snapshot\.[0-9a-f]+_(amd64|arm64)\.deb|skant-0\.1\.1~snapshot\.[0-9a-f]+-1\.(x86_64|aarch64)\.rpm|` +
		`skant_(linux|darwin|windows)_(amd64|arm64)\.cdx\.json)$`)
	programs := map[string]string{}
	for _, folder := range []string{"linux", "darwin", "windows"} {
		paths, err := filepath.Glob(filepath.Join(r.dist, "skant_"+folder+"_*", "skant*"))
		if err != nil {
			r.t.Fatal(err)
		}
		for _, p := range paths {
			programs[sumOf(r.t, p)] = p
		}
	}
	count := 0
	for line := range strings.Lines(string(r.read("checksums.txt"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		count++
		if !want.MatchString(name) {
			r.t.Errorf("%q is in the release", name)
		}
		if strings.HasPrefix(name, "skant-action_") {
			if programs[sum] == "" {
				r.t.Errorf("%s is none of the programs that were built", name)
			}
			continue // goreleaser uploads it under this name, without a copy
		}
		if got := sumOf(r.t, filepath.Join(r.dist, name)); got != sum {
			r.t.Errorf("%s has the sum %s, not %s", name, got, sum)
		}
	}
	if want := 6 + 6 + 2 + 2 + 6; count != want || len(programs) != 6 {
		r.t.Errorf("%d files and %d programs, want %d and 6", count, len(programs), want)
	}
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// holdOtherSystems reads the heads of programs that cannot be run here.
func (r *released) holdOtherSystems() {
	for arch, cpu := range map[string]macho.Cpu{"amd64_v1": macho.CpuAmd64, "arm64_v8.0": macho.CpuArm64} {
		f, err := macho.NewFile(bytes.NewReader(r.read("skant_darwin_" + arch + "/skant")))
		if err != nil || f.Cpu != cpu || f.Type != macho.TypeExec {
			r.t.Errorf("darwin %s: %v, %v", arch, f, err)
		}
	}
	for arch, machine := range map[string]uint16{"amd64_v1": pe.IMAGE_FILE_MACHINE_AMD64, "arm64_v8.0": pe.IMAGE_FILE_MACHINE_ARM64} {
		f, err := pe.NewFile(bytes.NewReader(r.read("skant_windows_" + arch + "/skant.exe")))
		if err != nil || f.Machine != machine {
			r.t.Errorf("windows %s: %v, %v", arch, f, err)
		}
	}
}

// unpacked is one file of an archive.
type unpacked struct {
	content []byte
	mode    os.FileMode
}

// archiveFiles reads the archive of this machine and holds that nothing in it tells when or by whom it was packed.
func (r *released) archiveFiles() map[string]unpacked {
	r.t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(r.read("skant_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz")))
	if err != nil {
		r.t.Fatal(err)
	}
	files := map[string]unpacked{}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			r.t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			r.t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "root" || h.Gname != "root" || !h.ModTime.Equal(r.when) {
			r.t.Errorf("%s: owner %s (%d), group %s (%d), time %s, want root and %s", h.Name, h.Uname, h.Uid, h.Gname, h.Gid, h.ModTime, r.when)
		}
		if strings.HasPrefix(h.Name, "/") || strings.Contains(h.Name, "..") || h.Typeflag != tar.TypeReg {
			r.t.Errorf("%q is no plain file inside", h.Name)
		}
		files[h.Name] = unpacked{content, h.FileInfo().Mode()}
	}
}

func (r *released) holdArchive() {
	files := r.archiveFiles()
	for _, name := range []string{
		"skant", "LICENSE", "README.md", "man/skant.1", "man/skant-staged.1", "completions/skant.bash", "completions/_skant",
		"completions/skant.fish", "completions/skant.ps1",
	} {
		f, found := files[name]
		mode := os.FileMode(0o644)
		if name == "skant" {
			mode = 0o755
		}
		if !found || len(f.content) == 0 || f.mode != mode {
			r.t.Errorf("%s: there is %t, %d bytes, mode %s", name, found, len(f.content), f.mode)
		}
	}
	program := filepath.Join(r.t.TempDir(), "skant")
	if err := os.WriteFile(program, files["skant"].content, 0o755); err != nil {
		r.t.Fatal(err)
	}
	r.holdRuns(program)
}

// holdRuns holds that a program runs and knows what it is: the tag, the commit, no changes.
func (r *released) holdRuns(program string) {
	r.t.Helper()
	commit := strings.TrimSpace(r.repo.git("rev-parse", "HEAD"))
	want := "skant v0.1.0 commit " + commit[:12] + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	out, err := exec.Command(program, "version").Output()
	if err != nil || string(out) != want {
		r.t.Errorf("version %q, %v, want %q", out, err, want)
	}
}

// holdManual has two readers of manual pages judge ours, and holds that each command has one.
func (r *released) holdManual() {
	folder := r.t.TempDir()
	var pages []string
	for name, f := range r.archiveFiles() {
		if short, found := strings.CutPrefix(name, "man/"); found {
			pages = append(pages, filepath.Join(folder, short))
			if err := os.WriteFile(filepath.Join(folder, short), f.content, 0o600); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	slices.Sort(pages)
	help, err := exec.Command(r.program, "--help").Output()
	if err != nil {
		r.t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(help), "Available Commands:\n")
	commands, _, _ = strings.Cut(commands, "\n\n")
	for line := range strings.Lines(commands) {
		page := "skant-" + strings.Fields(line)[0] + ".1"
		if page != "skant-help.1" && !slices.Contains(pages, filepath.Join(folder, page)) {
			r.t.Errorf("there is no page %s", page)
		}
	}
	if slices.Contains(pages, filepath.Join(folder, "skant-release.1")) || len(pages) < 20 {
		r.t.Errorf("%d pages: %q", len(pages), pages)
	}
	mandoc := require(r.t, "mandoc", "install the Debian package mandoc")
	if out, err := exec.Command(mandoc, append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
		r.t.Errorf("mandoc: %v\n%s", err, out)
	}
	for _, page := range pages {
		out, err := exec.Command(mandoc, "-T", "utf8", page).Output()
		if text := string(out); err != nil || !strings.Contains(text, r.when.Format(time.DateOnly)) || !strings.Contains(text, "skant 0.1.1-snapshot.") {
			r.t.Errorf("%s: %v; date or version is missing\n%.300s", page, err, text)
		}
	}
	if groff, err := exec.LookPath("groff"); err == nil {
		if out, err := exec.Command(groff, append([]string{"-ww", "-man", "-Tutf8", "-z"}, pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
			r.t.Errorf("groff: %v\n%s", err, out)
		}
	}
}

// holdCompletions has bash read our completions, and asks them.
func (r *released) holdCompletions() {
	path := filepath.Join(r.t.TempDir(), "skant.bash")
	if err := os.WriteFile(path, r.archiveFiles()["completions/skant.bash"].content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	script := `source "$1"; complete -p skant`
	out, err := exec.Command("bash", "--noprofile", "--norc", "-c", script, "bash", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "__start_skant skant") {
		r.t.Errorf("%v\n%s", err, out)
	}
	out, err = exec.Command(r.program, "__complete", "st").Output()
	if err != nil || !strings.HasPrefix(string(out), "staged\t") {
		r.t.Errorf("completion of st: %q, %v", out, err)
	}
}

// holdDeb unpacks the package of Debian and runs what is in it.
func (r *released) holdDeb() {
	dpkg := require(r.t, "dpkg-deb", "packages of Debian can only be read where its tools are")
	deb := r.find("skant_*_" + runtime.GOARCH + ".deb")
	root := r.t.TempDir()
	if out, err := exec.Command(dpkg, "-x", deb, root).CombinedOutput(); err != nil {
		r.t.Fatalf("dpkg-deb -x: %v\n%s", err, out)
	}
	if runtime.GOOS == "linux" {
		r.holdRuns(filepath.Join(root, "usr", "bin", "skant"))
	}
	for _, name := range packaged("vendor-completions") {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || !info.ModTime().Equal(r.when) {
			r.t.Errorf("%s: %v, %v, want the time %s", name, info, err, r.when)
		}
	}
	out, err := exec.Command(dpkg, "-f", deb, "Package", "Recommends", "Depends", "Section").Output()
	if err != nil || string(out) != "Package: skant\nRecommends: git\nSection: vcs\n" {
		r.t.Errorf("%v\n%s", err, out)
	}
}

// packaged are files that packages for Linux have.
func packaged(zsh string) []string {
	return []string{
		"/usr/bin/skant", "/usr/share/man/man1/skant.1.gz", "/usr/share/man/man1/skant-hooks-install.1.gz", "/usr/share/doc/skant/copyright",
		"/usr/share/bash-completion/completions/skant", "/usr/share/fish/vendor_completions.d/skant.fish", "/usr/share/zsh/" + zsh + "/_skant",
	}
}

func (r *released) holdRPM() {
	rpm := require(r.t, "rpm", "install the Debian package rpm")
	path := r.find("skant-*." + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + ".rpm")
	out, err := exec.Command(rpm, "-qp", "--nosignature", "--qf", "%{NAME} %{BUILDHOST} %{BUILDTIME}\n", path).Output()
	if want := fmt.Sprintf("skant localhost %d\n", r.when.Unix()); err != nil || string(out) != want {
		r.t.Errorf("%v, %q, want %q", err, out, want)
	}
	out, err = exec.Command(rpm, "-qpl", "--nosignature", path).Output()
	list := strings.Split(string(out), "\n")
	for _, name := range packaged("site-functions") {
		if !slices.Contains(list, name) {
			r.t.Errorf("%s is missing, %v", name, err)
		}
	}
	if out, err := exec.Command(rpm, "-K", "--nosignature", path).CombinedOutput(); err != nil {
		r.t.Errorf("rpm -K: %v\n%s", err, out)
	}
}

// holdTaps holds that the definitions for Homebrew and Scoop name files of the release by their sums.
func (r *released) holdTaps() {
	sums := string(r.read("checksums.txt"))
	for definition, count := range map[string]int{"homebrew/Casks/skant.rb": 4, "scoop/skant.json": 2} {
		text := string(r.read(definition))
		found := regexp.MustCompile(`[0-9a-f]{64}`).FindAllString(text, -1)
		if len(found) != count {
			r.t.Errorf("%s: %d sums, want %d", definition, len(found), count)
		}
		for _, sum := range found {
			if !strings.Contains(sums, sum+"  skant_") {
				r.t.Errorf("%s: %s is no archive of the release", definition, sum)
			}
		}
		for _, link := range regexp.MustCompile(`https://[^"]*`).FindAllString(text, -1) {
			if !strings.HasPrefix(link, "https://github.com/OWNER/skant") {
				r.t.Errorf("%s leads to %s", definition, link)
			}
		}
	}
	files := r.archiveFiles()
	cask := string(r.read("homebrew/Casks/skant.rb"))
	for _, m := range regexp.MustCompile(`(?m)^\s+(?:binary|manpage|\w+_completion) "(.*)"$`).FindAllStringSubmatch(cask, -1) {
		if _, found := files[m[1]]; !found {
			r.t.Errorf("the cask installs %q, which the archive lacks", m[1])
		}
	}
	if !strings.Contains(cask, `manpage "man/skant.1"`) || !strings.Contains(cask, `binary "skant"`) {
		r.t.Errorf("the cask lacks the program or its manual\n%s", cask)
	}
}

// holdSameBytes makes the release a second time, from a clone elsewhere and later.
func (r *released) holdSameBytes() {
	folder := filepath.Join(r.t.TempDir(), "another place")
	r.repo.git("clone", "-q", r.repo.dir, folder)
	again := &workRepo{t: r.t, dir: folder, env: append(slices.Clone(r.repo.env), "TZ=Asia/Tokyo", "LC_ALL=C", "USER=somebody", "GOFLAGS=-mod=mod")}
	again.must(goreleaser(r.t), "release", "--snapshot", "--clean", "--skip=docker,publish,announce")
	content, err := os.ReadFile(filepath.Join(folder, "dist", "checksums.txt"))
	if err != nil {
		r.t.Fatal(err)
	}
	first := bufio.NewScanner(bytes.NewReader(r.read("checksums.txt")))
	for first.Scan() {
		if !strings.Contains(string(content), first.Text()+"\n") {
			r.t.Errorf("not the same bytes: %s", first.Text())
		}
	}
	if len(content) != len(r.read("checksums.txt")) {
		r.t.Errorf("the second list differs:\n%s", content)
	}
}

// plainBuild is what docs/install.md tells those to run who want to see for themselves.
var plainBuild = []string{"build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", "skant-again", "./cmd/skant"}

// holdPlainBuild builds the program without goreleaser, in another folder.
func (r *released) holdPlainBuild() {
	shown := strings.Replace(strings.Join(plainBuild, " "), "-ldflags=-s -w -buildid=", `-ldflags="-s -w -buildid="`, 1)
	if !strings.Contains(read(r.t, "docs/install.md"), "CGO_ENABLED=0 go "+shown) {
		r.t.Error("docs/install.md tells something else")
	}
	if got, want := buildElsewhere(r.repo), sumOf(r.t, r.program); got != want {
		r.t.Errorf("the program has the sum %s, that of the release %s", got, want)
	}
}

// buildElsewhere clones a repository of our own files, builds the program there and returns its sum. env is added to what
// the repository's commands see.
func buildElsewhere(repo *workRepo, env ...string) string {
	repo.t.Helper()
	folder := filepath.Join(repo.t.TempDir(), "yet", "another")
	repo.git("clone", "-q", repo.dir, folder)
	again := &workRepo{t: repo.t, dir: folder, env: append(append(slices.Clone(repo.env), "CGO_ENABLED=0", "GOFLAGS="), env...)}
	again.must("go", plainBuild...)
	return sumOf(repo.t, filepath.Join(folder, "skant-again"))
}
