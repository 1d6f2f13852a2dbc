// Package supervise hangs, crashes and leaves processes behind, in Go and in C.
package supervise

/*
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void hang_in_c(void) {
  for (;;) pause();
}

static void spin_in_c(void) {
  for (;;) __asm__ volatile("");
}

static void crash_in_c(void) { abort(); }
*/
import "C"

// HangInC waits in C for ever.
func HangInC() { C.hang_in_c() }

// SpinInC keeps a processor busy in C for ever.
func SpinInC() { C.spin_in_c() }

// CrashInC ends the program by abort.
func CrashInC() { C.crash_in_c() }
