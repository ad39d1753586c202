# SPDX-License-Identifier: GPL-2.0-only
#
# Prints the tokens of -v file=, one a line, for diff.

BEGIN {
	n = read_tokens(file)
	for (i = 1; i <= n; i++)
		print token[i]
}
