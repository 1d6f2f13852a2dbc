package busy

import (
	"corpus/keeps"
	"testing"
	"time"
)

// Goroutines that go on working while the program ends.
func TestBusyWorkers(t *testing.T) {
	for i := 0; i < 4; i++ {
		go func() {
			for {
				block := keeps.NewBlock(251)
				*block.First() = 1
				block.Free()
			}
		}()
	}
	time.Sleep(20 * time.Millisecond)
}

// A producer hands blocks over to a consumer, which frees them.
func TestBusyPipeline(t *testing.T) {
	blocks := make(chan *keeps.Block, 8)
	go func() {
		for {
			blocks <- keeps.NewBlock(252)
		}
	}()
	go func() {
		for block := range blocks {
			block.Free()
		}
	}()
	time.Sleep(20 * time.Millisecond)
}

// Blocks go back and forth between a pool in C and a goroutine.
func TestBusyRecycling(t *testing.T) {
	pool := keeps.NewPool(16, 253)
	go func() {
		var held [4]*keeps.Block
		for i := 0; ; i++ {
			if held[i%4] != nil {
				pool.Put(held[i%4])
			}
			held[i%4] = pool.Get()
			*held[i%4].First()++
		}
	}()
	time.Sleep(20 * time.Millisecond)
}
