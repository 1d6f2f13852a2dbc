package mediaprobe

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// The clips of the tests: one second each, 2500 ticks a second, the same bytes in every run. They
// are built here and not by the muxer, so that the two do not share mistakes.
const (
	clipTimebase = 2500
	frameRate    = 25
	frameWidth   = 64
	frameHeight  = 36
	frameSize    = frameWidth * frameHeight * 3 / 2
	sampleRate   = 48000
)

// clip is a file to be. Its zero value has a header and no streams.
type clip struct {
	announced int // streams the header promises beyond those there are
	streams   []Stream
	extradata map[int][]byte
	tags      [][2]string
	packets   []Packet
}

func videoStream() Stream {
	return Stream{Kind: Video, Codec: CodecRaw, BitDepth: 8,
		Width: frameWidth, Height: frameHeight, Rate: frameRate}
}

func audioStream(codec Codec, channels, packetSamples int) Stream {
	return Stream{Kind: Audio, Codec: codec, BitDepth: 16,
		Channels: channels, Rate: sampleRate, PacketSamples: packetSamples}
}

// addVideo appends a stream of one second.
func (c *clip) addVideo() {
	index := len(c.streams)
	c.streams = append(c.streams, videoStream())
	for i := 0; i < frameRate; i++ {
		c.packets = append(c.packets, Packet{
			Stream: index, PTS: uint64(i * clipTimebase / frameRate),
			Duration: clipTimebase / frameRate, Key: true, Data: noise(index+i, frameSize)})
	}
}

// addAudio appends a stream of the given number of packets.
func (c *clip) addAudio(codec Codec, channels, packetSamples, packets int) {
	index := len(c.streams)
	c.streams = append(c.streams, audioStream(codec, channels, packetSamples))
	duration := packetSamples * clipTimebase / sampleRate
	for i := 0; i < packets; i++ {
		c.packets = append(c.packets, Packet{
			Stream: index, PTS: uint64(i * duration), Duration: uint32(duration),
			Key: true, Data: noise(index+i, packetSamples*channels*2)})
	}
}

// noise returns bytes that depend on seed alone.
func noise(seed, size int) []byte {
	data := make([]byte, size)
	state := uint32(seed)*2654435761 + 1
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return data
}

// write makes the file in the test's own folder and returns its path.
func (c *clip) write(t *testing.T, name string) string {
	t.Helper()
	return writeFile(t, name, c.bytes())
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (c *clip) bytes() []byte {
	var file bytes.Buffer
	file.Write(c.header())
	for _, packet := range c.packets {
		flags := byte(0)
		if packet.Key {
			flags = 1
		}
		value := binary.BigEndian.AppendUint64(nil, packet.PTS)
		value = binary.BigEndian.AppendUint32(value, packet.Duration)
		file.Write(item(0x10, byte(packet.Stream), flags, append(value, packet.Data...)))
	}
	file.Write(item(0x20, 0, 0, binary.BigEndian.AppendUint32(nil, uint32(len(c.packets)))))
	return file.Bytes()
}

// header is everything up to the first packet.
func (c *clip) header() []byte {
	value := binary.BigEndian.AppendUint16(nil, 1)
	value = binary.BigEndian.AppendUint16(value, uint16(len(c.streams)+c.announced))
	value = binary.BigEndian.AppendUint32(value, clipTimebase)
	value = binary.BigEndian.AppendUint64(value, clipTimebase)
	header := item(0x01, 0, 0, value)
	for i, stream := range c.streams {
		header = append(header, item(0x02, byte(i), 0, streamValue(stream, c.extradata[i]))...)
	}
	for _, tag := range c.tags {
		header = append(header, item(0x03, 0, 0,
			[]byte(string(rune(len(tag[0])))+tag[0]+tag[1]))...)
	}
	return append(header, item(0x0f, 0, 0, nil)...)
}

func streamValue(s Stream, extradata []byte) []byte {
	value := append([]byte(s.Codec), byte(s.Kind), byte(s.BitDepth))
	value = binary.BigEndian.AppendUint16(value, uint16(s.Channels))
	for _, number := range []int{s.Width, s.Height, s.Rate, s.PacketSamples} {
		value = binary.BigEndian.AppendUint32(value, uint32(number))
	}
	return append(value, extradata...)
}

// item is one key-length-value item; klv.h describes it.
func item(kind, stream, flags byte, value []byte) []byte {
	key := append([]byte("\x06\x0e\x2b\x34mediaprb"), kind, stream, flags, 1)
	length := binary.BigEndian.AppendUint32(nil, uint32(len(value))|0x83<<24)
	return append(append(key, length...), value...)
}
