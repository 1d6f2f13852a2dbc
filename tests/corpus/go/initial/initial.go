// Package initial loses C memory before the tests begin.
package initial

/*
#include <stdlib.h>

static inline char *new_settings(size_t bytes) {
  char *block = malloc(bytes);
  block[0] = 1;
  return block;
}
*/
import "C"

var ready bool

func init() {
	settings := C.new_settings(133)
	ready = *settings == 1
}

// Ready tells whether the settings were read.
func Ready() bool { return ready }
