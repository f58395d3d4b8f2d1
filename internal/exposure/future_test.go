package exposure

import (
	"strings"
	"testing"
	"time"
)

// TestDatesInTheFuture checks that a commit which says that it is of another century does not make a window that is empty, or of one day.
func TestDatesInTheFuture(t *testing.T) {
	host := newBox(t, "--bare")
	b := host.at("clone")
	b.init()
	b.git("remote", "add", "origin", host.dir)
	b.write("f", secretOf("c")+"\n")
	*b.clock = 4_070_908_800 // 2099
	b.commit("leak")
	b.git("push", "-q", "origin", "main")
	now := time.Unix(1_800_000_000, 0).UTC()
	for _, step := range []string{"with its reflog", "without"} {
		s := only(t, b.survey(Options{Now: now}))
		if !s.PushedAt.IsZero() || !s.From.IsZero() || s.Days != 0 || !s.Estimate {
			t.Errorf("%s: pushed at %v, from %v, %d days, estimate %v: %s", step, s.PushedAt, s.From, s.Days, s.Estimate, s.PushedHow)
		}
		if !strings.Contains(s.PushedHow, "refs/remotes/origin/main") {
			t.Errorf("%s: what has it is not said: %s", step, s.PushedHow)
		}
		b.git("reflog", "expire", "--expire=all", "--all")
	}
}
