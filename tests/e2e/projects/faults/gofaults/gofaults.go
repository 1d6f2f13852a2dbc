// Package gofaults loses 121 bytes and then ends, or goes on, in an unusual way.
package gofaults

// #include "gofaults.h"
import "C"

// Lose loses one block of 121 bytes.
func Lose() { C.lose() }

// ExitInThread calls exit(3) on a thread that C made, and waits for it.
func ExitInThread(code int) { C.exit_in_thread(C.int(code)) }

// ExitRaw leaves by a system call from C.
func ExitRaw() { C.exit_raw() }

// BecomeAnother replaces the process by /bin/true.
func BecomeAnother() { C.become_another() }

// Fork lets a child of fork leave by a raw system call, by exit and by _exit.
func Fork() { C.fork_children() }

// LoseInHandler loses blocks of 1000 bytes in a signal handler of C.
func LoseInHandler(times int) { C.lose_in_handler(C.int(times)) }
