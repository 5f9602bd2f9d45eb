//go:build tools

// Package toolchain pins Sloth for a benchmark; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/slok/sloth/cmd/sloth"
