// SPDX-License-Identifier: GPL-2.0-only
/* A PCI device in sysfs. */

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "system.h"
#include "text.h"

char *device_address(const struct pci_dev *dev)
{
	return text_of("%04x:%02x:%02x.%x", dev->domain, dev->bus, dev->dev, dev->func);
}

bool device_is_wanted(const struct pci_dev *dev, char *const *wanted)
{
	char *address = device_address(dev);
	bool found = !*wanted;

	for (; *wanted && !found; wanted++)
		found = !strcmp(*wanted, address) ||
			(!dev->domain && !strcmp(*wanted, address + strlen("0000:")));
	free(address);
	return found;
}

char *device_path(const struct pci_dev *dev, const char *file)
{
	return text_of("/sys/bus/pci/devices/%04x:%02x:%02x.%x/%s", dev->domain, dev->bus,
		       dev->dev, dev->func, file);
}

char *device_attribute(const struct pci_dev *dev, const char *file)
{
	char *path = device_path(dev, file), *value = file_line(path);

	free(path);
	return value;
}

char *device_link(const struct pci_dev *dev, const char *file)
{
	char *path = device_path(dev, file), *target = link_target(path);

	free(path);
	return target;
}

unsigned long long device_number(const struct pci_dev *dev, const char *file)
{
	char *value = device_attribute(dev, file);
	unsigned long long result = value ? strtoull(value, NULL, 0) : 0;

	free(value);
	return result;
}
