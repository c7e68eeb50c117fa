package halos

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata with the output seen")

// TestScripts runs each file of testdata: commands up to a line ----, then the
// output wanted, then an empty line. On a mismatch run with -rewrite and read
// the diff; keep it only if you can say why each line changed.
//
// The commands, all on models of one parameter. Every start of a node has an incarnation of
// its own, as by a clock:
//
//	gps [steps=N] [require=PLUGS]    a GPS named gps, with SGD of rate 1
//	lps NAME k=K [carry] [alpha=A] [parent=P] [lease=N]  an LPS below gps, or P, with SGD of rate 1; it leases 32 samples at a time, or N
//	sync n=N [clip=C]                a Sync named sync, with SGD of rate 1
//	worker NAME SERVER [params=N] [samples=N] [gradient]  a worker; its rounds have 2 local steps (1 gradient) and, if not N, 8 samples
//	train NAME X                     NAME's training ends with the update X
//	fail NAME                        NAME's training ends with an error
//	deliver [NAME]                   messages on the way (to NAME) arrive, in order
//	together NAME                    messages on the way to NAME arrive in one Step
//	settle                           deliver until nothing is on the way
//	lose NAME                        messages to NAME are lost
//	double NAME                      messages to NAME arrive twice
//	late NAME                        the first message to NAME falls behind all others
//	cut A B, heal A B                the link breaks, with what is on it; is up again
//	restart NAME [params=X] [resume=V]  NAME dies and begins a new life (with the model X) (resumed from what it was at version V)
//	zombie NAME                      the life of NAME before this one takes its place
//	forge NAME [steps=N] [updates=N] [samples=N]  the push of NAME that is on the way claims as much
//	quit NAME, expire NAME           NAME is asked to go; has waited long enough
//	gone NAME PEER                   NAME is told that PEER will not come back
//	resend NAME PEER                 NAME is told that its answer to PEER was not sent
//	state NAME                       print it
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newStage(t, kernels.CPU{}).play(string(b))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if got != string(b) {
				t.Errorf("got:\n%s", got)
			}
			elsewhere := new(kerneltest.Untouchable)
			defer func() { _ = elsewhere.Close() }()
			if other := newStage(t, elsewhere).play(string(b)); other != got {
				t.Errorf("with models in another Backend got:\n%s", other)
			}
		})
	}
}
