// Command sumdb opens a signed note with one verifier key, as golang.org/x/mod reads it.
//
// Usage: sumdb VKEY < NOTE. It writes the note's text, or refuses with exit status 1.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := open(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: sumdb VKEY < NOTE")
	}
	verifier, err := note.NewVerifier(os.Args[1])
	if err != nil {
		return err
	}
	message, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(opened.Text)
	return err
}
