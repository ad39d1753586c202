// SPDX-License-Identifier: GPL-2.0-only
// A bound is off by one.
@@
expression e;
@@
(
  e +
- 1
+ 0
|
  e -
- 1
+ 0
)
