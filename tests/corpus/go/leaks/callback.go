package leaks

/*
#include "native.h"
#include <stdlib.h>
*/
import "C"

// Callback goes Go → C → Go, and loses a block there.
func Callback(bytes int) { C.call_go(C.size_t(bytes)) }

// CallbackInThread goes Go → C → C thread → Go, and loses a block there.
func CallbackInThread(bytes int) { C.call_go_in_thread(C.size_t(bytes)) }

// CallbackTwice calls C from the Go code that C called.
func CallbackTwice(bytes int) {
	again = func() { Malloc(bytes) }
	C.call_go(0)
}

var again func()

//export goAllocates
func goAllocates(bytes C.size_t) {
	if bytes == 0 {
		again()
		return
	}
	block := C.malloc(bytes)
	*(*byte)(block) = 1
}
