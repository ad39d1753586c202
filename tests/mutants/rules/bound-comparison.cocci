// SPDX-License-Identifier: GPL-2.0-only
// A bound belongs to the other side.
@@
expression a, b;
@@
(
  a
- <
+ <=
  b
|
  a
- <=
+ <
  b
|
  a
- >
+ >=
  b
|
  a
- >=
+ >
  b
)
