package mediaprobe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	stereo := audioStream(CodecAAC, 2, 1024)
	ac3 := audioStream(CodecAC3, 6, 1536)
	for _, tt := range []struct {
		name    string
		streams []Stream
	}{
		{"video", []Stream{videoStream()}},
		{"audio", []Stream{stereo}},
		{"video_and_three_tracks", []Stream{videoStream(), stereo, stereo, ac3}},
		{"no_streams", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := clip{streams: tt.streams, tags: [][2]string{{"title", "Probe"}}}
			info, err := Probe(source.write(t, "probe.mxf"))
			if err != nil {
				t.Fatal(err)
			}
			want := &Info{Duration: time.Second, Timebase: clipTimebase, Streams: tt.streams}
			if !reflect.DeepEqual(info, want) {
				t.Errorf("got %+v, want %+v", info, want)
			}
		})
	}
}

func TestProbeErrorPath(t *testing.T) {
	whole := clip{streams: []Stream{videoStream(), audioStream(CodecAAC, 2, 1024)}}
	missing := clip{
		streams:   whole.streams,
		extradata: map[int][]byte{0: noise(0, 40), 1: noise(1, 5)},
		announced: 1,
	}
	crowd := clip{streams: make([]Stream, 17)}
	for i := range crowd.streams {
		crowd.streams[i] = audioStream(CodecAAC, 1, 1024)
	}
	for _, tt := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"empty", nil, ErrTruncated},
		{"not_a_media_file", []byte("GIF89a, one might think, but it is plain text"), ErrFormat},
		{"cut_in_a_key", whole.header()[:30], ErrTruncated},
		{"cut_in_a_stream", whole.header()[:70], ErrTruncated},
		{"cut_before_the_body", whole.header()[:len(whole.header())-20], ErrTruncated},
		{"too_many_streams", crowd.header(), ErrUnsupported},
		{"stream_missing", missing.header(), ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, tt.name+".mxf", tt.content)
			info, err := Probe(path)
			if info != nil || !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v, want %v", info, err, tt.want)
			}
			var failure *Error
			if !errors.As(err, &failure) || failure.Path != path || failure.Detail == "" {
				t.Errorf("%#v does not say what happened to which file", err)
			}
		})
	}
	t.Run("no_such_file", func(t *testing.T) {
		_, err := Probe(filepath.Join(t.TempDir(), "none.mxf"))
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want %v", err, fs.ErrNotExist)
		}
	})
}

func TestProbeTags(t *testing.T) {
	prober, err := NewProber()
	if err != nil {
		t.Fatal(err)
	}
	defer prober.Close()
	source := clip{tags: [][2]string{{"title", "Big Buck Bunny"}, {"reel_name", "A001"}}}
	path := source.write(t, "tags.mxf")
	for _, tt := range []struct {
		key, want string
		wantErr   error
	}{
		{"title", "Big Buck Bunny", nil},
		{"REEL_NAME", "A001", nil},
		{"operator", "", ErrNotFound},
	} {
		got, err := prober.Tag(path, tt.key)
		if got != tt.want || !errors.Is(err, tt.wantErr) {
			t.Errorf("tag %s: got %q, %v, want %q, %v", tt.key, got, err, tt.want, tt.wantErr)
		}
	}
}

func TestProbeCache(t *testing.T) {
	prober, err := NewProber()
	if err != nil {
		t.Fatal(err)
	}
	defer prober.Close()
	source := clip{streams: []Stream{videoStream()}}
	folder := t.TempDir()
	paths := make([]string, 10)
	for i := range paths {
		paths[i] = filepath.Join(folder, fmt.Sprintf("clip-%d.mxf", i))
		if err := os.WriteFile(paths[i], source.bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(t *testing.T, path string, streams int, want CacheStats) {
		t.Helper()
		info, err := prober.Probe(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := prober.CacheStats(); len(info.Streams) != streams || got != want {
			t.Errorf("got %d streams, %+v, want %d, %+v", len(info.Streams), got, streams, want)
		}
	}
	t.Run("second_probe_hits", func(t *testing.T) {
		expect(t, paths[0], 1, CacheStats{Hits: 0, Misses: 1, Entries: 1})
		expect(t, paths[0], 1, CacheStats{Hits: 1, Misses: 1, Entries: 1})
	})
	t.Run("changed_file_is_read_again", func(t *testing.T) {
		source.streams = append(source.streams, audioStream(CodecAAC, 2, 1024))
		if err := os.WriteFile(paths[0], source.bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		expect(t, paths[0], 2, CacheStats{Hits: 1, Misses: 2, Entries: 1})
	})
	t.Run("oldest_is_dropped", func(t *testing.T) {
		for i, path := range paths[1:] {
			entries := i + 2
			if entries > 8 {
				entries = 8
			}
			expect(t, path, 1, CacheStats{Hits: 1, Misses: uint64(3 + i), Entries: entries})
		}
		expect(t, paths[0], 2, CacheStats{Hits: 1, Misses: 12, Entries: 8})
	})
	t.Run("closed", func(t *testing.T) {
		if err := prober.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := prober.Probe(paths[0]); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}
