package meeting

import "testing"

func speak(t *testing.T, own, other string) {
	println(own, "1")
	if err := Meet(own, other); err != nil {
		t.Fatal(err)
	}
	println(own, "2")
}

func TestLeft(t *testing.T) { speak(t, "left", "right") }

func TestRight(t *testing.T) { speak(t, "right", "left") }

func TestAlone(t *testing.T) { speak(t, "alone", "nobody") }

func TestLonely(t *testing.T) { speak(t, "lonely", "nobody") }
