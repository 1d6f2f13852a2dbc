package failing

import "testing"

func TestFailsAndLeaks(t *testing.T) {
	Lose(77)
	t.Fatal("failed on purpose")
}
