package mediaprobe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// transcode runs Transcode and returns what Probe says of the output, nil when it is a folder.
func transcode(t *testing.T, params Params, want Summary) *Info {
	t.Helper()
	got, err := Transcode(context.Background(), params)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if params.SegmentPackets > 0 {
		return nil
	}
	info, err := Probe(params.Output)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestMXF_H265MezMaker(t *testing.T) {
	var source clip
	source.addVideo()
	source.addAudio(CodecAAC, 2, 1024, 10)
	params := Params{
		Input:      source.write(t, "camera.mxf"),
		Output:     filepath.Join(t.TempDir(), "mez.mxf"),
		VideoCodec: CodecH265,
	}
	info := transcode(t, params, Summary{VideoPackets: frameRate, Files: 1})
	want := videoStream()
	want.Codec, want.BitDepth = CodecH265, 10
	if !reflect.DeepEqual(info.Streams, []Stream{want}) {
		t.Errorf("got %+v, want %+v", info.Streams, want)
	}
	for i, packet := range readAll(t, params.Output)[0] {
		if len(packet.Data) != frameSize/4*5 {
			t.Errorf("picture %d has %d bytes, want %d", i, len(packet.Data), frameSize/4*5)
		}
	}
}

func TestAudioAAC2AACMezMaker(t *testing.T) {
	for _, tt := range []struct {
		name     string
		channels int
	}{
		{"mono", 1},
		{"stereo", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var source clip
			source.addAudio(CodecAAC, tt.channels, 1024, 47)
			params := Params{
				Input:      source.write(t, "audio.mxf"),
				Output:     filepath.Join(t.TempDir(), "mez.mxf"),
				AudioCodec: CodecAAC,
			}
			info := transcode(t, params, Summary{AudioPackets: 47, Files: 1})
			if !reflect.DeepEqual(info.Streams, source.streams) {
				t.Errorf("got %+v, want %+v", info.Streams, source.streams)
			}
			for i, packet := range readAll(t, params.Output)[0] {
				if packet.PTS != source.packets[i].PTS {
					t.Errorf("packet %d is at %d, want %d", i, packet.PTS, source.packets[i].PTS)
				}
			}
		})
	}
}

func TestMultiAudioXcode(t *testing.T) {
	const tracks, packets = 4, 31
	var source clip
	source.addVideo()
	for i := 0; i < tracks; i++ {
		source.addAudio(CodecAC3, 2, 1536, packets)
	}
	params := Params{
		Input:      source.write(t, "broadcast.mxf"),
		Output:     filepath.Join(t.TempDir(), "tracks.mxf"),
		AudioCodec: CodecAAC,
	}
	info := transcode(t, params, Summary{AudioPackets: tracks * packets, Files: 1})
	if len(info.Streams) != tracks {
		t.Fatalf("got %d streams, want %d", len(info.Streams), tracks)
	}
	for track, got := range readAll(t, params.Output) {
		if len(got) != packets {
			t.Errorf("track %d has %d packets, want %d", track, len(got), packets)
		}
	}
}

func TestHLSVideoOnly(t *testing.T) {
	var source clip
	source.addVideo()
	source.addAudio(CodecAAC, 2, 1024, 10)
	folder := t.TempDir()
	transcode(t, Params{
		Input:          source.write(t, "camera.mxf"),
		Output:         folder,
		VideoCodec:     CodecH264,
		SegmentPackets: 10,
	}, Summary{VideoPackets: frameRate, Files: 3})
	playlist, err := os.ReadFile(filepath.Join(folder, "index.m3u8"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "#EXTM3U\n#EXT-X-VERSION:3\n" +
		"#EXTINF:0.400,\nsegment-00001.mxf\n" +
		"#EXTINF:0.400,\nsegment-00002.mxf\n" +
		"#EXTINF:0.200,\nsegment-00003.mxf\n" +
		"#EXT-X-ENDLIST\n"
	if string(playlist) != want {
		t.Errorf("got playlist\n%s\nwant\n%s", playlist, want)
	}
	for name, packets := range map[string]int{
		"segment-00001.mxf": 10, "segment-00002.mxf": 10, "segment-00003.mxf": 5,
	} {
		if got := len(readAll(t, filepath.Join(folder, name))[0]); got != packets {
			t.Errorf("%s has %d packets, want %d", name, got, packets)
		}
	}
}

func TestXcodeErrorPath(t *testing.T) {
	var source clip
	source.addVideo()
	source.addAudio(CodecAAC, 2, 1024, 10)
	damaged := source
	damaged.packets = append([]Packet(nil), source.packets...)
	damaged.packets[7].Data = []byte("not a picture")
	whole := source.write(t, "whole.mxf")
	for _, tt := range []struct {
		name   string
		params Params
		want   error
	}{
		{"nothing_wanted", Params{Input: whole}, ErrNotFound},
		{"unknown_codec", Params{Input: whole, VideoCodec: "av01"}, ErrUnsupported},
		{"codec_of_two_characters", Params{Input: whole, VideoCodec: "av"}, ErrUnsupported},
		{"damaged_picture", Params{Input: damaged.write(t, "damaged.mxf"),
			VideoCodec: CodecH264, AudioCodec: CodecAAC}, ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.params.Output = filepath.Join(t.TempDir(), "out.mxf")
			_, err := Transcode(context.Background(), tt.params)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := Transcode(ctx, Params{Input: whole, VideoCodec: CodecH264, AudioCodec: CodecAAC,
			Output: filepath.Join(t.TempDir(), "out.mxf")})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func TestFramePool(t *testing.T) {
	var source clip
	source.addVideo()
	params := Params{Input: source.write(t, "camera.mxf"), VideoCodec: CodecH264}
	before := FramePoolStats()
	for _, name := range []string{"first.mxf", "second.mxf"} {
		params.Output = filepath.Join(t.TempDir(), name)
		transcode(t, params, Summary{VideoPackets: frameRate, Files: 1})
	}
	after := FramePoolStats()
	allocated, reused := after.Allocated-before.Allocated, after.Reused-before.Reused
	if allocated > 1 || allocated+reused != 2*frameRate {
		t.Errorf("%d pictures allocated, %d reused, want at most 1 of %d allocated",
			allocated, reused, 2*frameRate)
	}
	if after.Idle == 0 {
		t.Error("no picture went back to the pool")
	}
}
