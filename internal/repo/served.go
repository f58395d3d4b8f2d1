package repo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/skant-dev/skant/internal/pack"
)

// Served says whether a remote gives an object out by its id.
type Served string

// The answers.
const (
	ServedYes Served = "yes"
	// ServedNo is the answer only of a remote that gives out whatever it has, reachable or not.
	ServedNo      Served = "no"
	ServedUnknown Served = "unknown"
)

// Bounds on asking for objects.
const (
	maxAsked     = 256 // objects that are asked for at once
	maxAskRounds = 640
	maxTraced    = 16 << 20
)

// refused is how a server, or git before it asks, refuses an object: git, git with an old protocol, and JGit.
var refused = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(upload-pack: not our ref|unadvertised object|want) ([0-9a-f]{40,64})\b`)
})

// Serve asks for objects by their ids, all at once where the remote has them, and one time more for each that it has not. why says
// in a clause why an answer is unknown. After a number of rounds the rest stays so.
func (a *Asker) Serve(ctx context.Context, ids []pack.ID) (served map[pack.ID]Served, why map[pack.ID]string) {
	served, why = map[pack.ID]Served{}, map[pack.ID]string{}
	var left []pack.ID
	for _, id := range ids { // in their order, since time may run out
		if _, twice := served[id]; !twice {
			served[id], why[id] = ServedUnknown, "not asked: too many objects, or too little time"
			left = append(left, id)
		}
	}
	for round := 0; len(left) > 0 && round < maxAskRounds && ctx.Err() == nil; round++ {
		batch := left[:min(len(left), maxAsked)]
		said, everything, err := a.fetch(ctx, batch)
		if err == nil {
			a.took(batch, served, why)
			left = left[len(batch):]
			continue
		}
		at := -1
		m := refused().FindStringSubmatch(said)
		if m != nil {
			at = slices.IndexFunc(batch, func(id pack.ID) bool { return id.String() == m[2] })
		}
		switch {
		case at < 0:
			for _, id := range batch {
				why[id] = fmt.Sprintf("%v: %s", err, a.reason(said))
			}
			left = left[len(batch):]
			continue
		case m[1] == "upload-pack: not our ref" && everything:
			served[batch[at]] = ServedNo
			delete(why, batch[at])
		default:
			why[batch[at]] = "the remote refuses it, as it would if it had it: it gives no object by its id, except what its refs name or reach"
		}
		left = slices.Delete(left, at, at+1)
	}
	return served, why
}

// fetch asks for objects, without what commits lead to where the remote can leave that out. everything says that the server would have given
// out any object that it has.
func (a *Asker) fetch(ctx context.Context, ids []pack.ID) (said string, everything bool, err error) {
	args := fetchQuietly("--depth=1", "--filter=tree:0", uploadPack, "--", asked)
	for _, id := range ids {
		args = append(args, id.String())
	}
	a.byID.trace = filepath.Join(a.dir, "trace")
	_ = os.Remove(a.byID.trace) // git appends to it, and one that stays is of a talk with the same server
	_, said, err = a.byID.execute(ctx, 1<<20, args...)
	return said, givesEverything(a.byID.trace), err
}

// givesEverything reads the trace of git's talk with a server: git itself gives out every object that it has, but only by the second version
// of its protocol. By the older ones it calls "not our ref" what nothing reaches, and other programs do so by any version.
func givesEverything(trace string) bool {
	in, err := os.Open(trace)
	if err != nil {
		return false
	}
	second, git := false, false
	lines := bufio.NewScanner(io.LimitReader(in, maxTraced))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, packet, _ := strings.Cut(lines.Text(), " fetch< ")
		second = second || packet == "version 2"
		git = git || strings.HasPrefix(packet, "agent=git/")
	}
	return lines.Err() == nil && in.Close() == nil && second && git
}

// took looks for what a fetch without an error has brought.
func (a *Asker) took(ids []pack.ID, served map[pack.ID]Served, why map[pack.ID]string) {
	again, err := a.byID.repo.reopen()
	if err == nil {
		a.byID.repo = again
	}
	for _, id := range ids {
		switch {
		case err == nil && again.has(id):
			served[id] = ServedYes
			delete(why, id)
		default:
			why[id] = "git fetched it without an error, and it is not there"
		}
	}
}
