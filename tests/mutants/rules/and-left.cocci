// SPDX-License-Identifier: GPL-2.0-only
// The first part of an "and" is taken for true.
@@
expression a, b, c;
@@
(
  a && b && c
|
- a
+ 1
  && b
)
