package sim

// An activity is what a worker does with its time, if it does not wait.
type activity int

const (
	computing activity = iota
	communicating
)

// A usage is how a worker spends its time, in milliseconds: one activity after another,
// each with the end that is planned for it. What a worker begins ends what it did before.
type usage struct {
	spent        [2]float64 // by activity, in all but the last one
	since, until float64    // the last one
	doing        activity

	// The run is accounted for up to its last update of the global model, and workers go
	// on after that: these are of the time before it, as soon as something has begun after it.
	point float64
	then  [2]float64
}

// begin notes what the worker does from now on; point is the time of the last update of the
// global model.
func (u *usage) begin(what activity, now, until, point float64) {
	if u.point != point {
		u.point, u.then = point, u.at(point)
	}
	u.spent = u.at(now)
	u.doing, u.since, u.until = what, now, until
}

// stop notes that the worker waits from now on.
func (u *usage) stop(now, point float64) { u.begin(u.doing, now, now, point) }

// at returns the time spent up to t, which is not before the last activity but one has ended.
func (u *usage) at(t float64) [2]float64 {
	spent := u.spent
	spent[u.doing] += max(0, min(u.until, t)-u.since)
	return spent
}

// upToPoint returns the time spent up to the last update of the global model.
func (u *usage) upToPoint(point float64) [2]float64 {
	if u.point == point {
		return u.then
	}
	return u.at(point)
}
