package evidence

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"sort"
	"strings"
	"time"
)

// awsAccessKey reads the account number out of an access-key id, wherever among the values the id is.
func awsAccessKey(in Input) Result {
	id := in.awsKeyID()
	if id == "" {
		return Result{}
	}
	f := facts{"aws_access_key_id": id, "key_type": "long-term"}
	if strings.HasPrefix(id, "ASIA") {
		f["key_type"] = "temporary"
	}
	if strings.HasSuffix(id, "EXAMPLE") {
		return Result{Change: Lowered, Severity: "info", Facts: f, Reason: "it is an example of the documentation"}
	}
	if !every(id[4:], base32Digits) {
		return Result{Change: Lowered, Facts: f, Reason: "it has digits that ids do not have: altered or made up"}
	}
	account, known := awsAccount(id)
	switch {
	case !known:
		return Result{Facts: f}
	case account == "":
		return Result{Change: Lowered, Facts: f, Reason: "its account number is out of range"}
	}
	f["aws_account"] = account
	if isCanary(account) {
		f["canary"] = "true"
		return Result{Facts: f, Reason: "canary token"}
	}
	return Result{Facts: f}
}

// awsKeyID returns the first value with the shape of an access-key id: the secret itself, else a part.
func (in Input) awsKeyID() string {
	if s, ok := in.text(); ok && isAWSKeyID(s) {
		return s
	}
	names := make([]string, 0, len(in.Parts))
	for n := range in.Parts {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		if s := strings.TrimSpace(in.part(n)); isAWSKeyID(s) {
			return s
		}
	}
	return ""
}

const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

func isAWSKeyID(s string) bool {
	if len(s) != 20 {
		return false
	}
	switch s[:4] {
	case "AKIA", "ASIA", "ABIA", "ACCA":
		return every(s[4:], base32Digits+"0189")
	default:
		return false
	}
}

// awsAccount decodes the account that an id belongs to. known is false for ids older than the scheme, whose fifth
// character is I or J; account is "" where the number has more than 12 digits and so cannot be one.
func awsAccount(id string) (account string, known bool) {
	if id[4] == 'I' || id[4] == 'J' {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:20])
	if err != nil || len(b) < 6 {
		return "", false
	}
	var n uint64
	for _, c := range b[:6] {
		n = n<<8 | uint64(c)
	}
	n = n & 0x7fffffffff80 >> 7
	if n > 999999999999 {
		return "", true
	}
	return fmt.Sprintf("%012d", n), true
}

// isCanary reports whether an account is known to hand out keys that only serve to raise an alarm when used.
func isCanary(account string) bool {
	switch account {
	case "052310077262", "171436882533", "534261010715", "595918472158", "717712589309", "819147034852",
		"992382622183", "730335385048", "266735846894", "893192397702",
		"044858866125", "251535659677", "344043088457", "351906852752", "390477818340", "426127672474",
		"427150556519", "439872796651", "445142720921", "465867158099", "637958123769", "693412236332",
		"732624840810", "735421457923", "959235150393", "982842642351":
		return true
	default:
		return false
	}
}

// awsSessionToken looks for the words that STS writes into the head of its tokens. The expiry is not readable.
func awsSessionToken(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if _, ok := unbase64(s); !ok {
		return Result{Change: Lowered, Reason: "it is not base64"}
	}
	if head := s[:min(len(s), 64)]; strings.Contains(head, "YXdz") || strings.Contains(head, "Jb3JpZ2luX2Vj") {
		return Result{Change: Raised, Reason: "it starts as session tokens do"}
	}
	return Result{Change: Lowered, Reason: "it does not start as session tokens do"}
}

// bedrockLong decodes a long-term key, or its clear form, into the IAM user that it belongs to.
func bedrockLong(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	clear := s
	if body, ok := strings.CutPrefix(s, "ABSK"); ok {
		b, ok := unbase64(body)
		if !ok {
			return Result{Change: Lowered, Reason: "it does not decode"}
		}
		clear = string(b)
	}
	at := strings.Index(clear, "-at-")
	if at <= 0 || len(clear) < at+17 || clear[at+16] != ':' || !isDigits(clear[at+4:at+16]) {
		return Result{Change: Lowered, Reason: "it does not name a user and an account"}
	}
	if len(clear) < at+17+20 {
		return Result{Change: Lowered, Reason: "it is cut short"}
	}
	f := facts{"aws_account": clear[at+4 : at+16], "key_type": "long-term"}
	// Users made by hand may have any name of the IAM alphabet, which isPlain covers.
	f.set("iam_user", clear[:at])
	r := Result{Change: Proven, Facts: f, Reason: "it names its user and account"}
	if isCanary(f["aws_account"]) {
		f["canary"], r.Reason = "true", "canary token"
	}
	return r
}

// bedrockShort decodes a short-term key, which is a presigned URL in base64.
func bedrockShort(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	b, ok := unbase64(strings.TrimPrefix(s, "bedrock-api-key-"))
	if !ok {
		return Result{Change: Lowered, Reason: "it does not decode"}
	}
	host, query, ok := strings.Cut(strings.TrimPrefix(string(b), "https://"), "?")
	if !ok || !strings.HasPrefix(host, "bedrock.") || !strings.Contains(host, "amazonaws.com") {
		return Result{Change: Lowered, Reason: "it does not hold a presigned request"}
	}
	q, err := url.ParseQuery(query)
	scope := strings.Split(q.Get("X-Amz-Credential"), "/")
	if err != nil || len(scope) < 5 || !isAWSKeyID(scope[0]) || !every(scope[0][4:], base32Digits) {
		return Result{Change: Lowered, Reason: "it does not hold a presigned request"}
	}
	f := facts{"aws_access_key_id": scope[0], "key_type": "short-term"}
	f.set("region", scope[2])
	if account, _ := awsAccount(scope[0]); account != "" {
		f["aws_account"] = account
	}
	r := Result{Change: Proven, Facts: f, Reason: "it holds a presigned request"}
	issued, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
	if err != nil {
		return r
	}
	f.setTime("issued", issued)
	life, err := time.ParseDuration(q.Get("X-Amz-Expires") + "s")
	if err == nil && life > 0 && life <= 7*24*time.Hour {
		r.expiry(issued.Add(life), in.Now)
	}
	return r
}
