/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Evidence of what became of the memory of each GPU between its users: one JSON object a line,
 * appended for good. The driver's records come as uevents (Documentation/ABI, "records").
 */
#ifndef NVGRACE_EVIDENCE_H
#define NVGRACE_EVIDENCE_H

#define EVIDENCE_FILE	"evidence.jsonl"

/*
 * Appends the record in the environment, of the GPU with this address and serial number ("":
 * none): 0, or -1 after a message that has the record. It survives a power cut.
 */
int evidence_append(const char *directory, const char *boot_id, const char *address,
		    const char *serial);

/*
 * Prints the records of these GPUs, by address or serial number; of all if there are none.
 * 0, or -1 after messages that say what is damaged or missing.
 */
int evidence_show(const char *directory, char *const *wanted);

#endif
