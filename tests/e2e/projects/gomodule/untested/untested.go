// Package untested has C in it and no tests.
package untested

// #include <stdlib.h>
import "C"

// Number is a random one.
func Number() int { return int(C.rand()) }
