//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
)

// standIns are servers of a test in the place of providers, for pages that show what is printed. Providers are asked over the same
// path as ever, but for the address.
type standIns struct {
	mu sync.Mutex
	// live are the values that are taken. One that is told to delete itself is taken no more.
	live map[string]bool
	// names are the hosts of the providers that the servers stand for, by the servers' own.
	names map[string]string
}

// asks has the commands of a scene ask stand-ins for Anthropic and Vercel, which take the given values.
func (r *sceneRepo) asks(live ...string) *standIns {
	r.t.Helper()
	s := &standIns{live: map[string]bool{}, names: map[string]string{}}
	for _, value := range live {
		s.live[value] = true
	}
	anthropic := s.serve(r, "api.anthropic.com", "X-Api-Key", func(w http.ResponseWriter, _ *http.Request, live bool) {
		if live {
			w.Header().Set("Anthropic-Organization-Id", "0b8e7c64-0001-4000-8000-000000000001")
			_, _ = fmt.Fprint(w, `{"data":[{"type":"model","id":"claude-example"}],"has_more":true}`)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`)
	})
	vercel := s.serve(r, "api.vercel.com", "Authorization", func(w http.ResponseWriter, req *http.Request, live bool) {
		if live && req.Method == http.MethodDelete {
			s.revoke(valueOf(req, "Authorization"))
			_, _ = fmt.Fprint(w, `{"tokenId":"t_0001"}`)
			return
		}
		if live {
			_, _ = fmt.Fprint(w, `{"user":{"id":"u_0001","username":"ann-example","defaultTeamId":"team_0001"}}`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"error":{"code":"forbidden","message":"Not authorized","invalidToken":true}}`)
	})
	r.env = append(r.env, "SKANT_VERIFY_ENDPOINTS=anthropic="+anthropic+",vercel="+vercel, "HTTPS_PROXY=http://127.0.0.1:1")
	r.providers = s
	return s
}

func (s *standIns) serve(r *sceneRepo, name, header string, answer func(w http.ResponseWriter, req *http.Request, live bool)) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		live := s.live[valueOf(req, header)]
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		answer(w, req, live)
	}))
	r.t.Cleanup(server.Close)
	s.names[strings.TrimPrefix(server.URL, "http://")] = name
	return server.URL
}

// valueOf is the credential of a request.
func valueOf(req *http.Request, header string) string {
	return strings.TrimPrefix(req.Header.Get(header), "Bearer ")
}

// revoke has a value be taken no more.
func (s *standIns) revoke(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, value)
}

// What is another one in each run: times, the ids of incidents, which have one in them, and how many files this version of git keeps beside
// the objects.
var (
	otherFiles  = regexp.MustCompile(`\b[0-9]+ other files`)
	minutes     = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC`)
	incidentIDs = regexp.MustCompile(`\bskant-[0-9]{8}-[0-9]{4}-`)
)

// shown returns a transcript with the names of the providers in the place of the stand-ins' addresses, and one time for all runs.
func (s *standIns) shown(transcript string) string {
	if s == nil {
		return transcript
	}
	for address, name := range s.names {
		transcript = strings.ReplaceAll(transcript, "http://"+address, "https://"+name)
		transcript = strings.ReplaceAll(transcript, address, name)
	}
	transcript = otherFiles.ReplaceAllString(transcript, "11 other files")
	transcript = minutes.ReplaceAllString(transcript, "2026-03-02 09:30 UTC")
	return incidentIDs.ReplaceAllString(transcript, "skant-20260302-0930-")
}
