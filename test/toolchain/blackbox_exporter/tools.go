//go:build tools

// Package toolchain pins blackbox_exporter for a benchmark; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/prometheus/blackbox_exporter"
