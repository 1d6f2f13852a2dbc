package mediaprobe

// #include "context.h"
import "C"

import (
	"encoding/binary"
	"fmt"
)

// Kind says whether a stream is seen or heard.
type Kind uint8

// The kinds of stream.
const (
	Video Kind = C.MP_KIND_VIDEO
	Audio Kind = C.MP_KIND_AUDIO
)

func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// Codec is a codec's name of four characters, as in MP4 files. The empty Codec is none.
type Codec string

// The codecs this package has a use for.
const (
	CodecRaw  Codec = "I420"
	CodecH264 Codec = "avc1"
	CodecH265 Codec = "hevc"
	CodecAAC  Codec = "mp4a"
	CodecAC3  Codec = "ac-3"
)

// fourCC is the codec's name as the C library has it: one number, 0 for none.
func (c Codec) fourCC() (C.uint32_t, error) {
	switch len(c) {
	case 0:
		return 0, nil
	case 4:
		return C.uint32_t(binary.BigEndian.Uint32([]byte(c))), nil
	default:
		return 0, fmt.Errorf("codec %q: %w", string(c), ErrUnsupported)
	}
}

func codecOf(fourCC C.uint32_t) Codec {
	return Codec(binary.BigEndian.AppendUint32(nil, uint32(fourCC)))
}

// Stream describes one stream of a file.
type Stream struct {
	Kind          Kind
	Codec         Codec
	BitDepth      int // of a sample as it is stored
	Width, Height int // pixels; video
	Channels      int // audio
	Rate          int // frames or samples a second
	PacketSamples int // samples of each channel in a packet; audio
	ExtradataSize int // bytes of codec configuration; ignored when writing
}

func streamOf(info *C.mp_stream_info) Stream {
	return Stream{
		Kind:          Kind(info.kind),
		Codec:         codecOf(info.codec),
		BitDepth:      int(info.bit_depth),
		Width:         int(info.width),
		Height:        int(info.height),
		Channels:      int(info.channels),
		Rate:          int(info.rate),
		PacketSamples: int(info.packet_samples),
		ExtradataSize: int(info.extradata_size),
	}
}

func (s Stream) info() (C.mp_stream_info, error) {
	codec, err := s.Codec.fourCC()
	return C.mp_stream_info{
		codec:          codec,
		kind:           C.uint8_t(s.Kind),
		bit_depth:      C.uint8_t(s.BitDepth),
		channels:       C.uint16_t(s.Channels),
		width:          C.uint32_t(s.Width),
		height:         C.uint32_t(s.Height),
		rate:           C.uint32_t(s.Rate),
		packet_samples: C.uint32_t(s.PacketSamples),
	}, err
}
