# SPDX-License-Identifier: GPL-2.0-only
#
# Reads objdump -dr of a section whose blocks call __sanitizer_cov_trace_pc(), and prints for
# every instruction its address and that to which its block's call returns, both in hex.
# What is before a function's first call belongs to that.

function flush_waiting(call,    i)
{
	for (i = 1; i <= waiting; i++)
		print address[i], call
	waiting = 0
}

/^[0-9a-f]+ <.*>:$/ {
	block = ""
	waiting = 0
	next
}

/R_AARCH64_CALL26\t__sanitizer_cov_trace_pc/ {
	block = following = 1
	next
}

/^ *[0-9a-f]+:\t/ {
	at = $1
	sub(/:.*/, "", at)
	if (following) {
		call = at
		following = 0
		flush_waiting(call)
	}
	if (block == "")
		address[++waiting] = at
	else
		print at, call
}
