package main

const (
	msgFrameworkFiles  = "skant: all files of the work tree are searched: the framework does not tell a hook whether --all-files was given\n"
	msgFrameworkOneRef = "skant: the framework tells of one ref of a push, here %s; for a push of several: skant hooks install pre-push\n"
)

const (
	hintFrameworkArgs  = "it takes no arguments: the framework's variables say what is to be searched; to search files use `skant scan -- FILE...`."
	hintFrameworkRange = "give the framework both ends of a range that is in this clone: --from-ref origin/main --to-ref HEAD; in CI, check out with fetch-depth: 0."
	hintFrameworkBare  = "run it in a work tree; `skant history` searches a bare repository."
)

const (
	helpFrameworkShort = "search what the pre-commit framework asks for"
	helpFramework      = `The entry of the hooks of the pre-commit framework, and of prek: it searches what the framework's
variables ask for.

  in a commit or merge                     what is staged
  in a push                                the commits that the remote has not
  with --from-ref A and --to-ref B         the commits that B has and A has not
  by hand (run, run --all-files)           all files of the work tree

Without the framework use skant staged, skant diff or skant scan.
` + exitStatusHelp
	exampleFramework = `  pre-commit run --all-files
  pre-commit run --from-ref origin/main --to-ref HEAD`
)
