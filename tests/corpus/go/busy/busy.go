// Package busy has tests that leave goroutines at work, which go on while the program ends.
package busy
