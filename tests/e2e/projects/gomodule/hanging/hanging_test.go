package hanging

import "testing"

func TestHangs(t *testing.T) { Wait() }
