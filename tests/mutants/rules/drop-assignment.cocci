// SPDX-License-Identifier: GPL-2.0-only
// What is stored in a structure, or behind a pointer, is not.
@@
expression to, value;
identifier member;
assignment operator op;
@@
(
- to->member op value
+ MUTANT_NOTHING
|
- to.member op value
+ MUTANT_NOTHING
|
- *to op value
+ MUTANT_NOTHING
)
