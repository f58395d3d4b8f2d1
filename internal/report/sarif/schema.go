package sarif

// The types below are the part of SARIF 2.1.0 that skant writes, with the names of the standard and in its order. An
// unset optional property must be absent: Microsoft's validator warns about written-out defaults such as index -1, which
// is why the types of go-sarif, that write them, do not serve here. A slice without omitempty must not be nil, because
// an empty list and an absent one differ in meaning there: no results is not the same as results not asked for.

type log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []*run `json:"runs"`
}

type run struct {
	Tool                     tool                        `json:"tool"`
	Invocations              []*invocation               `json:"invocations"`
	AutomationDetails        automationDetails           `json:"automationDetails"`
	OriginalURIBaseIDs       map[string]artifactLocation `json:"originalUriBaseIds"`
	VersionControlProvenance []*versionControlDetails    `json:"versionControlProvenance,omitempty"`
	ColumnKind               string                      `json:"columnKind"`
	RedactionTokens          []string                    `json:"redactionTokens"`
	Results                  []*result                   `json:"results"`
}

type tool struct {
	Driver component `json:"driver"`
}

type component struct {
	Name            string        `json:"name"`
	Organization    string        `json:"organization"`
	Version         string        `json:"version,omitempty"`
	SemanticVersion string        `json:"semanticVersion,omitempty"`
	InformationURI  string        `json:"informationUri"`
	Rules           []*descriptor `json:"rules"`
	Notifications   []*descriptor `json:"notifications"`
}

// descriptor is a reportingDescriptor: a rule, or a kind of notification.
type descriptor struct {
	ID                   string         `json:"id"`
	Name                 string         `json:"name"`
	ShortDescription     multiformat    `json:"shortDescription"`
	FullDescription      multiformat    `json:"fullDescription"`
	Help                 multiformat    `json:"help"`
	HelpURI              string         `json:"helpUri"`
	DefaultConfiguration configuration  `json:"defaultConfiguration"`
	Properties           map[string]any `json:"properties,omitempty"`
}

type multiformat struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type configuration struct {
	Level string `json:"level"`
}

type automationDetails struct {
	ID string `json:"id"`
}

type versionControlDetails struct {
	RepositoryURI string           `json:"repositoryUri"`
	RevisionID    string           `json:"revisionId,omitempty"`
	Branch        string           `json:"branch,omitempty"`
	MappedTo      artifactLocation `json:"mappedTo"`
}

type invocation struct {
	StartTimeUTC               string          `json:"startTimeUtc,omitempty"`
	ExecutionSuccessful        bool            `json:"executionSuccessful"`
	ToolExecutionNotifications []*notification `json:"toolExecutionNotifications,omitempty"`
}

type notification struct {
	Descriptor descriptorReference `json:"descriptor"`
	Message    message             `json:"message"`
	Level      string              `json:"level"`
}

type descriptorReference struct {
	ID    string `json:"id"`
	Index int    `json:"index"`
}

type message struct {
	Text string `json:"text"`
}

type result struct {
	RuleID              string            `json:"ruleId"`
	RuleIndex           int               `json:"ruleIndex"`
	Level               string            `json:"level"`
	Message             message           `json:"message"`
	Locations           []location        `json:"locations"`
	RelatedLocations    []relatedLocation `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Properties          map[string]any    `json:"properties"`
	Suppressions        []*suppression    `json:"suppressions,omitempty"`
}

type suppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}

type location struct {
	PhysicalLocation physicalLocation `json:"physicalLocation"`
}

type relatedLocation struct {
	PhysicalLocation physicalLocation `json:"physicalLocation"`
	Message          message          `json:"message"`
}

type physicalLocation struct {
	ArtifactLocation artifactLocation `json:"artifactLocation"`
	Region           region           `json:"region"`
	ContextRegion    *region          `json:"contextRegion,omitempty"`
}

type artifactLocation struct {
	URI         string   `json:"uri,omitempty"`
	URIBaseID   string   `json:"uriBaseId,omitempty"`
	Description *message `json:"description,omitempty"`
}

type region struct {
	StartLine   int      `json:"startLine"`
	StartColumn int      `json:"startColumn,omitempty"`
	EndLine     int      `json:"endLine"`
	EndColumn   int      `json:"endColumn,omitempty"`
	Snippet     *content `json:"snippet,omitempty"`
}

type content struct {
	Text string `json:"text"`
}
