package main

const (
	msgHookRemoved       = "removed %s\n"
	msgHookRestored      = "put back %s, as it was before skant\n"
	msgNoHooks           = "there is no hook of skant here\n"
	msgHooksFolder       = "git looks for hooks in %s\n"
	msgHooksElsewhere    = "  core.hooksPath says so; it is not the repository's own folder\n"
	msgHooksLinked       = "  all work trees of this repository have these hooks\n"
	msgHooksVariable     = "  %s is set here, so this is about what it names\n"
	msgHookShadowed      = "  %s is not run because of that\n"
	msgHookActive        = "runs skant"
	msgHookIdle          = "does not run skant"
	msgHookNotExecutable = "git skips it, because it may not be executed: chmod +x %q"
	msgHookNoBinary      = "the program %q is not there; the hook looks for skant in PATH. To renew it: skant hooks install %s"
	msgHookOutdated      = "another version wrote it, or it runs another program. To renew it: skant hooks install %s"
	msgHookLine          = "to run skant from %q too, add: %s"
	msgHookLines         = "to run skant too, add to %s:"
	msgHookTool          = "%s wrote it"
	msgHookKept          = "first runs the hook that stood here before, now %s"
	msgHookKeptIdle      = "the hook that stood here before is now %s; it may not be executed, so git did not run it either"
	msgHookKeptOrphan    = "nothing runs %s, which skant had kept: another program has written the hook anew since. Put what is needed of it into the hook, then remove it"
	msgHookKeptAlone     = "nothing runs %s, which skant had kept. To put it back: skant hooks uninstall %s"
	msgHookThrough       = "%s has moved it aside and runs it from its own hook"
	msgHookOnError       = "where not everything can be read: %s"
	msgHookProved        = "tried with a made-up key in a scratch repository: git was stopped"
	msgHookNotStopped    = "tried with a made-up key in a scratch repository: git was NOT stopped"
	msgHookOtherStop     = "tried with a made-up key in a scratch repository: git was stopped, but not by skant: %s"
	msgHookNotTried      = "not tried, because other programs would run with it"
	msgHookNoTrial       = "could not be tried: %s"
	msgHookConfigured    = "configured"
	msgHookConfigFrom    = "git's configuration runs it: hook.%s"
	msgHookConfigOff     = "hook.%s is switched off in git's configuration"
	msgHookConfigOldGit  = "hook.%s is configured, but git %d.%d does not run hooks of its configuration; 2.54 does"
	msgHookStopped       = "skant: stopped, because not everything could be read: nothing says that it is clean.\nskant: do what is said above, or go on unchecked with: %s\n"
	msgHookRefused       = "skant: the push is refused, because not everything could be read: nothing says that it is clean.\nskant: whoever runs this server can give it more time (git config skant.timeout) or let such pushes through (skant.onError)\n"
	msgHookAllowed       = "skant: not everything could be read; it is let through, because this server is set to allow that\n"
	msgHookDoubted       = "skant: the remote-tracking branches of %[1]s are not what is there now, or of another address: everything that is pushed is searched\nskant: if the remote has changed: git fetch --prune %[1]s\n"
	msgHookBadPolicy     = "the push is refused, because no later one could be judged: %w"
	msgHookNothing       = "skant: nothing is pushed that could hold a secret\n"
	msgGlobalConfig      = "%s: git runs these for every repository, beside its own hooks\n"
	msgGlobalTemplate    = "%s: git copies these into repositories that are made or cloned from now on\n"
	msgGlobalOlder       = "  in one that is there already: skant hooks install\n"
	msgGlobalOutdated    = "  it runs another program. To renew it: skant hooks install --global\n"
	msgGlobalCut         = "took the lines of skant out of %s\n"
	msgGlobalNone        = "skant is not installed for all repositories; skant hooks install --global does that\n"
	msgGlobalRow         = "%-18s %s\n"
	msgGlobalBoth        = "  git runs hooks of its configuration now; the copies in new repositories are no longer needed\n"
)

const (
	hintHooksNames     = "hooks are %s; for all of git: all."
	hintHooksBare      = "this repository has no work tree: name the hook, for example `skant hooks install pre-receive`."
	hintHooksOnError   = "write --on-error block or --on-error allow; it is for pre-receive only."
	hintHooksMove      = "move that away, then repeat."
	hintHooksForeign   = "do that, then `skant hooks status` shows it as chained; or repeat with --chain: a hook of skant is put in its place, which runs it first."
	hintHooksElsewhere = "do that, or repeat with --any-hooks-path to write into that folder."
	hintHooksTool      = "do that, then `skant hooks status` shows it as chained."
	hintHooksRunArgs   = "git gives it its arguments; to try it out: skant hooks status."
	hintHooksStdin     = "git tells the hook on standard input what is pushed; a program between the two must hand that on."
	hintHooksFramework = "in a hook of the pre-commit framework use `skant hooks run framework`, or `skant hooks install pre-push` beside it."
	hintHooksSetting   = "write block or allow: git config skant.onError block; a duration: git config skant.timeout 30s."
	hintHooksGlobal    = "leave out the names; `skant hooks status --global` tells what is installed for all repositories."
)

const (
	helpHooksShort = "install, remove and inspect git hooks"
	helpHooks      = `Run skant where git does something: before a commit, before a push, and where a push arrives. A hook that is
there already is never overwritten: it is kept, and runs first.`
	exampleHooks = `  skant hooks install               # before every commit and merge
  skant hooks install pre-push      # before every push
  skant hooks install all           # all three
  skant hooks install --global      # in all repositories
  skant hooks status
  skant hooks uninstall`

	helpHooksInstallShort = "install hooks in a repository, or in all"
	helpHooksInstall      = `Install hooks that run skant. Without a name: pre-commit and pre-merge-commit (git runs no pre-commit hook when
it completes a merge by itself).

  pre-commit, pre-merge-commit   what the commit adds
  pre-push                       what the commits of the push add, on all its refs
  pre-receive                    the same where pushes arrive, in a bare repository on a server
  all                            the first three; pre-receive in a bare repository

A hook that is there already is kept beside the new one, byte for byte, and runs first, with the same arguments and input;
"skant hooks uninstall" puts it back. Hooks that husky, lefthook, the pre-commit framework and the like write themselves are left
alone, and you are told what to add to their configuration.

With --global git runs skant in all repositories, beside the hooks they have (git 2.54 and newer); an older git copies the hooks
into repositories that are made or cloned from now on.`
	exampleHooksInstall = `  skant hooks install
  skant hooks install pre-push
  skant hooks install pre-receive --on-error allow
  skant hooks install all --global`

	helpHooksUninstallShort = "remove hooks that skant installed"
	helpHooksUninstall      = `Remove the hooks that skant installed, all or those that are named, and put back what was there before.`
	helpHooksStatusShort    = "say which hooks are installed and whether they really run"
	helpHooksStatus         = `Say for each hook what stands in its place and whether git runs skant for it. Those of skant are put to the test: git
commits, merges or pushes a made-up key in a scratch repository, and must be stopped. Nothing of yours is touched.

Exit status 1 if a hook that is installed does not run, or if none is.`
	helpHooksRunShort  = "what the hooks call"
	helpHooksRun       = `What an installed hook calls. git gives it its arguments and input.`
	helpHookShort      = "run as git's %s hook"
	helpHookAgentShort = "run as a hook of %s"
	helpHookReceive    = `Search what a push brings, before it is accepted: everything that no ref of this repository leads to yet.

After 20 seconds, or what --timeout or "git config skant.timeout" says, the search ends and the push is refused; so it is if something
cannot be read. With --on-error allow, or "git config skant.onError allow", it is let through then. A secret always refuses it.
` + exitStatusHelp
	helpHookPush = `Search what a push brings: everything that no remote-tracking branch of that remote leads to yet.
` + exitStatusHelp
	helpHookStaged       = `Search what the commit would add, as "skant staged" does.` + "\n" + exitStatusHelp
	helpFlagAnyHooksPath = "install into the folder of core.hooksPath even if it is not the repository's own"
	helpFlagHooksGlobal  = "for all repositories of this user; for an agent, for all projects"
	helpFlagHooksChain   = "keep and run even a hook that another tool writes, or that may need its own name"
	helpFlagOnError      = "what a pre-receive hook does where not everything could be read: `WHAT` is block or allow; without it what git is told by skant.onError, else block"
)
