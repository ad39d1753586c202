// SPDX-License-Identifier: GPL-2.0-only
// A "not" is missing.
@@
expression e;
@@
- !
  e
