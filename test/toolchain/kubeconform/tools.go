//go:build tools

// Package toolchain pins kubeconform for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "github.com/yannh/kubeconform/cmd/kubeconform"
