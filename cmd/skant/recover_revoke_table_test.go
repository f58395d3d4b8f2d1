package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skant-dev/skant/rules"
)

// TestRevokeTable holds the table of docs/revoke.md against the rules. -update rewrites it.
func TestRevokeTable(t *testing.T) {
	const path, begin, end = root + "/docs/revoke.md", "<!-- ways -->\n", "<!-- /ways -->\n"
	set, err := rules.BuiltinWithDocs()
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	at := map[string]int{}
	for _, r := range set.Revocable() {
		way, _ := set.RevocationOf(r)
		key := r.Provider + "/" + way.Name
		if i, known := at[key]; known {
			rows[i] = strings.Replace(rows[i], "` | `", "`, `"+r.ID+"` | `", 1)
			continue
		}
		at[key] = len(rows)
		by := "itself"
		if way.Admin.Env != "" {
			by = "`" + way.Admin.Env + "`, " + way.Admin.Is
		}
		request := way.Request.Method + " " + strings.TrimPrefix(way.Request.URL, "https://")
		request = strings.NewReplacer("{{.endpoint}}", "<server>", "{{path .", "<", "}}", ">").Replace(request)
		rows = append(rows, fmt.Sprintf("| [%s](%s) | `%s` | `%s` | %s | %s |\n", r.Provider, way.Documented, r.ID, request, by, way.Dies))
	}
	slices.Sort(rows)
	want := "| provider | rules | request | by | what dies |\n| --- | --- | --- | --- | --- |\n" + strings.Join(rows, "")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/revoke.md has no place for the table")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("docs/revoke.md is not what the rules say; `go test ./cmd/skant -run RevokeTable -update` renews it (-page +rules):\n%s", diff)
	}
}
