// Package whole compiles.
package whole

// #include <stdlib.h>
import "C"

// Number is a random one.
func Number() int { return int(C.rand()) }
