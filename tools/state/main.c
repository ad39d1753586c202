// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-gpu-state: what must outlive a binding, the module and the host. Bad pages, the
 * scrub policy, evidence. See nvgrace-gpu-state(8).
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
#include "evidence.h"
#include "policy.h"
#include "sync.h"
#include "text.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define STATE_DIRECTORY	"/var/lib/nvgrace-gpu"
#define POLICY_FILE	"/etc/nvgrace-gpu/scrub-policy"
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

static void usage(FILE *out)
{
	fputs("usage: nvgrace-gpu-state [--root=DIR] [PCI address]...\n"
	      "       nvgrace-gpu-state [--root=DIR] --history [PCI address or serial number]...\n"
	      "       nvgrace-gpu-state [--root=DIR] --record PCI-address\n"
	      "The first sets scrub_policy by " POLICY_FILE ", saves the bad pages that\n"
	      "the driver knows of in " STATE_DIRECTORY ", and tells it those that were saved,\n"
	      "after it was loaded anew. Without addresses: for all GPUs that it is bound to.\n"
	      "\n"
	      "  --history   print what became of the memory between its users, as JSON lines\n"
	      "  --record    for udev: append the record in the environment to that\n"
	      "  --root=DIR  where sys, proc, etc and var are\n"
	      "  --version\n"
	      "  --help\n"
	      "\n"
	      "Exit status: 0 done, or there was nothing to do, 1 a message says what was not\n"
	      "done, or what is missing, 2 usage.\n", out);
}

/**
 * struct paths - where things are
 * @sysfs: the mount point
 * @directory: what is kept
 * @policy: the administrator's file
 * @boot_id: the kernel's
 */
struct paths {
	char *sysfs, *directory, *policy, *boot_id;
};

static struct paths paths_below(const char *root)
{
	return (struct paths){
		.sysfs = text_of("%s/sys", root),
		.directory = text_of("%s" STATE_DIRECTORY, root),
		.policy = text_of("%s" POLICY_FILE, root),
		.boot_id = text_of("%s" BOOT_ID, root),
	};
}

static void paths_free(struct paths *paths)
{
	free(paths->sysfs);
	free(paths->directory);
	free(paths->policy);
	free(paths->boot_id);
}

static struct pci_access *devices_below(const char *sysfs)
{
	struct pci_access *access = pci_alloc();
	char *bus = text_of("%s/bus/pci", sysfs);

	access->method = PCI_ACCESS_SYS_BUS_PCI;
	pci_set_param(access, "sysfs.path", bus);
	pci_init(access);
	pci_scan_bus(access);
	free(bus);
	return access;
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

/*
 * The policy first: who is made to wait until the bad pages are known has both then.
 * @count: of the GPUs that were found
 */
static int sync_device(struct pci_dev *dev, const struct paths *paths, unsigned int *count)
{
	struct gpu gpu;
	int ret = 0;

	if (gpu_open(&gpu, paths->sysfs, dev)) {
		++*count;
		ret = policy_apply(&gpu, paths->policy);
		ret |= sync_gpu(&gpu, paths->directory);
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

static int sync_devices(const struct paths *paths, char *const *wanted)
{
	int ret = 0, locked = lock(paths->directory);
	struct pci_access *access = devices_below(paths->sysfs);
	unsigned int count = 0;
	struct pci_dev *dev;

	for (dev = access->devices; dev; dev = dev->next)
		if (device_is_wanted(dev, wanted))
			ret |= sync_device(dev, paths, &count);
	if (*wanted && !count && !ret)
		warnx("%s: no GPU that the driver is bound to and that has memory: nothing to do",
		      *wanted);
	pci_cleanup(access);
	close(locked);
	return ret;
}

/* The GPU may be gone: then it has no serial number any more. */
static int record(const struct paths *paths, char *const *wanted)
{
	struct pci_access *access;
	char serial[17] = "", boot_id[40] = "";
	FILE *file = fopen(paths->boot_id, "re");
	struct pci_dev *dev;
	int ret;

	if (file && fscanf(file, "%36s", boot_id) != 1)
		*boot_id = '\0';
	if (file)
		fclose(file);
	access = devices_below(paths->sysfs);
	for (dev = access->devices; dev; dev = dev->next)
		if (device_is_wanted(dev, wanted))
			gpu_serial(dev, serial);
	ret = evidence_append(paths->directory, boot_id, *wanted, serial);
	pci_cleanup(access);
	return ret;
}

enum command { SYNC, RECORD, HISTORY };

static int run(enum command command, const char *root, char *const *wanted)
{
	struct paths paths = paths_below(root);
	int ret;

	if (command == RECORD)
		ret = record(&paths, wanted);
	else if (command == HISTORY)
		ret = evidence_show(paths.directory, wanted);
	else
		ret = sync_devices(&paths, wanted);
	paths_free(&paths);
	return ret ? STATUS_FAILED : STATUS_OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "history", no_argument, NULL, 'H' },
		{ "record", no_argument, NULL, 'R' },
		{ "root", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	enum command command = SYNC;
	const char *root = "";
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'H':
			command = HISTORY;
			break;
		case 'R':
			command = RECORD;
			break;
		case 'r':
			root = optarg;
			break;
		case 'V':
			puts("nvgrace-gpu-state " VERSION);
			return STATUS_OK;
		case 'h':
			usage(stdout);
			return STATUS_OK;
		default:
			usage(stderr);
			return STATUS_USAGE;
		}
	}
	if (command == RECORD && argc - optind != 1) {
		usage(stderr);
		return STATUS_USAGE;
	}
	return run(command, root, argv + optind);
}
