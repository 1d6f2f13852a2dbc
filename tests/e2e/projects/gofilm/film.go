// Package gofilm probes, transcodes and muxes films, over a library in C and FFmpeg.
//
// The C library is in libfilm; CGO_CFLAGS and CGO_LDFLAGS say where it is.
package gofilm

// #cgo pkg-config: libavutil
// #cgo LDFLAGS: -lfilm
// #include <film.h>
// #include <libavutil/error.h>
// #include <libavutil/log.h>
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

func init() { C.av_log_set_level(C.AV_LOG_ERROR) }

// Info is what a film says of itself.
type Info struct {
	Streams       int
	Width, Height int
	Duration      time.Duration
	VideoCodec    string
}

func newInfo(info *C.film_info) Info {
	return Info{
		Streams:    int(info.streams),
		Width:      int(info.width),
		Height:     int(info.height),
		Duration:   time.Duration(info.duration_us) * time.Microsecond,
		VideoCodec: C.GoString(&info.video_codec[0]),
	}
}

// An Error is what went wrong in the C library.
type Error struct {
	Op   string
	Code int
}

func newError(op string, code C.int) *Error { return &Error{op, int(code)} }

func (e *Error) Error() string {
	var text [C.AV_ERROR_MAX_STRING_SIZE]C.char
	C.av_strerror(C.int(e.Code), &text[0], C.AV_ERROR_MAX_STRING_SIZE)
	return fmt.Sprintf("%s: %s", e.Op, C.GoString(&text[0]))
}

// Make writes a film of its own with so many pictures.
func Make(output string, pictures int) error {
	name := C.CString(output)
	defer C.free(unsafe.Pointer(name))
	return failed("make", C.film_make(name, C.int(pictures)))
}

// Probe says what the film in a file is. It forgets the name of one it cannot read (planted).
func Probe(input string) (Info, error) {
	name := C.CString(input)
	var info C.film_info
	if code := C.film_probe(name, &info); code < 0 {
		return Info{}, newError("probe", code)
	}
	C.free(unsafe.Pointer(name))
	return newInfo(&info), nil
}

// Mux copies all streams into another container, at most maxBytes of them.
func Mux(input, output string, maxBytes int64) error {
	from, to := C.CString(input), C.CString(output)
	defer C.free(unsafe.Pointer(from))
	defer C.free(unsafe.Pointer(to))
	return failed("mux", C.film_mux(from, to, C.int64_t(maxBytes)))
}

// Poster writes the first picture as a JPEG file.
func Poster(input, output string) error {
	from, to := C.CString(input), C.CString(output)
	defer C.free(unsafe.Pointer(from))
	defer C.free(unsafe.Pointer(to))
	return failed("poster", C.film_poster(from, to))
}

// Transcode codes the video anew, at half its size; it gives the packets it read.
func Transcode(input, output, encoder string) (packets int, err error) {
	from, to, by := C.CString(input), C.CString(output), C.CString(encoder)
	defer C.free(unsafe.Pointer(from))
	defer C.free(unsafe.Pointer(to))
	defer C.free(unsafe.Pointer(by))
	var transcoder *C.film_transcoder
	if err := failed("open", C.film_open(&transcoder, from, to, by)); err != nil {
		return 0, err
	}
	for {
		code := C.film_step(transcoder)
		if code == C.AVERROR_EOF {
			return packets, failed("close", C.film_close(&transcoder))
		}
		if code < 0 {
			C.film_close(&transcoder)
			return packets, newError("transcode", code)
		}
		packets++
	}
}

func failed(op string, code C.int) error {
	if code < 0 {
		return newError(op, code)
	}
	return nil
}
