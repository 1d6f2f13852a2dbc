// Package mixed crashes, fails, and is well.
package mixed

// #include <stdlib.h>
// static void crash(void) { *(volatile int *)0 = 1; }
import "C"

// Crash writes where nothing is.
func Crash() { C.crash() }

// UseAndFree allocates and frees.
func UseAndFree() { C.free(C.malloc(10)) }
