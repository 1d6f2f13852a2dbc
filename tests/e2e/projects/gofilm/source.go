package gofilm

// #include <errno.h>
// #include <libavutil/error.h>
// #include "source.h"
import "C"

import (
	"io"
	"runtime/cgo"
	"unsafe"
)

// The whence of a seek that asks for the size, FFmpeg's AVSEEK_SIZE.
const seekSize = 0x10000

// ProbeReader says what the film is that reader reads.
func ProbeReader(reader io.ReadSeeker) (Info, error) {
	handle := cgo.NewHandle(reader)
	defer handle.Delete()
	var info C.film_info
	if code := C.probe_go(C.uintptr_t(handle), &info); code < 0 {
		return Info{}, newError("probe", code)
	}
	return newInfo(&info), nil
}

//export filmRead
func filmRead(handle C.uintptr_t, buffer *C.uint8_t, size C.int) C.int {
	reader := cgo.Handle(handle).Value().(io.Reader)
	n, err := reader.Read(unsafe.Slice((*byte)(buffer), int(size)))
	switch {
	case n > 0:
		return C.int(n)
	case err == io.EOF:
		return C.AVERROR_EOF
	}
	return -C.EIO
}

//export filmSeek
func filmSeek(handle C.uintptr_t, offset C.int64_t, whence C.int) C.int64_t {
	if whence == seekSize {
		return -1
	}
	seeker := cgo.Handle(handle).Value().(io.Seeker)
	position, err := seeker.Seek(int64(offset), int(whence))
	if err != nil {
		return -1
	}
	return C.int64_t(position)
}
