// SPDX-License-Identifier: GPL-2.0-only
// Another part of an "or" is taken for false.
@@
expression a, b;
@@
  a ||
- b
+ 0
