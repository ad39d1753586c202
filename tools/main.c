// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-gpu-check: what will work on this host before a GPU is passed through, and
 * why not what will not. See nvgrace-gpu-check(8).
 */

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "text.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { STATUS_OK, STATUS_FAILURES, STATUS_USAGE, STATUS_UNKNOWNS };

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
	      "Exit status: 0 nothing is in the way, 1 something is (FAIL), 2 usage, 3 cannot\n"
	      "be told, as without root.\n", out);
}

static int by_address(const void *a, const void *b)
{
	const struct pci_dev *const *left = a, *const *right = b;

	if ((*left)->domain != (*right)->domain)
		return (*left)->domain < (*right)->domain ? -1 : 1;
	return ((*left)->bus << 8 | (*left)->dev << 3 | (*left)->func) -
	       ((*right)->bus << 8 | (*right)->dev << 3 | (*right)->func);
}

/* Known ones, and what else of NVIDIA's displays: it may be one of a newer kind. */
static struct pci_dev **find_gpus(struct pci_access *access, char *const *wanted,
				  unsigned int *count)
{
	struct pci_dev **gpus = NULL, *dev;

	*count = 0;
	for (dev = access->devices; dev; dev = dev->next) {
		pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_BASES |
			      PCI_FILL_SIZES);
		if (!gpu_is_candidate(dev) || !device_is_wanted(dev, wanted))
			continue;
		gpus = xrealloc(gpus, (*count + 1) * sizeof(*gpus));
		gpus[(*count)++] = dev;
	}
	if (*count)
		qsort(gpus, *count, sizeof(*gpus), by_address);
	return gpus;
}

static int exit_status(const struct report *report)
{
	if (report_count(report, LEVEL_FAIL))
		return STATUS_FAILURES;
	return report_count(report, LEVEL_UNKNOWN) ? STATUS_UNKNOWNS : STATUS_OK;
}

static const char *conclusion(const struct report *report)
{
	switch (exit_status(report)) {
	case STATUS_FAILURES:
		return "as it is, a GPU cannot be passed through";
	case STATUS_UNKNOWNS:
		return geteuid() ? "run this as root to know whether something is in the way" :
				   "whether something is in the way cannot be told";
	default:
		return "nothing is in the way";
	}
}

static void print_summary(const struct report *report)
{
	unsigned int failures = report_count(report, LEVEL_FAIL);
	unsigned int warnings = report_count(report, LEVEL_WARN);
	unsigned int unknowns = report_count(report, LEVEL_UNKNOWN);

	printf("\n%u failure%s, %u warning%s", failures, failures == 1 ? "" : "s", warnings,
	       warnings == 1 ? "" : "s");
	if (unknowns)
		printf(", %u unknown", unknowns);
	printf(": %s\n", conclusion(report));
}

static bool wants_colour(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static int run(bool json, char *const *wanted)
{
	struct pci_access *access = pci_alloc();
	struct report report = { 0 };
	struct pci_dev **gpus;
	unsigned int count, i;
	int status;

	pci_init(access);
	pci_scan_bus(access);
	gpus = find_gpus(access, wanted, &count);
	check_host(&report, count);
	for (i = 0; i < count; i++)
		check_gpu(&report, gpus[i]);
	if (json) {
		report_print_json(&report, stdout);
	} else {
		report_print_text(&report, stdout, wants_colour());
		print_summary(&report);
	}
	status = exit_status(&report);
	report_free(&report);
	free(gpus);
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
