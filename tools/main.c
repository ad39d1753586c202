// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-gpu-check: what will work on this host before a GPU is passed through, and
 * why not what will not. See nvgrace-gpu-check(8).
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { STATUS_OK, STATUS_FAILURES, STATUS_USAGE };

static void usage(FILE *out)
{
	fputs("usage: nvgrace-gpu-check [--json] [PCI address]...\n"
	      "Says what will work on this host when a Grace GPU is passed to a guest, and\n"
	      "why not what will not. Changes nothing. Without addresses: all GPUs.\n"
	      "\n"
	      "  --json     for programs\n"
	      "  --version\n"
	      "  --help\n"
	      "\n"
	      "Exit status: 0 nothing is in the way, 1 something is (FAIL), 2 usage.\n", out);
}

static bool is_wanted(const struct pci_dev *dev, char *const *wanted)
{
	char *address;
	bool found = !*wanted;

	address = gpu_address(dev);
	for (; *wanted && !found; wanted++)
		found = !strcmp(*wanted, address) ||
			(!dev->domain && !strcmp(*wanted, address + strlen("0000:")));
	free(address);
	return found;
}

/* Known ones, and what else of NVIDIA's displays: it may be one of a newer kind. */
static unsigned int check_gpus(struct report *report, struct pci_access *access,
			       char *const *wanted)
{
	struct pci_dev *dev;
	unsigned int count = 0;

	for (dev = access->devices; dev; dev = dev->next) {
		pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_BASES |
			      PCI_FILL_SIZES);
		if (!gpu_is_candidate(dev) || !is_wanted(dev, wanted))
			continue;
		count++;
		if (report)
			check_gpu(report, dev);
	}
	return count;
}

static void print_summary(const struct report *report)
{
	unsigned int failures = report_count(report, LEVEL_FAIL);
	unsigned int warnings = report_count(report, LEVEL_WARN);

	printf("\n%u failure%s, %u warning%s: %s\n", failures, failures == 1 ? "" : "s", warnings,
	       warnings == 1 ? "" : "s",
	       failures ? "as it is, a GPU cannot be passed through" : "nothing is in the way");
}

static bool wants_colour(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static int run(bool json, char *const *wanted)
{
	struct pci_access *access = pci_alloc();
	struct report report = { 0 };
	int status;

	pci_init(access);
	pci_scan_bus(access);
	check_host(&report, check_gpus(NULL, access, wanted));
	check_gpus(&report, access, wanted);
	if (json) {
		report_print_json(&report, stdout);
	} else {
		report_print_text(&report, stdout, wants_colour());
		print_summary(&report);
	}
	status = report_count(&report, LEVEL_FAIL) ? STATUS_FAILURES : STATUS_OK;
	report_free(&report);
	pci_cleanup(access);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'V':
			puts("nvgrace-gpu-check " VERSION);
			return STATUS_OK;
		case 'h':
			usage(stdout);
			return STATUS_OK;
		default:
			usage(stderr);
			return STATUS_USAGE;
		}
	}
	return run(json, argv + optind);
}
