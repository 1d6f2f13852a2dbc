package indirect_test

import (
	"testing"

	"example.com/gomodule/leaky"
)

func TestThroughAnotherPackage(t *testing.T) { leaky.LoseBlocks(1, 55) }
