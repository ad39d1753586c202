// SPDX-License-Identifier: GPL-2.0-only
/* The lines that bind a GPU and give it to a guest, for this host, to be pasted. */

#include <stdlib.h>

#include "check.h"
#include "device.h"
#include "text.h"

#define GIB		(1ull << 30)
/* QEMU's window for 64-bit BARs when nothing is said. */
#define DEFAULT_WINDOW	512

/*
 * In GiB, a power of two: every BAR is aligned to its own size, for which twice the
 * sum is always enough.
 */
static unsigned int window_gib(const struct pci_dev *dev)
{
	unsigned long long total = device_number(dev, "nvgrace_gpu/usemem_bar_size") +
				   device_number(dev, "nvgrace_gpu/resmem_bar_size");
	unsigned int window = DEFAULT_WINDOW, i;

	for (i = 0; i < 6; i++)
		total += dev->size[i];
	while (window * GIB / 2 < total)
		window *= 2;
	return window;
}

static char *qemu_line(const struct pci_dev *dev, const char *address)
{
	unsigned int window = window_gib(dev);
	char *option = window > DEFAULT_WINDOW ? text_of(",highmem-mmio-size=%uG", window)
					       : text_of("%s", "");
	char *line = text_of("qemu-system-aarch64 -accel kvm -cpu host \\\n"
			     "  -machine virt,gic-version=3,ras=on%s \\\n"
			     "  -smp 4 -m 8G -object memory-backend-ram,id=ram0,size=8G \\\n"
			     "  -numa node,nodeid=0,cpus=0-3,memdev=ram0 -numa node,nodeid=1 \\\n"
			     "  -device pcie-root-port,id=port1 \\\n"
			     "  -device vfio-pci,host=%s,bus=port1,id=gpu1 \\\n"
			     "  -object acpi-generic-initiator,id=gi1,pci-dev=gpu1,node=1", option, address);

	free(option);
	return line;
}

/* What libvirt has no elements for goes to QEMU as it is. */
static char *libvirt_xml(const struct pci_dev *dev)
{
	unsigned int window = window_gib(dev);
	char *option = window > DEFAULT_WINDOW ?
		text_of("  <qemu:arg value='-machine'/>\n"
			"  <qemu:arg value='highmem-mmio-size=%uG'/>\n", window) : text_of("%s", "");
	char *xml = text_of("<hostdev mode='subsystem' type='pci' managed='yes'>\n"
			    "  <source>\n"
			    "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
			    "  </source>\n"
			    "  <alias name='ua-gpu1'/>\n"
			    "</hostdev>\n"
			    "<qemu:commandline>\n"
			    "%s"
			    "  <qemu:arg value='-numa'/>\n"
			    "  <qemu:arg value='node,nodeid=1'/>\n"
			    "  <qemu:arg value='-object'/>\n"
			    "  <qemu:arg value='acpi-generic-initiator,id=gi1,pci-dev=ua-gpu1,node=1'/>\n"
			    "</qemu:commandline>", dev->domain, dev->bus, dev->dev, dev->func, option);

	free(option);
	return xml;
}

void add_commands(struct subject *gpu, const struct pci_dev *dev)
{
	char *address = device_address(dev);

	command_add(gpu, "bind", text_of("driverctl set-override %s " DRIVER_NAME, address));
	command_add(gpu, "qemu", qemu_line(dev, address));
	command_add(gpu, "libvirt", libvirt_xml(dev));
	free(address);
}
