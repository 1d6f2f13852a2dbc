// Package testmain loses C memory outside of its tests.
package testmain

/*
#include <stdlib.h>

static inline void leak_in_set_up(size_t bytes) {
  void *block = malloc(bytes);
  __asm__ volatile("" : : "r"(block) : "memory");
}
*/
import "C"

// SetUp loses a block.
func SetUp(bytes int) { C.leak_in_set_up(C.size_t(bytes)) }
