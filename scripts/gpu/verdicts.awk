# Prints a line for each bound on speed: the check, pass or fail or skip, and the figures.
# The bounds are explained in docs/gpu/README.md. Needs numbers.awk before it.
function verdict(id, ok, text) { printf "%s\t%s\t%s\n", id, ok ? "pass" : "fail", text }
function skip(id, text) { printf "%s\tskip\t%s\n", id, text }

function share(set, op, least,    s) {
	if (!((set, op, largest) in GBps) || !speed["copy", largest]) { skip("G4", op " of " set ": not timed"); return }
	s = GBps[set, op, largest] / speed["copy", largest]
	verdict("G4", s >= least, sprintf("%s of %s at %.2f of the bandwidth of a copy (at least %.2f)", op, set, s, least))
}

function arrived(form, most,    bare) {
	if (!arrival[form] || !speed["in"]) { skip("G5", form ": not timed"); return }
	bare = wire[form] * elements / speed["in"] / 1e6
	verdict("G5", arrival[form] <= most * bare, sprintf("an arrival of %s takes %.2f ms, %.2f of the bare copy (at most %.2f)", form, arrival[form], arrival[form] / bare, most))
}

END {
	if (!speed["copy", largest])
		skip("G0", "copy on the device: not timed")
	else if (card ~ /H100/)
		verdict("G0", speed["copy", largest] >= 2700, sprintf("copy on the device: %.0f GB/s (at least 2700 on an H100)", speed["copy", largest]))
	else
		verdict("G0", 1, sprintf("copy on the device: %.0f GB/s (no bound for this card)", speed["copy", largest]))
	share("cuda", "delayedPlain", 0.90); share("cuda", "delayedStep", 0.90); share("cuda", "mixBase", 0.90)
	share("cublas", "mix", 0.85)
	ours = ms["cuda", "delayedStep", largest]; blas = ms["cublas", "delayedStep", largest]
	if (ours && blas)
		verdict("G4", blas >= 1.6 * ours, sprintf("delayedStep %.2f times as fast as by cuBLAS (at least 1.6)", blas / ours))
	else
		skip("G4", "delayedStep beside cuBLAS: not timed")
	k = split(ops[largest], all, " ")
	for (i = 1; i <= k; i++)
		if (best(all[i], largest) && ms["cuda", all[i], largest]) {
			compared++
			r = ms["cuda", all[i], largest] / best(all[i], largest)
			verdict("G4", r <= 1.03, sprintf("%s takes %.2f of the time of the better of torch.compile and Triton (at most 1.03)", all[i], r))
		}
	if (!compared)
		skip("G4", "torch.compile and Triton: not timed")
	arrived("float32", 1.15); arrived("bfloat16", 1.25); arrived("int8", 1.25)
	if (beside["alone_ms"])
		printf "G5\tpass\tarrivals take %.2f of their time while the model is copied out beside them at %.1f GB/s (no bound)\n", beside["slower"], beside["out_GBps"]
}
