// SPDX-License-Identifier: GPL-2.0-only
// The first part of an "or" is taken for false.
@@
expression a, b, c;
@@
(
  a || b || c
|
- a
+ 0
  || b
)
