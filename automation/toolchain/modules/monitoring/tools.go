//go:build tools

// Package tools pins what checks and tests the alert rules and their ways to people.
package tools

import (
	_ "github.com/prometheus/alertmanager/cmd/amtool"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
