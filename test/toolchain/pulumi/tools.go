//go:build tools

// Package toolchain pins pulumi for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
