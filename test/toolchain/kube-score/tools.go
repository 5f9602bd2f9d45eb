//go:build tools

// Package toolchain pins kube-score for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/zegl/kube-score/cmd/kube-score"
