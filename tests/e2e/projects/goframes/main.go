package main

/*
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void *make_frame(size_t size) {
  return memset(malloc(size), 1, size);
}

// Go's own exit runs no exit handlers, and gperftools writes its profile in one.
static void leave(void) { exit(0); }
*/
import "C"

func keep() { C.make_frame(3000) }

func main() {
	keep()
	C.leave()
}
