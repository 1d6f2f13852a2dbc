package gofilm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// media is a file of the folder that FILM_MEDIA names.
func media(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("FILM_MEDIA")
	if folder == "" {
		t.Fatal("FILM_MEDIA names no folder")
	}
	return filepath.Join(folder, name)
}

func succeed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refuse(t *testing.T, err error) {
	t.Helper()
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want an Error", err)
	}
	t.Log(refusal)
}

func expect(t *testing.T, got Info, width int, codec string) {
	t.Helper()
	if got.Width != width || got.VideoCodec != codec || got.Duration == 0 {
		t.Fatalf("got %+v, want width %d by %s", got, width, codec)
	}
}

func TestMake(t *testing.T) {
	output := filepath.Join(t.TempDir(), "made.avi")
	succeed(t, Make(output, 10))
	info, err := Probe(output)
	succeed(t, err)
	expect(t, info, 160, "mpeg4")
}

func TestProbe(t *testing.T) {
	info, err := Probe(media(t, "clip.mkv"))
	succeed(t, err)
	expect(t, info, 160, "mpeg4")
}

func TestProbeReader(t *testing.T) {
	file, err := os.Open(media(t, "clip.mkv"))
	succeed(t, err)
	defer file.Close()
	info, err := ProbeReader(file)
	succeed(t, err)
	expect(t, info, 160, "mpeg4")
}

func TestMux(t *testing.T) {
	output := filepath.Join(t.TempDir(), "clip.mov")
	succeed(t, Mux(media(t, "clip.mkv"), output, 1<<30))
	info, err := Probe(output)
	succeed(t, err)
	expect(t, info, 160, "mpeg4")
}

func TestPoster(t *testing.T) {
	succeed(t, Poster(media(t, "clip.mkv"), filepath.Join(t.TempDir(), "poster.jpg")))
}

func TestTranscode(t *testing.T) {
	for _, encoder := range []string{"mjpeg", "mpeg4"} {
		encoder := encoder
		t.Run(encoder, func(t *testing.T) {
			t.Parallel()
			output := filepath.Join(t.TempDir(), "small.mkv")
			packets, err := Transcode(media(t, "clip.mkv"), output, encoder)
			succeed(t, err)
			if packets < 50 {
				t.Fatalf("read %d packets, want 50 or more", packets)
			}
			info, err := Probe(output)
			succeed(t, err)
			expect(t, info, 80, encoder)
		})
	}
}

func TestProbeOfNothing(t *testing.T) {
	_, err := Probe("/no/such/film.mkv")
	refuse(t, err)
}

func TestProbeWithoutVideo(t *testing.T) {
	file, err := os.Open(media(t, "sound.mkv"))
	succeed(t, err)
	defer file.Close()
	_, err = ProbeReader(file)
	refuse(t, err)
}

func TestMuxOfTooMuch(t *testing.T) {
	refuse(t, Mux(media(t, "clip.mkv"), filepath.Join(t.TempDir(), "clip.mov"), 1000))
}

func TestPosterIntoNoFolder(t *testing.T) {
	refuse(t, Poster(media(t, "clip.mkv"), "/no/such/folder/poster.jpg"))
}

func TestUnknownEncoder(t *testing.T) {
	for _, encoder := range []string{"betamax", "vhs"} {
		output := filepath.Join(t.TempDir(), fmt.Sprintf("%s.mkv", encoder))
		_, err := Transcode(media(t, "clip.mkv"), output, encoder)
		refuse(t, err)
	}
}
