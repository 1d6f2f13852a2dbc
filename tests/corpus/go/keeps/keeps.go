// Package keeps allocates C memory that is still in use when the tests end.
package keeps

/*
#include "native.h"
#include <stdlib.h>
#include <unistd.h>
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// What C holds: in its data, in memory of its own, in threads that still run.
func InGlobal(bytes int)         { C.keep_in_global(C.size_t(bytes)) }
func InsideGlobal(bytes int)     { C.keep_inside_global(C.size_t(bytes)) }
func List(nodes int)             { C.keep_list(C.int(nodes)) }
func Table(entries int)          { C.keep_table(C.int(entries)) }
func InMapping(bytes int)        { C.keep_in_mapping(C.size_t(bytes)) }
func FreedAtExit(bytes int)      { C.free_in_exit_handler(C.size_t(bytes)) }
func InThreadLocal(bytes int)    { C.keep_in_thread_local(C.size_t(bytes)) }
func ForKey(bytes int)           { C.keep_for_key(C.size_t(bytes)) }
func OnStack(bytes int)          { C.keep_on_stack(C.size_t(bytes)) }
func InRegister(bytes int)       { C.keep_in_register(C.size_t(bytes)) }
func InVectorRegister(bytes int) { C.keep_in_vector_register(C.size_t(bytes)) }
func InBusyRegister(bytes int)   { C.keep_in_busy_register(C.size_t(bytes)) }
func InThreadArgument(bytes int) { C.keep_in_thread_argument(C.size_t(bytes)) }

// InLibrary lets a library that it loads hold a block.
func InLibrary(path string, bytes int) bool {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	return C.keep_in_library(cpath, C.size_t(bytes)) != 0
}

// OpenFile leaves a file open, its buffer not empty.
func OpenFile(path string) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	C.keep_open_file(cpath)
}

// Environment sets a variable of C's environment.
func Environment(name, value string) {
	cname, cvalue := C.CString(name), C.CString(value)
	defer C.free(unsafe.Pointer(cname))
	defer C.free(unsafe.Pointer(cvalue))
	C.keep_environment(cname, cvalue)
}

// Block is C memory that Go holds.
type Block struct {
	name string
	data *C.char
}

// NewBlock allocates a block.
func NewBlock(bytes int) *Block {
	return &Block{name: "block", data: (*C.char)(C.malloc(C.size_t(bytes)))}
}

// First is the first byte, which a test may set and read.
func (b *Block) First() *byte { return (*byte)(unsafe.Pointer(b.data)) }

// Free gives the memory back.
func (b *Block) Free() {
	C.free(unsafe.Pointer(b.data))
	b.data = nil
}

// Handle hides a block from Go's type information, as many bindings do.
func Handle(bytes int) uintptr { return uintptr(C.malloc(C.size_t(bytes))) }

// FreeMemory frees what a finalizer or a cleanup was handed.
func FreeMemory(data unsafe.Pointer) { C.free(data) }

// Pointer allocates a block that nothing but the pointer stands for.
func Pointer(bytes int) unsafe.Pointer { return C.malloc(C.size_t(bytes)) }

// Data is what the block is made of.
func Data(b *Block) unsafe.Pointer { return unsafe.Pointer(b.data) }

// WaitForever does not come back.
func WaitForever() { C.pause() }

// HoldForever allocates in C, and C does not come back.
func HoldForever(bytes int) { C.hold_for_ever(C.size_t(bytes)) }

// FreeHandle frees what Handle allocated.
func FreeHandle(handle uintptr) { C.free_handle(C.uintptr_t(handle)) }

var pair C.struct_pair

// SetPair puts two blocks into a C struct that is a Go variable.
func SetPair(first, second int) {
	pair.first = (*C.char)(C.malloc(C.size_t(first)))
	pair.second = (*C.char)(C.malloc(C.size_t(second)))
}

// HoldInC gives a Go object to C, as a handle.
func HoldInC(block *Block) { C.keep_handle(C.uintptr_t(cgo.NewHandle(block))) }
