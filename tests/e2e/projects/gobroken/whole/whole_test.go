package whole

import "testing"

func TestNumber(t *testing.T) { Number() }
