package verify

import (
	"context"
	"net/http"
	"time"
)

// signer makes a request that a template cannot: one that is signed, or that looks something up about a credential without
// sending it. values are those of the credential: "secret", parts and facts by name; "endpoint" is among them only if the
// user named one for the provider, and is then where the request has to go. The request goes over https to a host that
// stands in the code, whatever the values say. It is made anew for each attempt, and for the negative control with a
// scrambled secret.
//
// An error of type unaskable is a sentence that is shown; the text of any other is not.
type signer func(ctx context.Context, v *Verifier, values map[string]string) (*http.Request, error)

// unaskable says in one sentence, with no value in it, why a credential cannot be asked about.
type unaskable string

func (u unaskable) Error() string { return string(u) }

// now is the time that goes into signatures.
func (v *Verifier) now() time.Time { return v.opt.Now() }
