package mediaprobe

// #include <stdlib.h>
// #include "mux.h"
import "C"

import (
	"fmt"
	"io"
	"unsafe"
)

// MaxPacketSize is the largest packet that can be read or written, in bytes.
const MaxPacketSize = C.MP_PACKET_MAX

// Packet is one coded picture, or one block of audio.
type Packet struct {
	Stream   int
	PTS      uint64 // presentation time in ticks
	Duration uint32 // in ticks
	Key      bool   // decodable without an earlier packet
	Data     []byte
}

// Muxer writes a file. It is not safe for use by several goroutines at once.
type Muxer struct {
	path   string
	handle *C.mp_muxer // nil when closed
	packet C.mp_packet // reused by all calls of Write
}

// NewMuxer creates or empties the file at path and writes its header. The caller must call Close
// or Abort.
func NewMuxer(path string, timebase int, streams ...Stream) (*Muxer, error) {
	if len(streams) == 0 || len(streams) > C.MP_MAX_STREAMS || timebase <= 0 {
		return nil, &Error{Op: "mux", Path: path, Err: ErrUnsupported,
			Detail: fmt.Sprintf("%d streams, %d ticks a second", len(streams), timebase)}
	}
	infos := make([]C.mp_stream_info, len(streams))
	for i, stream := range streams {
		info, err := stream.info()
		if err != nil {
			return nil, &Error{Op: "mux", Path: path, Err: err}
		}
		infos[i] = info
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var failure C.mp_error
	handle := C.mp_mux_open(cpath, &infos[0], C.uint32_t(len(infos)), C.uint32_t(timebase), &failure)
	if handle == nil {
		return nil, newError("mux", path, &failure)
	}
	return &Muxer{path: path, handle: handle}, nil
}

// Write appends a packet.
func (m *Muxer) Write(packet Packet) error {
	if m.handle == nil {
		return &Error{Op: "mux", Path: m.path, Err: ErrClosed}
	}
	if len(packet.Data) > MaxPacketSize || packet.Stream < 0 || packet.Stream >= C.MP_MAX_STREAMS {
		return &Error{Op: "mux", Path: m.path, Err: ErrUnsupported,
			Detail: fmt.Sprintf("packet of %d bytes for stream %d", len(packet.Data), packet.Stream)}
	}
	m.packet.pts = C.uint64_t(packet.PTS)
	m.packet.duration = C.uint32_t(packet.Duration)
	m.packet.stream = C.uint8_t(packet.Stream)
	m.packet.is_key = 0
	if packet.Key {
		m.packet.is_key = 1
	}
	m.packet.size = C.uint32_t(len(packet.Data))
	copy(unsafe.Slice((*byte)(&m.packet.data[0]), MaxPacketSize), packet.Data)
	var failure C.mp_error
	if C.mp_mux_write(m.handle, &m.packet, &failure) != C.MP_OK {
		return newError("mux", m.path, &failure)
	}
	return nil
}

// Close completes the file.
func (m *Muxer) Close() error {
	if m.handle == nil {
		return &Error{Op: "mux", Path: m.path, Err: ErrClosed}
	}
	handle := m.handle
	m.handle = nil
	var failure C.mp_error
	if C.mp_mux_close(handle, &failure) != C.MP_OK {
		return newError("mux", m.path, &failure)
	}
	return nil
}

// Abort leaves the file incomplete. After Close it does nothing, so it can be deferred.
func (m *Muxer) Abort() {
	C.mp_mux_abort(m.handle)
	m.handle = nil
}

// Reader reads the packets of a file. It is not safe for use by several goroutines at once.
type Reader struct {
	path   string
	handle *C.mp_demuxer // nil when closed
	packet C.mp_packet   // reused by all calls of Next
}

// NewReader opens the file at path and reads its header. The caller must call Close.
func NewReader(path string) (*Reader, error) {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var failure C.mp_error
	handle := C.mp_demux_open(cpath, &failure)
	if handle == nil {
		return nil, newError("read", path, &failure)
	}
	return &Reader{path: path, handle: handle}, nil
}

// Next returns the next packet, or io.EOF after the last. The packet is the caller's.
func (r *Reader) Next() (Packet, error) {
	if r.handle == nil {
		return Packet{}, &Error{Op: "read", Path: r.path, Err: ErrClosed}
	}
	var failure C.mp_error
	switch C.mp_demux_next(r.handle, &r.packet, &failure) {
	case C.MP_OK:
		return packetOf(&r.packet), nil
	case C.MP_EOF:
		return Packet{}, io.EOF
	default:
		return Packet{}, newError("read", r.path, &failure)
	}
}

func packetOf(packet *C.mp_packet) Packet {
	return Packet{
		Stream:   int(packet.stream),
		PTS:      uint64(packet.pts),
		Duration: uint32(packet.duration),
		Key:      packet.is_key != 0,
		Data:     C.GoBytes(unsafe.Pointer(&packet.data[0]), C.int(packet.size)),
	}
}

// Close closes the file. A second call does nothing.
func (r *Reader) Close() error {
	C.mp_demux_close(r.handle)
	r.handle = nil
	return nil
}
