# For verdicts.awk and tables.awk: reads the lines that the tests and compare.py print.
# Fields have tabs between them: GPU, a check, what was measured, and name=value ones.
BEGIN { FS = "\t" }
{
	split("", f)
	for (i = 4; i <= NF; i++) {
		at = index($i, "=")
		f[substr($i, 1, at - 1)] = substr($i, at + 1)
	}
	n = f["n"] + 0
}
$2 == "G0" { speed[$3, n] = f["GBps"]; speed[$3] = f["GBps"] }
$2 == "G0" && $3 == "copy" && n > largest { largest = n }
$2 == "G4" && f["set"] != "" {
	ms[f["set"], $3, n] = f["ms"]; GBps[f["set"], $3, n] = f["GBps"]; bytes[$3] = f["bytes"]
	if (!(($3, n) in seen)) { seen[$3, n] = 1; ops[n] = ops[n] " " $3; if (!(n in sizes)) { sizes[n] = 1; order[++orders] = n } }
}
$2 == "compare" { ms[f["how"], $3, n] = f["ms"] }
$2 == "G5" && $3 == "arrivals" { forms[++arrivals] = f["form"]; arrival[f["form"]] = f["ms"]; rate[f["form"]] = f["GBps"]; wire[f["form"]] = f["bytes"]; elements = n }
$2 == "G5" && $3 == "beside" { for (k in f) beside[k] = f[k] }
$2 == "G1" && $3 == "load" { load = f["ms"] }

# best is the better of torch.compile and Triton, 0 if there is neither.
function best(op, n,    c, t) {
	c = ms["compile", op, n] + 0; t = ms["triton", op, n] + 0
	return !c ? t : !t ? c : c < t ? c : t
}
