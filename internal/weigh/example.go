package weigh

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// exampleWords stand in values that somebody is meant to replace, or that were never real.
var exampleWords = []string{
	"example", "changeme", "change_me", "change-me", "changeit", "change_it", "placeholder", "dummy", "redacted", "your-", "your_", "yourkey", "yourtoken",
	"yoursecret", "yourapi", "youraccess", "yourpass", "insert-", "insert_", "inserthere", "replace-", "replace_", "replaceme", "put-your", "put_your", "my-secret",
	"my_secret", "mysecret", "my-token", "my_token", "mytoken", "mykey", "my-key", "my_key", "my-api", "my_api", "myapi", "mypass", "my-pass", "my_pass", "not-a-", "notareal", "not-real", "fake", "sample",
	"todo", "removed", "xxxx", "****", "....", "____", "----", "foobar", "foo-bar", "somesecret", "some-", "some_", "sometoken", "somepass", "somekey", "secret-key", "secret_key", "supersecret", "super-secret", "super_secret", "topsecret", "verysecret", "very-secret",
	"this-is", "this_is", "thisis", "keyboard cat", "lorem", "abcdef", "abc123", "test", "demo", "mock", "passw", "passwd", "p@ssw", "letmein", "hunter2", "qwerty", "enter-", "enter_", "goes-here", "goes_here", "gohere", "here>", "hogehoge", "asdf", "deadbeef", "cafebabe", "invalid", "wrong", "incorrect", "bogus", "unused", "secret", "temp", "hello", "world", "s3cret", "s3cr3t", "passw0rd", "pa$$w", "p4ssw", "token", "access_key", "username", "hashed", "somerandom", "random", "unsafe", "insecure",
}

// example returns why a value stands for a secret that it is not, or "".
func (w *weighing) example() string {
	low := bytes.ToLower(w.value)
	for _, word := range exampleWords {
		i := bytes.Index(low, []byte(word))
		if i < 0 {
			continue
		}
		// In a long random value four letters come about by chance.
		if len(word) <= 4 && len(low) >= 24 && w.shape.wordShare() < 0.5 {
			continue
		}
		return "the value has \"" + word + "\" in it"
	}
	if text, ok := w.decoded(); ok {
		inner := newShape(text)
		if inner.wordShare() >= 0.6 && inner.letters*2 >= inner.length {
			return "the value is base64 of words"
		}
	}
	if sequence(w.value) {
		return "the value is a sequence or repeats itself"
	}
	if w.shape.distinct <= 2 || w.shape.length >= 12 && w.shape.distinct <= 4 {
		return "the value has few different characters"
	}
	return ""
}

// echoes reports whether a value says what its name says: password = "dbPassword".
func (w *weighing) echoes() bool {
	name := strings.Join(runs(w.text[w.Name.Lo:w.Name.Hi]), "")
	value := strings.Join(runs(w.value), "")
	if len(value) < 3 || w.shape.digits > 2 {
		return false
	}
	return value == name || strings.Contains(name, value) && len(value)*2 >= len(name) || strings.Contains(value, name)
}

// decoded returns the text that the value is the base64 of, if it is that of one.
func (w *weighing) decoded() ([]byte, bool) {
	v, _, _ := bytes.Cut(w.value, []byte(".")) // of a JWT the head
	v = bytes.TrimRight(v, "=")
	if len(v) < 8 || len(v)%4 == 1 || w.shape.hex || bytes.ContainsAny(v, " ,;:!@#$%^&*()") {
		return nil, false
	}
	v = []byte(strings.NewReplacer("-", "+", "_", "/").Replace(string(v)))
	text := make([]byte, base64.RawStdEncoding.DecodedLen(len(v)))
	if _, err := base64.RawStdEncoding.Decode(text, v); err != nil {
		return nil, false
	}
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c > '~' {
			return nil, false
		}
	}
	return text, true
}
