// SPDX-License-Identifier: GPL-2.0-only
// Another part of an "and" is taken for true.
@@
expression a, b;
@@
  a &&
- b
+ 1
