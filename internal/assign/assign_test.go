package assign

import (
	"bytes"
	"strings"
	"testing"
)

// read returns the assignment to the first "password" in text.
func read(text string) (Assignment, bool) {
	at := strings.Index(strings.ToLower(text), "password")
	return At([]byte(text), at, at+len("password"))
}

func TestAt(t *testing.T) {
	const v = "Zx9-value"
	for _, c := range []struct {
		text string
		op   Operator
	}{
		{"password=" + v, Equals},
		{"PASSWORD=" + v + "\nNEXT=1", Equals},
		{"export DB_PASSWORD='" + v + "'", Equals},
		{"db.password = " + v + " # a comment", Equals},
		{"db.password: " + v, Colon},
		{"  password: \"" + v + "\",", Colon},
		{`{"password": "` + v + `"}`, Colon},
		{`{"password" : "` + v + `"}`, Colon},
		{`"{\"password\":\"` + v + `\"}"`, Colon},
		{`"{\\\"password\\\":\\\"` + v + `\\\"}"`, Colon},
		{"'password' => '" + v + "',", Arrow},
		{":password => \"" + v + "\"", Arrow},
		{"password -> '" + v + "'", Arrow},
		{"password := \"" + v + "\"", Equals},
		{"PASSWORD ?= " + v, Equals},
		{"const password: string = \"" + v + "\";", Equals},
		{"password: Optional[str] = '" + v + "'", Equals},
		{"let password: &'static str = \"" + v + "\";", Equals},
		{"val password: String? = \"" + v + "\"", Equals},
		{"char password[] = \"" + v + "\";", Equals},
		{"char password[32] = \"" + v + "\";", Equals},
		{"$config['db']['password'] = '" + v + "';", Equals},
		{"config[:password] = '" + v + "'", Equals},
		{"os.environ[\"DB_PASSWORD\"] = \"" + v + "\"", Equals},
		{"define('DB_PASSWORD', '" + v + "');", Argument},
		{"setProperty(\"db.password\", \"" + v + "\")", Argument},
		{"user.setPassword(\"" + v + "\");", Call},
		{".password('" + v + "')", Call},
		{"connect(host, user, password='" + v + "')", Equals},
		{"<password>" + v + "</password>", Element},
		{"<db.password>\n  " + v + "\n</db.password>", Element},
		{"<password><![CDATA[" + v + "]]></password>", Element},
		{"<add key=\"Password\" value=\"" + v + "\" />", Argument},
		{"<property name=\"password\" value=\"" + v + "\"/>", Argument},
		{"<user name=\"a\" password=\"" + v + "\"/>", Equals},
		{"<property name=\"password\">" + v + "</property>", Element},
		{`{"name": "DB_PASSWORD", "value": "` + v + `"}`, Argument},
		{"{\n  \"key\": \"password\",\n  \"value\": \"" + v + "\"\n}", Argument},
		{"- name: DB_PASSWORD\n  value: " + v, Colon},
		{"DB=${DB_PASSWORD:-" + v + "}", Equals},
		{"- name: \"DB_PASSWORD\"\n  value: \"" + v + "\"", Argument},
		{"mysql --password=" + v + " shop", Equals},
		{"mysql --password " + v + " shop", Space},
		{"ENV DB_PASSWORD " + v, Space},
		{"password " + v, Space},
		{"the password is " + v, Space},
		{"if password == \"" + v + "\":", Compare},
		{"if (password.equals(\"" + v + "\"))", Compare},
		{"process.env.DB_PASSWORD || '" + v + "'", Default},
		{"password = os.getenv(\"DB_PASSWORD\", \"" + v + "\")", Default},
		{"password = base64.b64decode(\"" + v + "\")", Equals},
		{"password = new String(\"" + v + "\")", Equals},
		{"NSString *password = @\"" + v + "\";", Equals},
		{"password = b'" + v + "'", Equals},
		{"password =\n    \"" + v + "\"", Equals},
		{"password = \\\n    '" + v + "'", Equals},
		{"password: |\n  " + v, Colon},
		{"password: >-\n  " + v, Colon},
		{"password = (\"" + v + "\")", Equals},
		{"https://host/x?user=a&password=" + v, Equals},
		{"password = \"\"\"" + v + "\"\"\"", Equals},
		{"if \"" + v + "\" == password:", Compare},
		{"if (\"" + v + "\".equals(password)) {", Compare},
		{"setValue(\"" + v + "\", forHTTPHeaderField: \"password\")", Argument},
		{"var password string = \"" + v + "\"", Equals},
		{"DECLARE @password NVARCHAR(64) = N'" + v + "';", Equals},
		{"\"password\" to \"" + v + "\",", Arrow},
		{"#define PASSWORD \"" + v + "\"", Space},
		{"ENV['PASSWORD'] ||= '" + v + "'", Equals},
		{"  set :password, '" + v + "'", Argument},
		{"password: !!str " + v, Colon},
		{"if (strcmp(password, \"" + v + "\") == 0)", Compare},
		{"login(\"admin\", password=\"" + v + "\")", Equals},
		{"driver.find_element_by_name(\"password\").send_keys(\"" + v + "\")", Call},
		{"driver.findElement(By.id('password')).sendKeys('" + v + "');", Call},
		{"cy.get('input[name=password]').type('" + v + "');", Call},
		{"password <- \"" + v + "\"", Equals},
		{"| password | " + v + " |", Space},
		{"- { name: password, value: '" + v + "' }", Argument},
		{"{\"ParameterKey\": \"password\", \"ParameterValue\": \"" + v + "\"}", Argument},
		{"password = (\n    \"" + v + "\"\n)", Equals},
		{"password:\n  \"" + v + "\"", Colon},
		{"--password \\\n  " + v + " \\\n", Space},
		{"variable \"password\" {\n  type = string\n  default = \"" + v + "\"\n}", Argument},
		{"  name  = \"password\"\n  type = \"x\"\n  value = \"" + v + "\"", Argument},
		{"<string name=\"password\" translatable=\"false\">" + v + "</string>", Element},
		{"<param-name>password</param-name><param-value>" + v + "</param-value>", Element},
		{"<name>password</name>\n  <value><string>" + v + "</string></value>", Element},
		{"<setting name=\"password\" serializeAs=\"String\"><value>" + v + "</value>", Element},
		{"<wsse:Password Type=\"text\">" + v + "</wsse:Password>", Element},
		{"[\"redis-server\", \"--password\", \"" + v + "\"]", Argument},
		{"Invalid password '" + v + "' for user app", Space},
		{"with password `" + v + "`.", Space},
		{"curl -H \"password: " + v + "\" https://host", Colon},
		{"export PASSWORD=" + v + "\\n./start.sh", Equals},
	} {
		a, ok := read(c.text)
		if !ok {
			t.Errorf("%q: nothing is read", c.text)
			continue
		}
		if got := string(a.Value.Of([]byte(c.text))); got != v || a.Operator != c.op {
			t.Errorf("%q: %q with operator %d, want operator %d", c.text, got, a.Operator, c.op)
		}
	}
}

func TestAtNothing(t *testing.T) {
	for _, text := range []string{
		"password", "password)", "the password of the user", "password, user", "passwords", "def f(password):", "password;",
		"password =", "password: ", "\"password\"", "password = \n\nnext = 1", "--password\n", "Enter your password to go on",
	} {
		if a, ok := read(text); ok {
			t.Errorf("%q: %q is read", text, a.Value.Of([]byte(text)))
		}
	}
}

// FuzzAt holds what is read against what is promised: spans in the text, in order, and nothing read from further away
// than is said.
func FuzzAt(f *testing.F) {
	for _, s := range []string{"password=x", `{"password": "x"}`, "<password>x</password>", "- name: password\n  value: x", "password = f(\"a\", \"b\")"} {
		f.Add([]byte(s), uint16(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, where uint16) {
		if len(text) == 0 {
			return
		}
		lo := int(where) % len(text)
		hi := min(len(text), lo+8)
		a, ok := At(text, lo, hi)
		if !ok {
			return
		}
		for _, s := range []Span{a.Name, a.Word, a.Value, a.Line, a.Before, a.Callee} {
			if s.Lo < 0 || s.Hi < s.Lo || s.Hi > len(text) {
				t.Fatalf("%q: span %v", text, s)
			}
		}
		if a.Value.Len() == 0 || a.Value.Hi > a.Name.Lo && a.Value.Lo < a.Name.Hi || a.Value.Hi > hi+After {
			t.Fatalf("%q: %+v", text, a)
		}
		if a.Value.Lo > hi && bytes.Count(text[hi:a.Value.Lo], []byte("\n")) > Breaks+1 {
			t.Fatalf("%q: the value stands %q behind the name", text, text[hi:a.Value.Lo])
		}
	})
}
