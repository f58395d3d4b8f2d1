package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// isEmulatorKey knows, by their SHA-256 sums, the keys that Microsoft's storage and Cosmos DB emulators use for everybody.
func isEmulatorKey(s string) bool {
	sum := sha256.Sum256([]byte(s))
	switch hex.EncodeToString(sum[:]) {
	case "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
		"aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615":
		return true
	default:
		return false
	}
}

// azureKey checks the checksum of identifiable keys. Older keys have neither signature nor checksum.
func azureKey(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	if isEmulatorKey(s) {
		return Result{Change: Lowered, Severity: "info", Reason: "it is the published key of a local emulator"}
	}
	f := facts{}
	if account := azureAccount(in.around()); account != "" {
		f.set("account", account)
	}
	format, ok := azureFormatOf(s)
	if !ok {
		return Result{Facts: f}
	}
	f["azure_service"] = format.service
	b, ok := unbase64(s)
	if !ok || len(b) != keyBytes(format) {
		return Result{Change: Lowered, Facts: f, Reason: "it does not decode"}
	}
	cut := len(b) - 4
	for _, seed := range format.seeds {
		if marvin32(b[:cut], seed.number()) == binary.LittleEndian.Uint32(b[cut:]) {
			f.set("key_role", seed.role)
			return Result{Change: Proven, Facts: f, Reason: "its checksum is right"}
		}
	}
	if format.loose {
		return Result{Change: Raised, Facts: f, Reason: "it has the signature of its service"}
	}
	return Result{Change: Lowered, Facts: f, Reason: wrongChecksum}
}

// azureAccount finds the storage account that a connection string names.
func azureAccount(ctx string) string {
	_, rest, ok := strings.Cut(ctx, "AccountName=")
	if !ok {
		return ""
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	if end < 0 {
		end = len(rest)
	}
	if end < 3 || end > 24 {
		return ""
	}
	return rest[:end]
}

// azureCask reads the month and the provider out of a common annotated security key.
func azureCask(in Input) Result {
	s, ok := in.text()
	if !ok || len(s) < 84 || s[52:57] != "JQQJ9" {
		return Result{}
	}
	f := facts{}
	switch s[57] {
	case '9':
		f["key_type"] = "primary"
	case 'D':
		f["key_type"] = "derived"
	case 'H':
		f["key_type"] = "hash"
	}
	f.set("provider_signature", s[76:80])
	f.set("azure_service", caskService(s[72:80]))
	r := Result{Change: Raised, Facts: f, Reason: "it has the fixed signature of its kind"}
	if year, month := int(s[58])-'A'+2024, int(s[59])-'A'+1; s[58] >= 'A' && s[58] <= 'Z' && month >= 1 && month <= 12 {
		f["created"] = fmt.Sprintf("%04d-%02d", year, month)
		made := time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
		// Clocks differ and months begin earlier in the east, hence a day's grace.
		if !in.Now.IsZero() && made.After(in.Now.Add(24*time.Hour)) {
			return Result{Change: Lowered, Facts: f, Reason: "its creation date lies in the future"}
		}
	}
	if azureCASKSum(s) {
		r.Change, r.Reason = Proven, "its checksum is right"
	}
	return r
}

func caskService(reserved string) string {
	switch {
	case reserved == "AAAAACOG":
		return "ai-services"
	case reserved == "AAABACOG":
		return "openai"
	case strings.HasSuffix(reserved, "ACOG"):
		return "cognitive-services"
	case strings.HasSuffix(reserved, "AZDO"):
		return "azure-devops"
	default:
		return ""
	}
}

// azureEntra states the hint that the directory lists a client secret under, and checks the checksum of newer ones.
func azureEntra(in Input) Result {
	s, ok := in.text()
	if !ok || len(s) < 37 || s[4:6] != "Q~" {
		return Result{}
	}
	f := facts{}
	f.set("hint", s[:3])
	switch {
	case s[3] != '8' || len(s) != 40:
		return Result{Change: Raised, Facts: f, Reason: "it has the fixed signature of its kind"}
	case AzureEntraSuffix(s[:37]) == s[37:]:
		return Result{Change: Proven, Facts: f, Reason: "its checksum is right"}
	default:
		return Result{Change: Lowered, Facts: f, Reason: wrongChecksum}
	}
}

// azureDevOpsLegacy checks the checksum of tokens from before the common format. Whatever cannot be base 32 is no token.
func azureDevOpsLegacy(in Input) Result {
	s, ok := in.text()
	if !ok {
		return Result{}
	}
	b, ok := devOpsBytes(s)
	if !ok {
		return Result{Change: Refuted, Reason: "it is not base 32 of the right length"}
	}
	for _, kind := range []struct {
		number uint32
		name   string
	}{{devOpsUser, "personal"}, {devOpsApplication, "application"}} {
		if want, have := devOpsSum(b, kind.number); want == have {
			return Result{Change: Proven, Facts: facts{"token_type": kind.name}, Reason: "its checksum is right"}
		}
	}
	return Result{Change: Lowered, Reason: wrongChecksum}
}
