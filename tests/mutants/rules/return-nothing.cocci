// SPDX-License-Identifier: GPL-2.0-only
// A function without a result does nothing.
@@
identifier f;
statement earlier, first;
@@
  void f(...) {
  ... when != earlier
+ return;
  first
  ... when any
  }
