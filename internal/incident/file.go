// Package incident keeps the state of a leak from the first hour to the proof that it is over, and the list of what was purged
// and may not come back. Nothing in its files is a secret: they hold fingerprints (keyed hashes), redacted forms and object
// ids, so that they can be committed to the incident's own repository.
package incident

import (
	"time"

	"github.com/skant-dev/skant/scanner"
)

// SchemaVersion is that of [File]. Within a major version changes only add keys.
const SchemaVersion = "1.0"

// DefaultName is the file in which an incident is kept unless the user names another.
const DefaultName = "skant-incident.json"

// File is the state of one incident.
type File struct {
	SchemaVersion string    `json:"schema_version"`
	ID            string    `json:"id"`
	OpenedAt      time.Time `json:"opened_at"`
	// Repository is the address of the remote, without user and password; empty where there is none.
	Repository string   `json:"repository,omitempty"`
	Secrets    []Secret `json:"secrets"`
	// Objects hold a secret, or are commits that reached one before the purge.
	Objects   []Object  `json:"objects,omitempty"`
	Rewritten []Rewrite `json:"rewritten,omitempty"`
	Backup    *Backup   `json:"backup,omitempty"`
	Proofs    []Proof   `json:"proofs,omitempty"`
	// Attestations are what people say of claims that no program can prove.
	Attestations []Attestation `json:"attestations,omitempty"`
}

// Secret is one secret of the incident.
type Secret struct {
	// Number names it in everything that people read, from 1.
	Number      int    `json:"number"`
	Fingerprint string `json:"fingerprint"`
	RuleID      string `json:"rule_id"`
	Title       string `json:"title"`
	Redacted    string `json:"redacted"`
	// FirstSeen and LastSeen are the dates of the first and last commit that have it, PushedAt when a pushed ref held it first;
	// zero where it is not known. PushedEstimate says that PushedAt is the date of a commit, not of a push.
	FirstSeen      time.Time `json:"first_seen,omitzero"`
	LastSeen       time.Time `json:"last_seen,omitzero"`
	PushedAt       time.Time `json:"pushed_at,omitzero"`
	PushedEstimate bool      `json:"pushed_estimate,omitempty"`
	// Verdict is the provider's last word, asked at VerifiedAt.
	Verdict    scanner.Verdict   `json:"verdict,omitempty"`
	VerifiedAt time.Time         `json:"verified_at,omitzero"`
	Facts      map[string]string `json:"facts,omitempty"`
}

// Object is a git object that may not come back.
type Object struct {
	ID string `json:"id"`
	// Type is blob, commit or tag.
	Type string `json:"type"`
	// Secrets are the numbers of the secrets that it holds or reaches.
	Secrets []int `json:"secrets,omitempty"`
}

// Rewrite is a ref that the purge moved.
type Rewrite struct {
	Ref string `json:"ref"`
	Old string `json:"old"`
	// New is empty where the ref was deleted.
	New string `json:"new,omitempty"`
}

// Backup is the bundle that was made before the purge.
type Backup struct {
	Path   string    `json:"path"`
	SHA256 string    `json:"sha256"`
	At     time.Time `json:"at"`
}

// State is what is known of a claim.
type State string

// The states of a claim.
const (
	Proven  State = "proven"
	Open    State = "open"
	Unknown State = "unknown"
	// Attested is what rests on the word of a person. It is never proven.
	Attested State = "attested"
)

// Proof is one claim of a check: that the provider calls a secret dead, that no object holds it.
type Proof struct {
	At time.Time `json:"at"`
	// Secret is its number; 0 for what concerns all of them.
	Secret int    `json:"secret,omitempty"`
	Claim  string `json:"claim"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}
