//go:build tools

// Package tools pins the programs that only tests run.
package tools

import (
	_ "github.com/stripe/stripe-mock"
	_ "github.com/yannh/kubeconform/cmd/kubeconform"
	_ "github.com/zegl/kube-score/cmd/kube-score"
)
