package rules

//go:generate go test . -run TestCompiledIsCurrent -update
