// SPDX-License-Identifier: GPL-2.0-only
// Two calls are made in the wrong order.
@@
expression f, g;
expression list a, b;
@@
  f(a);
+ MUTANT_SWAP;
  g(b);
