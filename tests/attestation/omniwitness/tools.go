//go:build tools

// Names the program that is built, so that go.mod and go.sum pin it and everything it is made of.
package tools

import _ "github.com/transparency-dev/witness/cmd/omniwitness"
