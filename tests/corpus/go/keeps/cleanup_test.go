//go:build go1.24

package keeps

import (
	"runtime"
	"testing"
)

func TestAddCleanup(t *testing.T) {
	for i := 0; i < 10; i++ {
		block := NewBlock(250)
		runtime.AddCleanup(block, FreeMemory, Data(block))
		*block.First() = byte(i)
	}
}
