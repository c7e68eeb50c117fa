package runfile

import (
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// TestPlugs wants the plugs that a run file describes, by their names.
func TestPlugs(t *testing.T) {
	const outer, schedule = "{name: delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0}", "{name: cosine, max_lr: 0.001, warmup_steps: 30, total_steps: 400}"
	layout := optim.Layout{Segments: []optim.Segment{{Name: "w", Shape: []int{2, 3}}}}
	optimizers := []struct{ text, name string }{
		{outer, "sgd(momentum=delayed(beta=0.9,every=16,c=0))"},
		{"{name: delayed_nesterov, lr: 1, beta: 0, delay: 4, c: 0.25}", "sgd(momentum=delayed(beta=0,every=4,c=0.25))"},
		{"{name: nesterov, lr: 0.7, momentum: 0.9}", "sgd(momentum=nesterov(mu=0.9))"},
		{"{name: heavy_ball, lr: 0.7, momentum: 0.8}", "sgd(momentum=heavyball(mu=0.8))"},
		{"{name: sgd, lr: 0.7}", "sgd(momentum=none)"},
		{"{name: adamw, lr: 0.7, betas: [0.5, 0.75], eps: 0.125, weight_decay: 0}", "adamw(beta1=0.5,beta2=0.75,eps=0.125,weight_decay=0,layout="},
	}
	for _, tt := range optimizers {
		p := mustPlan(t, mustParse(t, edit(t, goodRun, outer, tt.text)))
		p.layout = layout
		o, lr := p.outer(p.cfg.LPS.Optimizer, p.Nodes[1])
		if err := o.Init(kernels.CPU{}, 6); err != nil || !strings.HasPrefix(o.Name(), tt.name) || lr.At(1) != p.cfg.LPS.Optimizer.Params["lr"] {
			t.Errorf("%s: %v, %s at %v", tt.text, err, o.Name(), lr)
		}
	}
	schedules := []struct{ text, name string }{
		{schedule, "cosine(max=0.001,min=0.0001,warmup=30,total=400)"},
		{"{name: cosine, max_lr: 0.001, min_lr: 0, total_steps: 400}", "cosine(max=0.001,min=0,warmup=0,total=400)"},
		{"{name: linear, max_lr: 2, min_lr: 0, total_steps: 9}", "linear(max=2,min=0,warmup=0,total=9)"},
		{"{name: wsd, max_lr: 2, min_lr: 1, warmup_steps: 2, decay_steps: 3, total_steps: 9}", "wsd(max=2,min=1,warmup=2,decay=3,total=9)"},
		{"{name: constant, lr: 3}", "constant(3)"},
	}
	for _, tt := range schedules {
		_, s := mustPlan(t, mustParse(t, edit(t, goodRun, schedule, tt.text))).inner()
		if err := s.Validate(); err != nil || s.String() != tt.name {
			t.Errorf("%s: %v, %s", tt.text, err, s)
		}
	}
	lps := []struct{ old, text, name string }{
		{"merge_weight: 0.25", "merge_weight: 0.25", "mix(alpha=0.25) every(k=32,carry=false)"},
		{"merge_weight: 0.25\n  carry_in_flight: false", "merger: replay\n  carry_in_flight: true", "replay every(k=32,carry=true)"},
	}
	for _, tt := range lps {
		p := mustPlan(t, mustParse(t, edit(t, goodRun, tt.old, tt.text)))
		if got := p.merger().Name() + " " + p.accumulator().Name(); got != tt.name {
			t.Errorf("%s: %s", tt.text, got)
		}
	}
}
