package keeps

/*
#include "native.h"
*/
import "C"

// Pool is a list of free blocks that C keeps.
type Pool struct{ free *C.struct_pool }

// NewPool fills a pool, which is never freed, with so many blocks.
func NewPool(blocks, bytes int) *Pool {
	return &Pool{free: C.new_pool(C.int(blocks), C.size_t(bytes))}
}

// Get takes a block out.
func (p *Pool) Get() *Block { return &Block{name: "pooled", data: C.pool_get(p.free)} }

// Put gives it back.
func (p *Pool) Put(b *Block) {
	C.pool_put(p.free, b.data)
	b.data = nil
}
