// Package leaky loses memory of C, each function its own way.
package leaky

// #include "leaky.h"
import "C"

// LoseBlocks loses count blocks of one size.
func LoseBlocks(count, bytes int) { C.lose_blocks(C.int(count), C.size_t(bytes)) }

// LoseList loses the head of a list, and with it all nodes.
func LoseList(nodes int) { C.lose_list(C.int(nodes)) }

// LoseString forgets to free what C.CString allocated.
func LoseString(text string) { C.CString(text) }
