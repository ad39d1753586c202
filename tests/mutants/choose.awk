# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the numbers 1 to -v count= in an order that -v seed= decides: Fisher and Yates's
# shuffle, by the generator x = 16807 x mod (2^31 - 1) of Park and Miller, which is exact in
# awk's numbers. The first 64 are thrown away: they show how small a seed was.

function below(n)
{
	x = x * 16807 % 2147483647
	return x % n
}

BEGIN {
	x = seed % 2147483646 + 1
	for (i = 0; i < 64; i++)
		below(1)
	for (i = 1; i <= count; i++)
		order[i] = i
	for (i = count; i > 1; i--) {
		other = 1 + below(i)
		kept = order[i]
		order[i] = order[other]
		order[other] = kept
	}
	for (i = 1; i <= count; i++)
		print order[i]
}
