// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-gpu-bad-pages: saves the lists of bad pages, and gives them back to a module that
 * was loaded anew. See nvgrace-gpu-bad-pages(8).
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pci/pci.h>

#include "device.h"
#include "sync.h"
#include "text.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define STATE_DIRECTORY	"/var/lib/nvgrace-gpu"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

static void usage(FILE *out)
{
	fputs("usage: nvgrace-gpu-bad-pages [--root=DIR] [PCI address]...\n"
	      "Saves the bad pages that the driver knows of in " STATE_DIRECTORY ", and tells\n"
	      "it those that were saved, after it was loaded anew. Without addresses: of all\n"
	      "GPUs that it is bound to.\n"
	      "\n"
	      "  --root=DIR  where sys and var are\n"
	      "  --version\n"
	      "  --help\n"
	      "\n"
	      "Exit status: 0 done, or there was nothing to do, 1 a message says what was not\n"
	      "done, 2 usage.\n", out);
}

/* One at a time: two would each save what the other does not know yet. */
static int lock(const char *directory)
{
	char *path = text_of("%s/lock", directory);
	int fd;

	if (mkdir(directory, 0700) && errno != EEXIST)
		err(STATUS_FAILED, "%s cannot be made", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		err(STATUS_FAILED, "%s cannot be locked", path);
	free(path);
	return fd;
}

/* @count: of the GPUs that were found */
static int sync_device(struct pci_dev *dev, const char *sysfs, const char *directory,
		       unsigned int *count)
{
	struct gpu gpu;
	int ret = 0;

	if (gpu_open(&gpu, sysfs, dev)) {
		++*count;
		ret = sync_gpu(&gpu, directory);
		gpu_close(&gpu);
	} else if (errno == EPROTONOSUPPORT) {
		warnx("the module that is loaded is older than this program; load the one that is installed");
		ret = -1;
	} else if (errno != ENOENT && errno != ENODEV) {
		warn("%04x:%02x:%02x.%d", dev->domain, dev->bus, dev->dev, dev->func);
		ret = -1;
	}
	return ret;
}

static int run(const char *root, char *const *wanted)
{
	char *directory = text_of("%s" STATE_DIRECTORY, root);
	char *sysfs = text_of("%s/sys", root);
	char *bus = text_of("%s/bus/pci", sysfs);
	struct pci_access *access = pci_alloc();
	unsigned int count = 0;
	struct pci_dev *dev;
	int ret = 0, locked = lock(directory);

	access->method = PCI_ACCESS_SYS_BUS_PCI;
	pci_set_param(access, "sysfs.path", bus);
	pci_init(access);
	pci_scan_bus(access);
	for (dev = access->devices; dev; dev = dev->next)
		if (device_is_wanted(dev, wanted))
			ret |= sync_device(dev, sysfs, directory, &count);
	if (*wanted && !count && !ret)
		warnx("%s: no GPU that the driver is bound to and that has memory: nothing to do",
		      *wanted);
	pci_cleanup(access);
	close(locked);
	free(bus);
	free(sysfs);
	free(directory);
	return ret ? STATUS_FAILED : STATUS_OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *root = "";
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			root = optarg;
			break;
		case 'V':
			puts("nvgrace-gpu-bad-pages " VERSION);
			return STATUS_OK;
		case 'h':
			usage(stdout);
			return STATUS_OK;
		default:
			usage(stderr);
			return STATUS_USAGE;
		}
	}
	return run(root, argv + optind);
}
