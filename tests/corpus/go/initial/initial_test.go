package initial

import "testing"

func TestReady(t *testing.T) {
	if !Ready() {
		t.Error("the settings were not read")
	}
}
