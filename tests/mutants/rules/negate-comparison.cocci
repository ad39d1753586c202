// SPDX-License-Identifier: GPL-2.0-only
// A comparison says the opposite.
@@
expression a, b;
@@
(
  a
- ==
+ !=
  b
|
  a
- !=
+ ==
  b
|
  a
- <
+ >=
  b
|
  a
- >=
+ <
  b
|
  a
- >
+ <=
  b
|
  a
- <=
+ >
  b
)
