package mediaprobe

// #include <stdlib.h>
// #include "frame.h"
// #include "xcode.h"
import "C"

import (
	"context"
	"unsafe"
)

// Params say what Transcode is to make.
type Params struct {
	Input string
	// Output is the file to write, or with SegmentPackets an existing folder.
	Output string
	// VideoCodec is CodecH264 or CodecH265; the empty one drops video.
	VideoCodec Codec
	// AudioCodec is CodecAAC; the empty one drops audio.
	AudioCodec Codec
	// SegmentPackets above 0 asks for HLS: segments of that many packets and index.m3u8.
	SegmentPackets int
}

func (p Params) convert() (params C.mp_xcode_params, err error) {
	if p.SegmentPackets < 0 {
		return params, ErrUnsupported
	}
	params.segment_packets = C.uint32_t(p.SegmentPackets)
	if params.video_codec, err = p.VideoCodec.fourCC(); err != nil {
		return params, err
	}
	params.audio_codec, err = p.AudioCodec.fourCC()
	return params, err
}

// Summary counts what Transcode did.
type Summary struct {
	VideoPackets, AudioPackets int
	Files                      int // written, without the playlist
}

// Transcode reads the input to its end, or until ctx is done; what was written by then is
// complete and playable. Pictures are coded here, each audio track on a thread of its own.
func Transcode(ctx context.Context, p Params) (summary Summary, err error) {
	params, err := p.convert()
	if err != nil {
		return summary, &Error{Op: "transcode", Path: p.Input, Err: err}
	}
	input, output := C.CString(p.Input), C.CString(p.Output)
	defer C.free(unsafe.Pointer(input))
	defer C.free(unsafe.Pointer(output))
	var failure C.mp_error
	xcoder := C.mp_xcode_open(input, output, &params, &failure)
	if xcoder == nil {
		return summary, newError("transcode", p.Input, &failure)
	}
	defer func() {
		var result C.mp_xcode_summary
		if C.mp_xcode_finish(xcoder, &result, &failure) != C.MP_OK && err == nil {
			err = newError("transcode", p.Input, &failure)
		}
		summary = Summary{int(result.video_packets), int(result.audio_packets), int(result.files)}
	}()
	for ctx.Err() == nil {
		switch C.mp_xcode_step(xcoder, &failure) {
		case C.MP_OK:
		case C.MP_EOF:
			return summary, nil
		default:
			return summary, newError("transcode", p.Input, &failure)
		}
	}
	return summary, ctx.Err()
}

// PoolStats counts what the pool of decoded pictures did; the whole process shares it.
type PoolStats struct {
	Allocated, Reused uint64
	Idle              int // pictures waiting for reuse
}

// FramePoolStats returns the numbers so far.
func FramePoolStats() PoolStats {
	stats := C.mp_pool_get_stats()
	return PoolStats{uint64(stats.allocated), uint64(stats.reused), int(stats.idle)}
}
