package runfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Event happens at a time of a simulation: AtMS, and one of the other fields. What else is
// due at that time comes after it.
type Event struct {
	// AtMS is the simulated time in milliseconds, 0 to 1e15.
	AtMS float64 `yaml:"at_ms"`
	// Quit is the number of a worker that leaves in good order. The round that it is in is lost.
	Quit *int `yaml:"quit,omitempty"`
	// Join is the number of a worker that comes, as a new process. One whose first event this is
	// is not there before; any other has left.
	Join *int `yaml:"join,omitempty"`
	// Cut is a node and its parent, by name as in [Node].ID and in any order, whose link breaks.
	// What is on it is lost, and what is sent until it heals.
	Cut []string `yaml:"cut,omitempty"`
	// Heal is a node and its parent whose link is up again.
	Heal []string `yaml:"heal,omitempty"`
	// Restart is the name of a node that dies and begins again at once as a new process. What is on
	// its links arrives. A worker begins with the model of its server and without a state of its
	// optimizer, an LPS with the model of its parent. The first server goes on from the model that
	// it had, with its counts, as from a checkpoint made at that moment; its optimizer begins anew.
	Restart string `yaml:"restart,omitempty"`
}

const eventKeys = "quit, join, cut, heal, restart"

// keys returns which of the keys e has.
func (e Event) keys() (keys []string) {
	for _, k := range []struct {
		key   string
		there bool
	}{{"quit", e.Quit != nil}, {"join", e.Join != nil}, {"cut", len(e.Cut) > 0}, {"heal", len(e.Heal) > 0}, {"restart", e.Restart != ""}} {
		if k.there {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// Timeline returns the numbers of c.Events in order of time; of those of the same time, the first
// in the list is first.
func (c Config) Timeline() []int {
	order := make([]int, len(c.Events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.Events[a].AtMS, c.Events[b].AtMS) })
	return order
}

// lateComers returns when those workers come that are not there from the start.
func (c Config) lateComers() map[int]float64 {
	late, seen := make(map[int]float64), make(map[int]bool)
	for _, i := range c.Timeline() {
		switch e := c.Events[i]; {
		case e.Quit != nil:
			seen[*e.Quit] = true
		case e.Join != nil && !seen[*e.Join] && e.AtMS > 0:
			seen[*e.Join] = true
			late[*e.Join] = e.AtMS
		}
	}
	return late
}

// validateEvents checks what happens against the nodes of c, which is valid but for that.
func (c Config) validateEvents(v *validator) {
	if v.err != nil || len(c.Events) == 0 {
		return
	}
	for i, e := range c.Events {
		v.within(index("events", i)+".at_ms", e.AtMS, 0, 1e15)
		switch keys := e.keys(); len(keys) {
		case 0:
			v.fail(index("events", i), "without what happens", "one of "+eventKeys)
		case 1:
		default:
			v.fail(index("events", i), "both "+keys[0]+" and "+keys[1], "one of "+eventKeys)
		}
	}
	if v.err != nil {
		return
	}
	h := history{v: v, plan: c.layOut(nil, nil), workers: make(map[int]string), cuts: make(map[string]int)}
	for w := range c.lateComers() {
		h.workers[w] = "it has not come yet"
	}
	for _, i := range c.Timeline() {
		h.take(i, c.Events[i])
	}
}

// A history is what has happened while events are looked at in order of time.
type history struct {
	v       *validator
	plan    *Plan
	workers map[int]string // why a worker is away; empty: it is there
	cuts    map[string]int // by the lower end of a link: the event that has cut it
}

func (h *history) take(i int, e Event) {
	at := index("events", i)
	switch {
	case e.Quit != nil:
		if h.present(at+".quit", *e.Quit, strconv.Itoa(*e.Quit)) {
			h.workers[*e.Quit] = "it has left by " + at
		}
	case e.Join != nil:
		if w := *e.Join; h.worker(at+".join", w) && h.workers[w] == "" {
			h.v.fail(at+".join", strconv.Itoa(w), "a worker that is away: it is there")
		} else {
			h.workers[w] = ""
		}
	case len(e.Cut) > 0:
		if child := h.link(at+".cut", e.Cut); child != "" {
			if by, cut := h.cuts[child]; cut {
				h.v.fail(at+".cut", pair(e.Cut), "a link that is up: "+index("events", by)+" has cut it")
			}
			h.cuts[child] = i
		}
	case len(e.Heal) > 0:
		if child := h.link(at+".heal", e.Heal); child != "" {
			if _, cut := h.cuts[child]; !cut {
				h.v.fail(at+".heal", pair(e.Heal), "a link that is cut: it is up")
			}
			delete(h.cuts, child)
		}
	default:
		if n, ok := h.node(at+".restart", e.Restart); ok && n.Role == RoleWorker {
			h.present(at+".restart", n.Worker, strconv.Quote(e.Restart))
		}
	}
}

// worker reports whether there is a worker of that number.
func (h *history) worker(path string, w int) bool {
	n := len(h.plan.steps)
	if w < 0 || w >= n {
		h.v.fail(path, strconv.Itoa(w), fmt.Sprintf("one of the workers, 0 to %d", n-1))
		return false
	}
	return true
}

// present reports whether a worker, called value in the file, is there.
func (h *history) present(path string, w int, value string) bool {
	if !h.worker(path, w) {
		return false
	}
	if away := h.workers[w]; away != "" {
		h.v.fail(path, value, "a worker that is there: "+away)
		return false
	}
	return true
}

func (h *history) node(path, name string) (n Node, ok bool) {
	if n, ok = h.plan.Node(name); !ok {
		h.v.fail(path, strconv.Quote(name), "the name of a node, one of "+h.plan.names())
	}
	return n, ok
}

// link returns the lower end of the link between two nodes; empty if they have none.
func (h *history) link(path string, ends []string) string {
	if len(ends) != 2 {
		h.v.fail(path, list(len(ends)), list(2)+", a node and its parent")
		return ""
	}
	a, okA := h.node(index(path, 0), ends[0])
	b, okB := h.node(index(path, 1), ends[1])
	switch {
	case !okA || !okB:
		return ""
	case a.Parent == b.ID:
		return a.ID
	case b.Parent == a.ID:
		return b.ID
	case a.Parent == "":
		a = b
	}
	want := "a node and its parent"
	if a.Parent != "" {
		want += ": that of " + a.ID + " is " + a.Parent
	}
	h.v.fail(path, pair(ends), want)
	return ""
}

// pair is a list of two names for an error.
func pair(ends []string) string { return "[" + ends[0] + ", " + ends[1] + "]" }

// names lists the nodes for an error: the first and the last of each kind.
func (p *Plan) names() string {
	var groups []string
	for first, n := range p.Nodes {
		if first > 0 && p.Nodes[first-1].kind() == n.kind() {
			continue
		}
		last := first
		for last+1 < len(p.Nodes) && p.Nodes[last+1].kind() == n.kind() {
			last++
		}
		if last > first {
			n.ID += " to " + p.Nodes[last].ID
		}
		groups = append(groups, n.ID)
	}
	return strings.Join(groups, ", ")
}

// kind is the name of a node without its number.
func (n Node) kind() string {
	i := len(n.ID)
	for i > 0 && n.ID[i-1] >= '0' && n.ID[i-1] <= '9' {
		i--
	}
	return n.ID[:i]
}
