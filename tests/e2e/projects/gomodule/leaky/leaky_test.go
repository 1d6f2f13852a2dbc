package leaky

import "testing"

func TestBlocks(t *testing.T) { LoseBlocks(3, 40) }

func TestList(t *testing.T) { LoseList(4) }

func TestString(t *testing.T) { LoseString("hello") }

func TestSubtest(t *testing.T) {
	t.Run("inner", func(t *testing.T) { LoseBlocks(2, 7) })
}

func TestNothing(t *testing.T) { LoseBlocks(0, 1) }
