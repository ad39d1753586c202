# SPDX-License-Identifier: GPL-2.0-only
#
# arm64 programs of a directory of tests, which includes this:
#
#   make -C tests/<directory> CROSS_COMPILE=aarch64-linux-gnu- O=<directory> KSRC=<kernel source>
#
#   programs   their names; every *.c is one, unless this says otherwise
#   library    what is linked into each, as paths in tests/
#   headers    where headers are looked for, likewise
#
# Static but for STATIC=. KSRC is a kernel source with its user headers in usr/include; the
# kselftest harness is taken from there and never copied, with the limits of harness/.
ifeq ($(and $(KSRC),$(wildcard $(KSRC)/tools/testing/selftests/kselftest_harness.h)),)
$(error KSRC must name a kernel source tree with user headers installed; see tests/testbed/kernels)
endif

tests := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
here := $(notdir $(CURDIR))
programs ?= $(basename $(wildcard *.c))

CROSS_COMPILE ?= aarch64-linux-gnu-
O ?= $(CURDIR)/out
CC := $(CROSS_COMPILE)gcc
CFLAGS ?= -O2 -g
STATIC ?= -static
obj := $(O)/obj-$(here)

override CPPFLAGS += -D_GNU_SOURCE -MMD -MP $(headers:%=-I$(tests)/%) -I$(tests)/harness \
	-isystem $(KSRC)/usr/include -isystem $(KSRC)/tools/testing/selftests \
	-isystem $(KSRC)/tools/include/uapi
override CFLAGS += -std=gnu11 -pthread -Wall -Wextra -Werror -Wno-missing-field-initializers \
	-Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wvla -Wshadow

all: $(programs:%=$(O)/%)

$(programs:%=$(O)/%): $(O)/%: $(obj)/$(here)/%.c.o $(library:%=$(obj)/%.o)
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $^

$(obj)/%.o: $(tests)/% $(MAKEFILE_LIST)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

list:
	@echo $(programs)

clean:
	rm -rf $(obj) $(programs:%=$(O)/%)

-include $(patsubst %.o,%.d,$(programs:%=$(obj)/$(here)/%.c.o) $(library:%=$(obj)/%.o))

.PHONY: all list clean
.DELETE_ON_ERROR:
.SECONDARY:
