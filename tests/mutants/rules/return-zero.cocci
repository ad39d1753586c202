// SPDX-License-Identifier: GPL-2.0-only
// A function says 0, false or NULL and does nothing.
@@
identifier f;
type T != void;
statement earlier, first;
@@
  T f(...) {
  ... when != earlier
+ return 0;
  first
  ... when any
  }
