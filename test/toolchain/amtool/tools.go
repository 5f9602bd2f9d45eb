//go:build tools

// Package toolchain pins amtool for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/prometheus/alertmanager/cmd/amtool"
