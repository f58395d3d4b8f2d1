package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/skant-dev/skant/rules"
)

// writeRevocation writes how a rule's credentials are revoked, and what dies of it, or that skant knows no way.
func writeRevocation(b *strings.Builder, set *rules.Set, r *rules.Rule) {
	if r.Identifier {
		return
	}
	b.WriteString("\n" + labelRevocation + "\n")
	way, ok := set.RevocationOf(r)
	if !ok {
		b.WriteString("     " + revocationNone + "\n")
		return
	}
	line := func(format string, args ...any) { fmt.Fprintf(b, "     "+format+"\n", args...) }
	requests := []rules.Request{way.Request}
	if way.Finds() {
		requests = []rules.Request{way.Find.Request, way.Request}
	}
	for _, req := range requests {
		method := req.Method
		if method == "" {
			method = "GET"
		}
		line("%s %s", method, req.URL)
		for _, name := range slices.Sorted(maps.Keys(req.Headers)) {
			line("%s: %s", name, req.Headers[name])
		}
		if req.Body != "" {
			line("%s", strings.TrimSpace(req.Body))
		}
	}
	if way.Admin.Env != "" {
		line(revocationAdmin, way.Admin.Env, way.Admin.Is)
	}
	if way.SelfHosted {
		line(checkWhere, r.Provider)
	}
	if way.Secret != "" {
		line(revocationForm, way.Secret)
	}
	line("%-12s%s", strings.TrimSpace(labelRevokeDies), way.Dies)
	line("%-12s%s", strings.TrimSpace(labelRevokeSpares), way.Spares)
	if way.Undo != "" {
		line("%-12s%s", strings.TrimSpace(labelRevokeUndo), way.Undo)
	}
	for i := range way.Answers {
		writeAnswer(b, &way.Answers[i])
	}
	line("%-12s%s", strings.TrimSpace(labelRevokeDocs), way.Documented)
}
