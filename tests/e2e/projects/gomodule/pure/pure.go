// Package pure has no C in it.
package pure

// Double doubles.
func Double(n int) int { return 2 * n }
