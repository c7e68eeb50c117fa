package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// four are records of methods that end in every way but by failing.
func four() ([]method, []record) {
	return []method{{name: "HALoS"}, {name: "Async-Local-SGD"}, {name: "DiLoCo"}, {name: "Sync SGD"}}, []record{
		{Method: "Sync SGD", Seed: 11, Target: number(math.NaN()), End: endBudget, Loss: 2.5, TimeMS: 36e6, Tokens: 4e6, costs: costs{Compute: 0.02, Wait: 0.04,
			Communicate: 0.94, InterRegionBytes: 811e9, Updates: []uint64{8, 8}, Reached: []uint64{8, 8}}},
		{Method: "HALoS", Seed: 11, Target: 2.5, End: endReached, Loss: 2.4, TimeMS: 90e3, Tokens: 2e6, costs: costs{Compute: 0.98,
			Communicate: 0.02, InterRegionBytes: 1e9, Updates: []uint64{100, 50}, Reached: []uint64{95, 19}, LocalStaleness: 2.98, GlobalStaleness: 2.7}},
		{Method: "Async-Local-SGD", Seed: 11, Target: 2.5, End: endReached, Loss: 2.5, TimeMS: 135e3, Tokens: 1.5e6, costs: costs{Compute: 0.6,
			Communicate: 0.4, InterRegionBytes: 12.3e9, Updates: []uint64{10, 0}, Reached: []uint64{10, 0}, GlobalStaleness: 14.4}},
		{Method: "DiLoCo", Seed: 11, Target: 2.5, End: endBudget, Loss: 2.6, TimeMS: 900e3, Tokens: 4e6, costs: costs{Compute: 0.2, Wait: 0.5,
			Communicate: 0.3, InterRegionBytes: 1e6, Updates: []uint64{8, 8}, Reached: []uint64{8, 8}}},
	}
}

func TestTables(t *testing.T) {
	methods, records := four()
	checkText(t, "HALoS", summarize(methods, "HALoS", records), `
                           time to      x   tokens      x
method           reached    target  HALoS  counted  HALoS
HALoS                yes     90.0s   1.00    2.00M   1.00
Async-Local-SGD      yes    2m 15s   1.50    1.50M   0.75
DiLoCo           no: 2.6  >15m 00s  >10.0   >4.00M  >2.00
Sync SGD         sets it   10h 00m    400    4.00M   2.00

                 compute  wait  network  between  staleness          updates in
method                 %     %        %  regions      local  global    model, %
HALoS                 98     0        2   1.00GB       2.98    2.70       95 38
Async-Local-SGD       60     0       40   12.3GB       0.00    14.4       100 -
DiLoCo                20    50       30   1.00MB       0.00    0.00     100 100
Sync SGD               2     4       94    811GB       0.00    0.00     100 100

Tokens are counted when an update of the global model has them. Staleness is in
updates. The last column is the share of the workers' updates that are in the
global model, by region.

HALoS reaches the target. It is the base of the ratios.
Async-Local-SGD reaches the target. It takes 1.50 times as long as HALoS: a
  token costs it 2.00 times the time, but it needs 0.75 of the tokens. Its
  workers compute 60 % of the time, those of HALoS 98 %.
DiLoCo does not reach the target: its budget ends at loss 2.6000. It takes more
  than 10.0 times as long as HALoS: a token costs it 5.00 times the time, and it
  needs more than 2.00 times the tokens. Its workers compute 20 % of the time,
  those of HALoS 98 %.
Sync SGD sets the target. It takes 400 times as long as HALoS: a token costs it
  200 times the time, and it needs 2.00 times the tokens. Its workers compute
  2 % of the time, those of HALoS 98 %.
`)
}

func checkText(t *testing.T, base string, rows []row, want string) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("\n")
	if err := writeTables(&b, base, rows); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n")
	if err := writeVerdicts(&b, base, rows); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got%s\nwant%s", b.String(), want)
	}
}

func TestTablesWithSeeds(t *testing.T) {
	methods, records := four()
	records = records[1:4]
	for i, r := range records[:3] {
		for seed := range uint64(2) {
			r.Seed = 12 + seed
			r.TimeMS *= 1 + float64(i)*float64(seed+1)/4
			records = append(records, r)
		}
	}
	methods[3].name = "a-long-name-of-a-run-file-that-fails"
	records = append(records, record{Method: methods[3].name, Seed: 11, End: endFailed, Loss: number(math.NaN()), costs: costs{Updates: []uint64{0}, Reached: []uint64{0}}})
	records[len(records)-2].End = endFailed // DiLoCo, seed 13
	records[5].End = endBudget              // Async-Local-SGD, seed 12
	checkText(t, "Async-Local-SGD", summarize(methods, "Async-Local-SGD", records), `
                                          time to          x   tokens          x
method                          reached    target  Asyn…-SGD  counted  Asyn…-SGD
HALoS                            3 of 3     90.0s      <0.53    2.00M       1.33
  smallest                                  90.0s          -    2.00M          -
  largest                                   90.0s       0.67    2.00M          -
Async-Local-SGD                  2 of 3   <4m 13s       1.00    1.50M       1.00
  smallest                                 2m 15s          -        -          -
DiLoCo                           0 of 3  >22m 30s      >6.67   >4.00M      >2.67
a-long-name-of-…ile-that-fails   0 of 1         -          -        -          -

                  compute  wait  network  between  staleness          updates in
method                  %     %        %  regions      local  global    model, %
HALoS                  98     0        2   1.00GB       2.98    2.70       95 38
Async-Local-SGD        60     0       40   12.3GB       0.00    14.4       100 -
DiLoCo                 20    50       30   1.00MB       0.00    0.00     100 100
a-long-n…t-fails        -     -        -        -          -       -           -

Tokens are counted when an update of the global model has them. Staleness is in
updates. The last column is the share of the workers' updates that are in the
global model, by region.

HALoS reaches the target. With seed 12, the median, it takes less than 0.53
  times as long as Async-Local-SGD: a token costs it 0.40 of the time, but it
  needs less than 1.33 times the tokens. Its workers compute 98 % of the time,
  those of Async-Local-SGD 60 %.
Async-Local-SGD reaches the target with 2 of 3 seeds and does not with 1 of 3
  seeds. It is the base of the ratios.
DiLoCo does not reach the target with 2 of 3 seeds and fails with 1 of 3 seeds.
  With seed 11, the median, it takes more than 6.67 times as long as
  Async-Local-SGD: it needs more than 2.67 times the tokens, and a token costs
  it 2.50 times the time.
a-long-name-of-a-run-file-that-fails failed.
`)
}

// Whatever the numbers are, the lines fit a terminal.
func TestTablesFit80Columns(t *testing.T) {
	var methods []method
	var records []record
	for i, end := range []string{endReached, endBudget, endFailed} {
		name := fmt.Sprintf("ä run file with a name of more than forty characters, number %d", i)
		methods = append(methods, method{name: name, reference: i == 2})
		for seed := range uint64(3) {
			x := math.Pow(1e5, float64(seed)) * math.Pow(1000, float64(i))
			records = append(records, record{Method: name, Seed: seed, End: end, Target: 1, Loss: number(123456.789 * x), TimeMS: 123456789e3 * x, Tokens: uint64(12345 * x),
				costs: costs{Compute: 1, Wait: 1, Communicate: 1, InterRegionBytes: 1e18, LocalStaleness: 123456, GlobalStaleness: 123456,
					Updates: make([]uint64, 40), Reached: make([]uint64, 40)}})
		}
	}
	for _, seeds := range []uint64{1, 3} {
		var some []record
		for _, r := range records {
			if r.Seed < seeds {
				some = append(some, r)
			}
		}
		var b bytes.Buffer
		rows := summarize(methods, methods[0].name, some)
		if err := writeTables(&b, methods[0].name, rows); err != nil {
			t.Fatal(err)
		}
		if err := writeVerdicts(&b, methods[0].name, rows); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%d characters:\n%s", n, b.String())
				break
			}
		}
	}
}

func TestSharesOfManyRegions(t *testing.T) {
	nan := number(math.NaN())
	for want, shares := range map[string][]number{
		"-": {nan, nan}, "95 3 - 100": {0.95, 0.03, nan, 1}, "3..100": {1, 1, 0.03, nan, 0.5}, "100": {1, 1, 1, 1},
	} {
		if got := (row{ReachedShare: shares}).shares(); got != want {
			t.Errorf("%v: %q, want %q", shares, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	base := row{Method: "a", Seeds: 1, Reached: 1}
	ratios := func(bound string, tokens, clock number) factors {
		return factors{Seed: 3, Time: bounded{bound, tokens * clock}, Tokens: bounded{bound, tokens}, Clock: clock}
	}
	missed := factors{Seed: 3, Time: bounded{"", number(math.NaN())}, Clock: 2}
	for _, c := range []struct {
		row  row
		want string
	}{
		{row{Seeds: 1, Reached: 1, Factors: ratios("", 0.5, 2.9)},
			"b reaches the target. It takes 1.45 times as long as a: a token costs it 2.90 times the time, but it needs 0.50 of the tokens."},
		{row{Seeds: 1, Reached: 1, Factors: ratios("", 3, 1)},
			"b reaches the target. It takes 3.00 times as long as a: it needs 3.00 times the tokens, and a token costs it the same time."},
		{row{Seeds: 1, Reached: 1, Factors: ratios("", 1, 0.25)},
			"b reaches the target. It takes 0.25 times as long as a: a token costs it 0.25 of the time, and it needs as many tokens."},
		{row{Seeds: 1, Reached: 1, Factors: ratios("<", 0.2, 2)},
			"b reaches the target. It takes less than 0.40 times as long as a: it needs less than 0.20 of the tokens, but a token costs it 2.00 times the time."},
		{row{Seeds: 1, Loss: 2.5, Factors: missed}, "b does not reach the target: its budget ends at loss 2.5000. A token costs it 2.00 times the time."},
		{row{Seeds: 1, Failed: 1, Factors: factors{Clock: number(math.NaN())}}, "b failed."},
		{row{Seeds: 3, Reached: 1, Failed: 1, Factors: ratios(">", 2, 2)},
			"b reaches the target with 1 of 3 seeds and does not with 1 of 3 seeds and fails with 1 of 3 seeds. With seed 3, the median, it takes more than 4.00 times as long as a: a token costs it 2.00 times the time, and it needs more than 2.00 times the tokens."},
		{row{Seeds: 2, Factors: missed}, "b does not reach the target with 2 of 2 seeds. With seed 3 a token costs it 2.00 times the time."},
	} {
		c.row.Method = "b"
		if got := c.row.verdict("a", base); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
