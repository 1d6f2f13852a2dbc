package mediaprobe

import (
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// readAll returns the packets of a file, apart for each stream.
func readAll(t *testing.T, path string) map[int][]Packet {
	t.Helper()
	reader, err := NewReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	packets := map[int][]Packet{}
	for {
		packet, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		packets[packet.Stream] = append(packets[packet.Stream], packet)
	}
}

func TestMuxRoundTrip(t *testing.T) {
	var source clip
	source.addVideo()
	source.addAudio(CodecAAC, 2, 1024, 10)
	path := filepath.Join(t.TempDir(), "muxed.mxf")
	muxer, err := NewMuxer(path, clipTimebase, source.streams...)
	if err != nil {
		t.Fatal(err)
	}
	defer muxer.Abort()
	want := map[int][]Packet{}
	for _, packet := range source.packets {
		if err := muxer.Write(packet); err != nil {
			t.Fatal(err)
		}
		want[packet.Stream] = append(want[packet.Stream], packet)
	}
	if err := muxer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, path); !reflect.DeepEqual(got, want) {
		t.Error("the packets read are not those written")
	}
	info, err := Probe(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Duration != time.Second || !reflect.DeepEqual(info.Streams, source.streams) {
		t.Errorf("got %+v, want one second of %+v", info, source.streams)
	}
}

func TestMuxErrorPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "muxed.mxf")
	t.Run("no_streams", func(t *testing.T) {
		if _, err := NewMuxer(path, clipTimebase); !errors.Is(err, ErrUnsupported) {
			t.Errorf("got %v, want %v", err, ErrUnsupported)
		}
	})
	t.Run("no_such_folder", func(t *testing.T) {
		_, err := NewMuxer(filepath.Join(path, "x"), clipTimebase, videoStream())
		if err == nil {
			t.Error("got no error")
		}
	})
	t.Run("aborted", func(t *testing.T) {
		muxer, err := NewMuxer(path, clipTimebase, videoStream())
		if err != nil {
			t.Fatal(err)
		}
		if err := muxer.Write(Packet{Stream: 1}); !errors.Is(err, ErrFormat) {
			t.Errorf("got %v, want %v", err, ErrFormat)
		}
		muxer.Abort()
		if err := muxer.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}
