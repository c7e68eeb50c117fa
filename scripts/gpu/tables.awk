# Prints the tables of a report. Needs numbers.awk before it.
function cell(x, format) { return x ? sprintf(format, x) : "" }

function row(op, n,    ours, other) {
	ours = ms["cuda", op, n]
	other = ms["cublas", op, n]
	printf "| %s | %.5g | %s | %s | %s", op, bytes[op], cell(ours, "%.3f"), cell(GBps["cuda", op, n], "%.0f"),
		ours && speed["copy", n] ? sprintf("%.2f", GBps["cuda", op, n] / speed["copy", n]) : ""
	printf " | %s | %s", cell(other, "%.3f"), ours && other ? sprintf("%.2f", other / ours) : ""
	printf " | %s | %s | %s | %s | %s", cell(ms["eager", op, n], "%.3f"), cell(ms["foreach", op, n], "%.3f"), cell(ms["compile", op, n], "%.3f"),
		cell(ms["triton", op, n], "%.3f"), cell(ms["fused", op, n], "%.3f")
	printf " | %s |\n", ours && best(op, n) ? sprintf("%.2f", ours / best(op, n)) : ""
}

END {
	print "\n## Bandwidths\n\n| | GB/s |\n| --- | --: |"
	printf "| copy on the device, read and written | %s |\n", cell(speed["copy", largest], "%.0f")
	printf "| from pinned memory | %s |\n| to pinned memory | %s |\n", cell(speed["in"], "%.1f"), cell(speed["out"], "%.1f")
	printf "| copy in the memory of the machine, read and written | %s |\n", cell(speed["host"], "%.1f")
	if (load)
		printf "\nThe driver compiles the kernels in %.0f ms, without its cache.\n", load
	for (i = 1; i <= orders; i++) {
		n = order[i]
		printf "\n## Updates of %d elements\n\n", n
		print "Milliseconds. *Share* is of the bandwidth of a copy; the last column is this library's time over that of the better of torch.compile and Triton.\n"
		print "| update | bytes | one pass | GB/s | share | cuBLAS | cuBLAS / one pass | eager | foreach | compile | Triton | fused | ours / best |"
		print "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
		k = split(ops[n], all, " ")
		for (j = 1; j <= k; j++)
			row(all[j], n)
	}
	if (arrivals) {
		printf "\n## Arrivals of %d elements from ordinary memory\n\n| form | ms | GB/s | of a bare copy |\n| --- | --: | --: | --: |\n", elements
		for (i = 1; i <= arrivals; i++)
			printf "| %s | %.2f | %.1f | %s |\n", forms[i], arrival[forms[i]], rate[forms[i]], speed["in"] ? sprintf("%.2f", rate[forms[i]] / speed["in"]) : ""
		if (beside["alone_ms"])
			printf "\nWith the model copied out beside them (%.2f ms when alone): %.2f ms an arrival, %.2f times as long, and %.1f GB/s out.\n",
				beside["answer_ms"], beside["beside_ms"], beside["slower"], beside["out_GBps"]
	}
}
