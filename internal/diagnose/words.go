package diagnose

// Every word of a diagnosis, but for what a rule says of an answer.

// The steps.
const (
	stepSet        = "Is a key set, and where"
	stepShape      = "Shape and checksum"
	stepHeader     = "The header for its kind"
	stepHost       = "Host, base URL and proxy"
	stepClock      = "Clock"
	stepRegion     = "Region"
	stepPermission = "Organization, workspace, permission"
	stepModels     = "Models and quota"
)

// Why a step was not taken. Each is said where it comes from, in another step.
const (
	needsKey        = "needs a key (step 1)"
	needsKind       = "needs a key of a known kind (step 2)"
	needsShape      = "needs a whole key (steps 1 and 2): nobody was asked"
	needsAnswer     = "needs an answer (step 4)"
	needsPermission = "nothing is known of models before step 7 is fine"
)

// The first step.
const (
	saysSet           = "%s holds %s; this is what the following steps are about"
	saysSame          = "%s holds the same"
	saysOther         = "%s holds another: %s. Clients differ in which they take; unset the one that is not meant"
	saysElsewhere     = "%s holds another: %s. Only what is started through that file gets it"
	saysOnlyElsewhere = "only what is started through that file gets it; this shell does not have it"
	saysUnset         = "no key was found in %s"
	saysOutside       = "no key stands in a variable or file: it comes from what is named above, which skant does not use. Get the key from there and give it to `skant verify`"
	saysUnreadable    = "it cannot be read"
	saysTooLarge      = "it is too large to be settings or credentials, and was not read"
	saysNoJSON        = "it is no JSON that can be read, so programs do not take it either"
	saysHelper        = "apiKeyHelper names a program that gives Claude Code its key; skant does not run it"
	saysNotRun        = "skant does not do that, so what comes of it is not looked at"
	saysSSO           = "run `aws sso login` again if calls fail with an expired token; skant does not sign in"
	saysRole          = "clients take the role's credentials from there; skant does not fetch them"
	saysMetadata      = "Google's metadata server gives clients the credentials of the machine's service account; skant does not ask it"
	saysNoFile        = "that is no file that can be read, so clients fail before they ask"
	saysNoProfile     = "neither AWS's configuration nor its credentials have that profile"
	saysHalfPair      = "of access key id and secret access key only one is set; clients need both"
	saysUseBedrock    = "Claude Code goes to Bedrock; see `skant verify --diagnose bedrock`"
	saysUseVertex     = "Claude Code goes to Vertex AI; see `skant verify --diagnose vertex`"
	saysAWSPlatform   = "it is for the Claude Platform on AWS, another host with an organization of its own, which skant does not ask"
	saysSkipAuth      = "Claude Code leaves authentication to a gateway: what stands here is not what is sent"
	saysVariable      = "%s is %s"
)

// The second step.
const (
	saysCarriage       = "the value in %s ends with a carriage return (CR): it comes from a file with Windows line ends. Remove it, for example with tr -d '\\r'"
	saysNewline        = "the value in %s ends with a line break, as a file does that was read whole. Remove it; printf writes none"
	saysSpace          = "there is white space around the value in %s: it becomes a part of the header. Remove it"
	saysQuoted         = "the quotes in %s are a part of the value: what reads it does not take them away. Remove them"
	saysBearerIn       = "the value in %s begins with the word Bearer, which clients add themselves. Remove it"
	saysBroken         = "there is a line break within the value in %s: no header can hold it. Copy it again as one line"
	saysUnseen         = "there is a character in %s that is not seen (a zero-width or control character). Copy the value again, as plain text"
	saysForeignLetters = "there is a character in %s that no key has (a typographic dash or quote, or a letter that only looks right). Copy the value again"
	saysInnerSpace     = "there is a space within the value in %s: it is more than a key, or was broken. Copy it again"
	saysReference      = "%s holds a reference to something ($NAME, {{name}}) that nobody has filled in"
	saysElided         = "%s holds a key that was shortened for showing; its middle is missing. Copy it from where it was made"
	saysPlaceholder    = "%s holds a placeholder, and no key"
	saysAssignment     = "%s holds NAME=VALUE and not the value alone"
	saysPasted         = "%s holds more than one key, pasted together"
	saysCut            = "the key in %s was cut off: it has %d characters, and keys of this kind have %d"
	saysLong           = "the key in %s has something after its end: it has %d characters, and keys of this kind have %d"
	saysShapeless      = "no rule takes it for a credential of %s: it is cut off, or of another provider"
	saysForeign        = "this is no credential of %s: it looks like one of another kind (%s)"
	saysGateway        = "it is no credential of %s. As %s sends clients elsewhere, it may be a key of that gateway, which skant cannot judge"
	saysExample        = "it is a placeholder or a published example of: %s. It was not sent"
	saysCertain        = "it is whole: %s (%s)"
	saysShape          = "it looks like: %s (%s)"
	saysKnown          = "it looks like: %s"
	saysExpired        = "it says itself that it has expired: %s. Make another"
	saysNoSession      = "%s holds a temporary key (ASIA...) without its session token: AWS answers that it does not know it. Set AWS_SESSION_TOKEN"
)

// The third step.
const (
	saysOAuth         = "an OAuth token goes as Authorization: Bearer, with the header anthropic-beta: oauth-2025-04-20"
	saysOAuthAsKey    = "%s holds an OAuth token, and clients send that variable as x-api-key: the answer is 401 invalid x-api-key. Put it into CLAUDE_CODE_OAUTH_TOKEN or ANTHROPIC_AUTH_TOKEN"
	saysKeyAsBearer   = "%s holds an API key, and clients send that variable as Authorization: Bearer: the answer is 401 Invalid bearer token. Put it into ANTHROPIC_API_KEY"
	saysKey           = "an API key goes as x-api-key, with the header anthropic-version"
	saysAdmin         = "an admin key goes as x-api-key and opens /v1/organizations only, no models"
	saysAdminAsKey    = "%s holds an admin key, which opens /v1/organizations only: a request for a model is refused. Put an API key (sk-ant-api03-) there"
	saysCompliance    = "a compliance access key goes as x-api-key and opens /v1/compliance only: a request for a model is refused"
	saysPersonal      = "a personal key goes as x-api-key and needs the header anthropic-workspace-id beside it; without it the answer is 400"
	saysRefresh       = "this is a refresh token, which no request takes: use the access token (sk-ant-oat...) that belongs to it"
	saysSession       = "this is the cookie of a browser session, which the API does not take: create an API key"
	saysCustomHeaders = "%s adds headers to every request; one named x-api-key or Authorization takes the place of the key's"
	saysBothHeaders   = "both ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are set. Some clients send both headers, and a wrong one is enough for a 401: unset the one that is not meant"
	saysGatewayKey    = "clients send %s as x-api-key; whether the gateway wants it so, its manual says"
	saysGatewayBearer = "clients send %s as Authorization: Bearer; whether the gateway wants it so, its manual says"

	saysBedrockBearer  = "a Bedrock API key goes as Authorization: Bearer"
	saysBedrockBoth    = "there is an access key, too: clients take the Bedrock API key first, so the rights of its user count"
	saysBedrockSigned  = "an access key signs each request (SigV4): the clock has to be right, and what changes the request on its way breaks it"
	saysVertexHeader   = "the key of %s signs a request for an access token, and that token goes as Authorization: Bearer"
	saysVertexToken    = "an access token goes as Authorization: Bearer; it lasts for an hour"
	saysVertexKey      = "an API key goes as x-goog-api-key. Claude on Vertex AI takes access tokens: set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login"
	saysUserADC        = "these are a user's credentials (gcloud auth application-default login). Clients exchange them for an access token, which skant does not do; if that fails with invalid_grant, log in again"
	saysNoQuotaProject = "they name no quota project; where an answer asks for one: gcloud auth application-default set-quota-project PROJECT"
	saysFederated      = "these borrow the identity of something else (federation, or impersonation): they hold no key of their own, and nobody can be asked about them"
	saysNoKeyFile      = "%s is no file of credentials of Google (a JSON object with a type)"
	saysProject        = "calls are made in the project %s (%s)"
	saysOtherProject   = "%s sends calls to the project %s, and the key is of the project %s: its account needs a role in the first one"
	saysOwnProject     = "no variable names a project; some clients take the credentials' own, %s, and Claude Code wants ANTHROPIC_VERTEX_PROJECT_ID"
	saysNoProject      = "no project is set: set ANTHROPIC_VERTEX_PROJECT_ID, which Claude Code wants, or GOOGLE_CLOUD_PROJECT"
)

// The fourth step.
const (
	saysHost          = "skant asks %s"
	saysEndpoint      = "skant asks %s, as you said"
	saysBase          = "%s sends clients to %s, so the answer there may be another. skant asks there only with --verify-endpoint %s=URL; a gateway may want a key of its own, and not one of %s"
	saysBasePath      = "%s has the path %s; clients add /v1 themselves, and a 404 comes of adding it twice"
	saysBasePlain     = "%s sends the key to %s without encryption (http). Use https"
	saysNoAddress     = "%s is no address: clients fail before they ask"
	saysProxy         = "%s: requests go through %s, which may answer in the provider's place"
	saysNoProxy       = "%s takes hosts out of that"
	saysAuthorities   = "certificate authorities of your own are set (%s): something may stand between you and the provider and read along"
	saysNotSent       = "nobody was asked: the key says itself that it has expired (step 2)"
	saysCannot        = "nobody can be asked: %s"
	saysNoAnswer      = "there was no answer: %s Look at the network, at name resolution and at the proxy; steps 5 to 8 need an answer"
	saysProxyPassword = "a proxy wants a password (HTTP 407), so the request did not reach the provider"
	saysPage          = "a web page came back in place of an answer of the API: a proxy, a login page of the network, or a protection against robots. It says nothing about the key"
	saysRedirect      = "the answer leads elsewhere, and is not followed: see the base URL"
	saysAnswered      = "%s answered (HTTP %d)"
)

// The fifth and sixth step.
const (
	saysNoDate    = "the answer has no date to compare with"
	saysClock     = "the clock here is off by %s: signatures and tokens are refused. Set it"
	saysClockFine = "the clock here is that of the answer"

	saysBlocked        = "the request was refused before the key was looked at (Request not allowed): because of the country, or the network, that it comes from. It says nothing about the key"
	saysReached        = "requests from here are not refused for the country that they come from"
	saysNoRegion       = "neither AWS_REGION nor AWS_DEFAULT_REGION is set: clients take us-east-1, or fail"
	saysOwnRegion      = "no region is set, and the key works in %s only: set AWS_REGION"
	saysOtherRegion    = "the key works in %s only, and the region is %s (%s): the answer there is that the key is not valid. Set one to the other"
	saysRegionSet      = "the region is %s (%s); the model has to be offered there"
	saysNoVertexRegion = "CLOUD_ML_REGION is not set: clients need a region in which the model is offered, or global"
)

// The last two steps.
const (
	saysTaken   = "the key is taken: %s"
	saysRefused = "the key is known, and this use of it is refused: %s"
	saysDead    = "the key is not taken: %s"
	saysUnknown = "the answer does not tell: %s"

	saysModel           = "%s asks for %s: the key's workspace, project or account has to have it, under that very name"
	saysModelOther      = "%s asks for %s: that is a name of %s"
	saysModelProfile    = "%s asks for %s: newer models are called by an inference profile only, whose name begins with a region, such as us., eu. or global."
	saysLimited         = "too many requests: wait, or ask for a higher limit"
	saysLimitedFor      = "too many requests: wait as long as Retry-After says (%s), or ask for a higher limit"
	saysCredit          = "there is no credit left: the key is good, and calls fail until the account is topped up"
	saysOverloaded      = "the provider is overloaded or failing: try again later"
	saysListedAnthropic = "the list of models can be read; that a model answers is only proved by a call that costs, so skant makes none"
	saysListedBedrock   = "the key is good; each model has to be open to the account in its region, and a call needs the right bedrock:InvokeModel"
	saysListedVertex    = "the key is good; Claude has to be enabled in the project's Model Garden, with the Vertex AI API on, and a call needs the right aiplatform.endpoints.predict"
)
