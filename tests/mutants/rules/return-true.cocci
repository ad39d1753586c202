// SPDX-License-Identifier: GPL-2.0-only
// A function that answers yes or no always says yes.
@@
typedef bool;
identifier f;
statement earlier, first;
@@
  bool f(...) {
  ... when != earlier
+ return true;
  first
  ... when any
  }
