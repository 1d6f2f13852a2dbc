// Package meeting has tests that wait for each other.
package meeting

import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Meet says that it is there, and waits until the other one is.
func Meet(own, other string) error {
	place := os.Getenv("MEETING_PLACE")
	if err := os.WriteFile(filepath.Join(place, own), []byte(fmt.Sprint(os.Getpid())), 0o600); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(place, other)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s did not come", other)
}
