package threads

import "testing"

func TestOne(t *testing.T) { LoseOnThread(100) }

func TestTwo(t *testing.T) {
	t.Run("large", func(t *testing.T) { LoseOnThread(2000) })
	t.Run("small", func(t *testing.T) { LoseOnThread(200) })
}

func TestNone(t *testing.T) {}

func FuzzSeeds(f *testing.F) {
	f.Add(40)
	f.Fuzz(func(t *testing.T, bytes int) { LoseOnThread(bytes) })
}

func BenchmarkNeverRuns(b *testing.B) { LoseOnThread(5000) }

func ExampleLoseOnThread() {
	LoseOnThread(60)
	// Output:
}
