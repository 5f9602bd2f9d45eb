//go:build tools

// Package toolchain pins promtool for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/prometheus/prometheus/cmd/promtool"
