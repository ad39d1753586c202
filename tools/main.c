// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-gpu-check: what will work on this host before a GPU is passed through, and
 * why not what will not. See nvgrace-gpu-check(8).
 */

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "metrics.h"
#include "require.h"
#include "text.h"

enum { STATUS_OK, STATUS_FAILURES, STATUS_USAGE, STATUS_UNKNOWNS };

static void usage(FILE *out)
{
	fputs("usage: nvgrace-gpu-check [--json] [--metrics=FILE] [--require=FACT,...]\n"
	      "                         [PCI address]...\n"
	      "Says what will work on this host when a Grace GPU is passed to a guest, and\n"
	      "why not what will not. Changes nothing. Without addresses: all GPUs.\n"
	      "\n"
	      "  --json             for programs\n"
	      "  --metrics=FILE     for Prometheus, into a file; -: print it\n"
	      "  --require=FACT,... say only which of these facts is neither ok nor info\n"
	      "  --version\n"
	      "  --help\n"
	      "\n"
	      "Exit status: 0 nothing is in the way, 1 something is (FAIL; a required fact: also\n"
	      "warn), 2 usage, 3 cannot be told, as without root.\n", out);
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

/**
 * struct options - what is printed of the report
 * @json: all of it, for programs
 * @metrics: file for Prometheus' format, "-" for stdout; NULL: not
 * @require: facts; NULL: all count, and all is told
 */
struct options {
	bool json;
	const char *metrics;
	const char *require;
};

static int print_required(const struct report *report, const char *keys)
{
	enum level worst = require_facts(report, keys, stderr);

	if (worst == LEVEL_WARN || worst == LEVEL_FAIL)
		return STATUS_FAILURES;
	return worst == LEVEL_OK || worst == LEVEL_INFO ? STATUS_OK : STATUS_UNKNOWNS;
}

static int print_metrics(const struct report *report, const char *path)
{
	if (!strcmp(path, "-")) {
		report_print_metrics(report, stdout);
		return STATUS_OK;
	}
	if (report_write_metrics(report, path)) {
		warn("%s cannot be written", path);
		return STATUS_FAILURES;
	}
	return STATUS_OK;
}

static int print_report(const struct report *report, const struct options *options)
{
	if (options->metrics)
		return print_metrics(report, options->metrics);
	if (options->json)
		report_print_json(report, stdout);
	if (options->require)
		return print_required(report, options->require);
	if (!options->json) {
		report_print_text(report, stdout, wants_colour());
		print_summary(report);
	}
	return exit_status(report);
}

static int run(const struct options *options, char *const *wanted)
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
	status = print_report(&report, options);
	report_free(&report);
	free(gpus);
	pci_cleanup(access);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "metrics", required_argument, NULL, 'm' },
		{ "require", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'm':
			options.metrics = optarg;
			break;
		case 'r':
			options.require = optarg;
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
	return run(&options, argv + optind);
}
