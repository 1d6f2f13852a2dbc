// Package crashing ends in every way but the usual one.
package crashing

// #include <signal.h>
// #include <stdlib.h>
// static void touch(int *nowhere) { *nowhere = 1; }
// static void kill_self(void) { raise(SIGKILL); }
import "C"

// Segfault writes to address zero, in C.
func Segfault() { C.touch(nil) }

// KillSelf ends the process with SIGKILL.
func KillSelf() { C.kill_self() }

// Abort ends the process with abort(3).
func Abort() { C.abort() }
