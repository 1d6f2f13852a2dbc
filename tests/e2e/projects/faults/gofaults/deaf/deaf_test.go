package deaf

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
)

func TestDeaf(t *testing.T) {
	Lose()
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
	id := strconv.Itoa(os.Getpid()) + "\n"
	if err := os.WriteFile(os.Getenv("MEETING_PLACE"), []byte(id), 0o600); err != nil {
		t.Fatal(err)
	}
	select {}
}
