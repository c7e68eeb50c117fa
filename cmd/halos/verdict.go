package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// writeVerdicts says in a sentence or two of each row what decides how long it takes.
func writeVerdicts(w io.Writer, base string, rows []row) error {
	var to row
	for _, r := range rows {
		if r.Method == base {
			to = r
		}
	}
	for _, r := range rows {
		if _, err := fmt.Fprintln(w, wrap(r.verdict(base, to))); err != nil {
			return err
		}
	}
	return nil
}

// verdict is the sentences. Their ratios are those of one seed, whose product holds.
func (r row) verdict(base string, to row) string {
	text := r.Method + r.outcome() + "."
	if r.Reference {
		text = fmt.Sprintf("Reference %q%s.", r.Method, r.outcome())
	}
	f := r.Factors
	switch {
	case r.Method == base:
		return text + " It is the base of the ratios."
	case !f.Clock.finite():
		return text
	case !f.Time.Value.finite():
		return text + " " + capital(r.seed(false)+f.clock()) + "."
	}
	text += fmt.Sprintf(" %s as %s: %s.", capital(r.seed(true)+"it takes "+f.Time.words()+" times as long"), base, f.reasons())
	if slow, busy := f.Clock > 1, r.Compute > to.Compute; slow != busy && f.clockDecides() && math.Abs(float64(r.Compute-to.Compute)) >= 0.05 {
		text += fmt.Sprintf(" Its workers compute %s %% of the time, those of %s %s %%.", percent(r.Compute), base, percent(to.Compute))
	}
	return text
}

// seed says of which seed the ratios are, if there are several.
func (r row) seed(median bool) string {
	switch {
	case r.Seeds == 1:
		return ""
	case !median:
		return fmt.Sprintf("with seed %d ", r.Factors.Seed)
	case r.Seeds%2 == 0:
		return fmt.Sprintf("with seed %d, the faster of the middle two, ", r.Factors.Seed)
	}
	return fmt.Sprintf("with seed %d, the median, ", r.Factors.Seed)
}

// outcome says whether it reached the target.
func (r row) outcome() string {
	missed := r.Seeds - r.Reached - r.Failed
	switch {
	case r.Baseline && r.Failed == 0:
		return " sets the target"
	case r.Seeds == r.Reached:
		return " reaches the target"
	case r.Seeds == 1 && r.Failed == 1:
		return " failed"
	case r.Seeds == 1:
		return fmt.Sprintf(" does not reach the target: its budget ends at loss %s", lossText(float64(r.Loss)))
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{r.Reached, "reaches the target"}, {missed, "does not"}, {r.Failed, "fails"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s with %d of %d seeds", p.what, p.n, r.Seeds))
		}
	}
	if r.Reached == 0 && missed > 0 {
		parts[0] = strings.Replace(parts[0], "does not", "does not reach the target", 1)
	}
	return " " + strings.Join(parts, " and ")
}

// reasons names the factor first that weighs more.
func (f factors) reasons() string {
	and := ", and "
	if (f.Clock-1)*(f.Tokens.Value-1) < 0 {
		and = ", but "
	}
	if f.clockDecides() {
		return f.clock() + and + "it " + f.tokens()
	}
	return "it " + f.tokens() + and + f.clock()
}

// clockDecides reports whether time per token weighs more than tokens.
func (f factors) clockDecides() bool {
	return math.Abs(math.Log(float64(f.Clock))) >= math.Abs(math.Log(float64(f.Tokens.Value)))
}

func (f factors) clock() string {
	if digits3(float64(f.Clock)) == "1.00" {
		return "a token costs it the same time"
	}
	return "a token costs it " + share(bounded{"", f.Clock}, "the time")
}

func (f factors) tokens() string {
	if f.Tokens.Bound == "" && digits3(float64(f.Tokens.Value)) == "1.00" {
		return "needs as many tokens"
	}
	return "needs " + share(f.Tokens, "the tokens")
}

// share is "2.00 times the time", or "0.50 of the time".
func share(b bounded, of string) string {
	if b.Value < 1 {
		return b.words() + " of " + of
	}
	return b.words() + " times " + of
}

// words is the number with its bound in words.
func (b bounded) words() string {
	text := digits3(float64(b.Value))
	switch b.Bound {
	case ">":
		return "more than " + text
	case "<":
		return "less than " + text
	}
	return text
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// wrap breaks text into lines of lineWidth, the second and later ones indented. A
// longer word has a line of its own. A percent sign stays with its number.
func wrap(text string) string {
	var b strings.Builder
	at := 0
	for i, word := range strings.Split(strings.ReplaceAll(text, " %", "\u00a0%"), " ") {
		word = strings.ReplaceAll(word, "\u00a0", " ")
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case at+1+n > lineWidth:
			b.WriteString("\n  ")
			at = 2
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}
