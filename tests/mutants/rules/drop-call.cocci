// SPDX-License-Identifier: GPL-2.0-only
// A call whose result nobody looks at is not made.
@@
expression f;
expression list args;
@@
- f
+ MUTANT_NOTHING
  (args);
