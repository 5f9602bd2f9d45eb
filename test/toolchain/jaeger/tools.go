//go:build tools

// Package toolchain pins Jaeger for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/jaegertracing/jaeger/cmd/all-in-one"
