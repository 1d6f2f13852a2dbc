// Package clean frees what it allocates, or still holds it at the end.
package clean

// #include <stdlib.h>
// static void *volatile kept; // volatile: or the compiler drops what nobody reads
// static void keep(size_t bytes) { kept = malloc(bytes); }
import "C"

import "unsafe"

var held unsafe.Pointer

var boxes = map[string]unsafe.Pointer{}

// UseAndFree allocates a string and frees it.
func UseAndFree(text string) {
	copied := C.CString(text)
	defer C.free(unsafe.Pointer(copied))
}

// KeepInC leaves a block in a global of C.
func KeepInC(bytes int) { C.keep(C.size_t(bytes)) }

// KeepInGo leaves a block in a global of Go.
func KeepInGo(bytes int) { held = C.malloc(C.size_t(bytes)) }

// KeepInGoHeap leaves a block in a map of Go.
func KeepInGoHeap(bytes int) { boxes["one"] = C.malloc(C.size_t(bytes)) }
