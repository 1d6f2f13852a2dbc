package gorepeat

import "testing"

func TestEach(t *testing.T) { LoseEach(2) }

// As many as there are runs, so that the number alone does not tell.
func TestOnce(t *testing.T) { LoseOnce(4) }
