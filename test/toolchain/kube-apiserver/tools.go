//go:build tools

// Package toolchain pins kube-apiserver for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
