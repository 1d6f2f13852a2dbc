// Package broken does not compile.
package broken

// #include <stdlib.h>
import "C"

// Number has no such name to return.
func Number() int { return noSuchName }
