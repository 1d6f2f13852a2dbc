// Package deaf has a test that hears neither Ctrl-C nor SIGTERM.
package deaf

// #include <stdlib.h>
import "C"

// Lose loses one block of 121 bytes.
func Lose() { C.malloc(121) }
