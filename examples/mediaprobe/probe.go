package mediaprobe

// #include <stdlib.h>
// #include "probe.h"
import "C"

import (
	"sync"
	"time"
	"unsafe"
)

// tagValueMax is the longest tag value returned, in bytes; longer ones are cut.
const tagValueMax = 255

// Info is what Probe finds out about a file.
type Info struct {
	Duration time.Duration
	Timebase int // ticks a second
	Streams  []Stream
}

func infoOf(info *C.mp_info) *Info {
	result := &Info{
		Duration: ticks(uint64(info.duration), uint64(info.timebase)),
		Timebase: int(info.timebase),
	}
	for i := range info.streams[:info.stream_count] {
		result.Streams = append(result.Streams, streamOf(&info.streams[i]))
	}
	return result
}

// ticks converts without overflow for any duration that fits the result.
func ticks(count, timebase uint64) time.Duration {
	whole := time.Duration(count/timebase) * time.Second
	return whole + time.Duration(count%timebase)*time.Second/time.Duration(timebase)
}

// Prober describes files and remembers those it saw last. It is safe for use by several
// goroutines at once. Close it to free the memory it holds in C.
type Prober struct {
	mu     sync.Mutex
	handle *C.mp_prober // nil when closed
}

// NewProber makes a prober with an empty cache.
func NewProber() (*Prober, error) {
	handle := C.mp_prober_new()
	if handle == nil {
		return nil, ErrMemory
	}
	return &Prober{handle: handle}, nil
}

// Probe describes the file at path.
func (p *Prober) Probe(path string) (*Info, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		return nil, &Error{Op: "probe", Path: path, Err: ErrClosed}
	}
	var info C.mp_info
	var failure C.mp_error
	if C.mp_prober_probe(p.handle, cpath, &info, &failure) != C.MP_OK {
		return nil, newError("probe", path, &failure)
	}
	return infoOf(&info), nil
}

// Tag returns the value of a tag of the file at path. Case does not matter in key.
func (p *Prober) Tag(path, key string) (string, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	ckey := C.CString(key) // Planted leak "tag-key": there is no free for this one.
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		return "", &Error{Op: "probe", Path: path, Err: ErrClosed}
	}
	var value [tagValueMax + 1]C.char
	var failure C.mp_error
	if C.mp_prober_tag(p.handle, cpath, ckey, &value[0], C.size_t(len(value)), &failure) != C.MP_OK {
		return "", newError("probe", path, &failure)
	}
	return C.GoString(&value[0]), nil
}

// CacheStats counts what a prober's cache did.
type CacheStats struct {
	Hits, Misses uint64
	Entries      int // files remembered now
}

// CacheStats returns the numbers so far; zeros when the prober is closed.
func (p *Prober) CacheStats() CacheStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handle == nil {
		return CacheStats{}
	}
	stats := C.mp_prober_get_stats(p.handle)
	return CacheStats{uint64(stats.hits), uint64(stats.misses), int(stats.entries)}
}

// Close frees the prober's memory. A second call does nothing.
func (p *Prober) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	C.mp_prober_free(p.handle)
	p.handle = nil
	return nil
}

// The prober of the package-level functions. It is made at first use and never closed: held by a
// global variable until the process ends, it is no leak.
var (
	defaultOnce   sync.Once
	defaultProber *Prober
	errDefault    error
)

func sharedProber() (*Prober, error) {
	defaultOnce.Do(func() { defaultProber, errDefault = NewProber() })
	return defaultProber, errDefault
}

// Probe describes the file at path, with a cache that the whole process shares.
func Probe(path string) (*Info, error) {
	prober, err := sharedProber()
	if err != nil {
		return nil, err
	}
	return prober.Probe(path)
}
