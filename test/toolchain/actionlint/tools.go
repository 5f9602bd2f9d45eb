//go:build tools

// Package toolchain pins actionlint for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/rhysd/actionlint/cmd/actionlint"
