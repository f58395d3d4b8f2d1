// Package source holds everything that can be searched: files and folders, standard input, what the next commit would
// add, what a range of commits adds, and a whole history. Each is a [scanner.Source]; the history also attributes.
//
// It joins the repository readers (packages repo and pack), which know no secrets, to the engine, which knows no git.
package source
