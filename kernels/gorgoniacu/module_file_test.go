package gorgoniacu_test

import (
	"os"
	"strings"
	"testing"
)

// What this module needs, users of the SDK must not get: not even in their go.sum.
func TestTheSDKKnowsNothingOfGorgonia(t *testing.T) {
	for _, name := range []string{"../../go.mod", "../../go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "gorgonia") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
