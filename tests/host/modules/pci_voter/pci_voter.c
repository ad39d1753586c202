// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives any PCI device (driver_override), and wants it reset after every error on its
 * bus, also after one that leaves the link alone, as drivers of network cards do.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/module.h>
#include <linux/pci.h>

static int pci_voter_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static pci_ers_result_t pci_voter_error_detected(struct pci_dev *pdev,
						 pci_channel_state_t state)
{
	return state == pci_channel_io_perm_failure ? PCI_ERS_RESULT_DISCONNECT :
						      PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t pci_voter_slot_reset(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers pci_voter_err_handlers = {
	.error_detected	= pci_voter_error_detected,
	.slot_reset	= pci_voter_slot_reset,
};

/* Matches only where driver_override says so. */
static const struct pci_device_id pci_voter_ids[] = {
	{}
};

static struct pci_driver pci_voter_driver = {
	.name		= "pci_voter",
	.id_table	= pci_voter_ids,
	.probe		= pci_voter_probe,
	.err_handler	= &pci_voter_err_handlers,
};
module_pci_driver(pci_voter_driver);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: a PCI driver that wants a reset after every error");
