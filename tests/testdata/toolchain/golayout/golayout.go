// Package golayout looks, from C, at the goroutine that called into C.
package golayout

// #include "peek.h"
import "C"

import (
	"fmt"
	"strings"
)

// Seen gives what C finds with the offsets in layout, lines "go_g_m 48".
func Seen(layout string) string {
	numbers := map[string]int64{"go_g_syscallbp": -1}
	for _, line := range strings.Split(strings.TrimSpace(layout), "\n") {
		var key string
		var number int64
		if _, err := fmt.Sscanf(line, "%s %v", &key, &number); err == nil {
			numbers[key] = number
		}
	}
	at := C.struct_offsets{
		tlsg:        C.long(numbers["go_tlsg"]),
		g_m:         C.long(numbers["go_g_m"]),
		g_sched_sp:  C.long(numbers["go_g_sched_sp"]),
		g_stack_lo:  C.long(numbers["go_g_stack_lo"]),
		g_stack_hi:  C.long(numbers["go_g_stack_hi"]),
		g_syscallsp: C.long(numbers["go_g_syscallsp"]),
		g_syscallpc: C.long(numbers["go_g_syscallpc"]),
		g_syscallbp: C.long(numbers["go_g_syscallbp"]),
		g_goid:      C.long(numbers["go_g_goid"]),
		g_parent:    C.long(numbers["go_g_parent"]),
		g_gopc:      C.long(numbers["go_g_gopc"]),
		m_g0:        C.long(numbers["go_m_g0"]),
		m_curg:      C.long(numbers["go_m_curg"]),
	}
	var seen C.struct_seen
	C.peek(&at, &seen)
	var out strings.Builder
	for _, line := range []struct {
		name  string
		value C.uintptr_t
	}{
		{"g", seen.g}, {"m", seen.m}, {"m_g0", seen.m_g0}, {"m_curg", seen.m_curg},
		{"curg_m", seen.curg_m}, {"goid", seen.goid}, {"parent", seen.parent},
		{"gopc", seen.gopc}, {"stack_lo", seen.stack_lo},
		{"stack_hi", seen.stack_hi}, {"sched_sp", seen.sched_sp},
		{"syscallsp", seen.syscallsp}, {"syscallpc", seen.syscallpc},
		{"syscallbp", seen.syscallbp}, {"g0_stack_lo", seen.g0_stack_lo},
		{"g0_stack_hi", seen.g0_stack_hi}, {"c_local", seen.c_local},
		{"load_bias", C.load_bias()},
	} {
		fmt.Fprintf(&out, "%s %d\n", line.name, uint64(line.value))
	}
	return out.String()
}

// Word gives the word at an address.
func Word(address uint64) uint64 {
	return uint64(C.word_at(C.uintptr_t(address)))
}
