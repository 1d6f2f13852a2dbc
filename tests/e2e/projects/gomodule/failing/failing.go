// Package failing has a test that fails after it lost a block.
package failing

// #include <stdlib.h>
// static void lose(size_t bytes) { __asm__ volatile("" : : "r"(malloc(bytes)) : "memory"); }
import "C"

// Lose loses one block.
func Lose(bytes int) { C.lose(C.size_t(bytes)) }
