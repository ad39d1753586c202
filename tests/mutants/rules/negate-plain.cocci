// SPDX-License-Identifier: GPL-2.0-only
// A condition that is one value is taken for its opposite: a name, a member or a call.
@@
identifier x, member;
expression e, other;
expression list args;
statement yes, no;
@@
(
  if (
+ !
  x) yes
|
  if (
+ !
  x) yes else no
|
  if (
+ !
  e->member) yes
|
  if (
+ !
  e->member) yes else no
|
  if (
+ !
  e(args)) yes
|
  if (
+ !
  e(args)) yes else no
|
+ !
  x ? e : other
|
+ !
  e->member ? e : other
|
+ !
  e(args) ? e : other
)
