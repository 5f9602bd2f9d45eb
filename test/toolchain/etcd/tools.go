//go:build tools

// Package toolchain pins etcd for the tests; go.sum beside it holds the hashes.
package toolchain

import _ "go.etcd.io/etcd/server/v3"
