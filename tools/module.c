// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module that would be loaded, the one that is, and those of other kernels that may boot
 * next. The kernel has a driver of the same name, which neither refuses unsafe hosts nor
 * scrubs memory: a host that would load that one is not as its administrator thinks.
 */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "check.h"
#include "system.h"
#include "text.h"

#define LOADED_MODULE	"/sys/module/" DRIVER_NAME
#define MODULES		"/lib/modules"
#define SIG_ENFORCE	"/sys/module/module/parameters/sig_enforce"
#define LOCKDOWN	"/sys/kernel/security/lockdown"

#define KERNELS_OWN	"this is the kernel's own driver: it neither refuses unsafe hosts nor scrubs memory"

/* A field of the module that modprobe would load into that kernel; NULL without. */
static char *module_field(const char *release, const char *field)
{
	char *command = text_of("modinfo -k '%s' -F %s " MODULE_NAME " 2>/dev/null", release, field);
	char *value = command_line(command);

	free(command);
	return value;
}

/* This project's has a parameter that the kernel's own does not have. */
static bool module_is_ours(const char *release)
{
	char *command = text_of("modinfo -k '%s' -F parm " MODULE_NAME " 2>/dev/null | grep '^scrub:'",
				release);
	char *scrub = command_line(command);
	bool ours = scrub;

	free(command);
	free(scrub);
	return ours;
}

static const char reload[] = "without guests: modprobe -r " MODULE_NAME " && modprobe " MODULE_NAME "; then see driver of each GPU";

/*
 * The build ID of the module that runs is in the file if that is the one; after an upgrade
 * it is not.
 */
static void check_up_to_date(struct subject *host, const char *file)
{
	size_t note_size, size;
	char *note = file_read(LOADED_MODULE "/notes/.note.gnu.build-id", &note_size);
	char *content = note ? file_unpacked(file, &size) : NULL;

	if (!content)
		fact_add(host, LEVEL_UNKNOWN, "up_to_date", "unknown",
			 "whether the module that runs is the installed one cannot be told",
			 "install what unpacks the file: xz-utils, zstd or gzip");
	else if (memmem(content, size, note, note_size))
		fact_add(host, LEVEL_OK, "up_to_date", "yes", NULL, NULL);
	else
		fact_add(host, LEVEL_WARN, "up_to_date", "no",
			 "the module that runs is not the installed one: it is of another version", reload);
	free(content);
	free(note);
}

static void check_loaded(struct subject *host, const char *file)
{
	if (!file_exists(LOADED_MODULE)) {
		fact_add(host, LEVEL_INFO, "loaded", "no", NULL, NULL);
	} else if (!file_exists(LOADED_MODULE "/parameters/scrub")) {
		fact_add(host, LEVEL_FAIL, "loaded", "the kernel's own", KERNELS_OWN, reload);
	} else {
		fact_add(host, LEVEL_OK, "loaded", "yes", NULL, NULL);
		check_up_to_date(host, file);
	}
}

/* One version for all: that of these tools. */
static void check_version(struct subject *host, const char *release)
{
	char *loaded = file_line(LOADED_MODULE "/version");
	char *installed = module_field(release, "version");
	char *version = loaded ?: installed;

	if (version && !strcmp(version, VERSION))
		fact_add(host, LEVEL_OK, "version", version, NULL, NULL);
	else if (version)
		fact_add(host, LEVEL_WARN, "version", version,
			 loaded ? "the module that runs is not of the version of these tools, " VERSION :
				  "the module is not of the version of these tools, " VERSION,
			 "install both of one version, and load the module anew");
	free(loaded);
	free(installed);
}

/* NULL if an installed module of ours was built for this kernel. */
static char *wrong_kernel(const char *release)
{
	char *magic = module_field(release, "vermagic"), *reason = NULL;

	if (magic) {
		magic[strcspn(magic, " ")] = '\0';
		if (strcmp(magic, release))
			reason = text_of("it was built for Linux %s, this is %s: it may not load, or not work",
					 magic, release);
	}
	free(magic);
	return reason;
}

static void check_installed(struct subject *host, const char *release)
{
	char *file = module_field(release, "filename"), *wrong = wrong_kernel(release);

	if (!file || !file_exists(file))
		fact_add(host, LEVEL_FAIL, "module", "not installed",
			 "modprobe finds no " MODULE_NAME " for this kernel",
			 "install nvgrace-gpu-vfio-pci-dkms and this kernel's headers, or run make modules_install");
	else if (!module_is_ours(release))
		fact_add(host, LEVEL_FAIL, "module", file, KERNELS_OWN,
			 "install nvgrace-gpu-vfio-pci-dkms, or run make modules_install: modules in updates/ go before the kernel's");
	else if (wrong)
		fact_add(host, LEVEL_WARN, "module", file, wrong,
			 "build it for this kernel: dkms autoinstall, or make modules_install");
	else
		fact_add(host, LEVEL_OK, "module", file, NULL, NULL);
	if (file)
		check_loaded(host, file);
	free(wrong);
	free(file);
}

/* Does this kernel load nothing without a signature that it can check? */
static bool signatures_are_enforced(void)
{
	char *enforced = file_line(SIG_ENFORCE), *lockdown = file_line(LOCKDOWN);
	bool yes = (enforced && *enforced == 'Y') || (lockdown && !strstr(lockdown, "[none]"));

	free(enforced);
	free(lockdown);
	return yes;
}

/* The kernel's keys are named "<who>: <key>"; of each there is a line. */
static enum answer is_known_signer(const char *signer)
{
	char *keys = file_read("/proc/keys", NULL);
	char *name = text_of("asymmetri %s: ", signer);
	enum answer answer = !keys || !strstr(keys, "asymmetri ") ? UNKNOWN :
			     strstr(keys, name) ? YES : NO;

	free(name);
	free(keys);
	return answer;
}

/* Only where the kernel insists on one: what it says then is "Key was rejected by service". */
static void check_signature(struct subject *host, const char *release)
{
	char *signer = module_field(release, "signer");
	static const char enrol[] = "have the firmware trust the key that dkms signs with: mokutil --import /var/lib/dkms/mok.pub, reboot, and enrol it there";
	enum answer known;

	if (!signatures_are_enforced()) {
		fact_add(host, LEVEL_INFO, "signature", signer ?: "none", "this kernel asks for none", NULL);
	} else if (!signer) {
		fact_add(host, LEVEL_FAIL, "signature", "none",
			 "this kernel loads no module without a signature", enrol);
	} else {
		known = is_known_signer(signer);
		if (known == YES)
			fact_add(host, LEVEL_OK, "signature", signer, NULL, NULL);
		else if (known == NO)
			fact_add(host, LEVEL_FAIL, "signature", signer,
				 "this kernel has no key of that name, and loads no module whose signature it cannot check",
				 enrol);
		else
			fact_add(host, LEVEL_UNKNOWN, "signature", signer,
				 "the kernel's keys cannot be read", "run this as root");
	}
	free(signer);
}

/* It has modules, and something that can be booted. */
static bool kernel_may_boot(const char *release)
{
	char *modules = text_of(MODULES "/%s/modules.dep", release);
	char *image = text_of("/boot/vmlinuz-%s", release), *own = text_of(MODULES "/%s/vmlinuz", release);
	bool may = file_exists(modules) && (file_exists(image) || file_exists(own));

	free(modules);
	free(image);
	free(own);
	return may;
}

/* "6.12.9-arm64 7.4.1-arm64": kernels that would load the kernel's own driver, or none; NULL: no such */
static char *kernels_without(const char *running, unsigned int *others)
{
	char *list = NULL;
	struct dirent **entries;
	int i, count = scandir(MODULES, &entries, NULL, versionsort);

	*others = 0;
	for (i = 0; i < count; i++) {
		const char *release = entries[i]->d_name;

		if (*release != '.' && strcmp(release, running) && kernel_may_boot(release)) {
			++*others;
			if (!module_is_ours(release))
				text_add(&list, " ", text_of("%s", release));
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return list;
}

/* After an update the newest one boots next, and dkms may have had no headers for it. */
static void check_other_kernels(struct subject *host, const char *running)
{
	unsigned int others;
	char *without = kernels_without(running, &others), *value = text_of("%u", others);

	if (without)
		fact_add(host, LEVEL_FAIL, "other_kernels", without,
			 "these kernels are installed too, without this project's module: once booted they use their own driver, or none",
			 "install their headers (linux-headers-<release>) and run dkms autoinstall, or remove them");
	else
		fact_add(host, LEVEL_OK, "other_kernels", value, NULL, NULL);
	fact_number(host, "count", others);
	fact_word(host, "without", without ?: "");
	free(without);
	free(value);
}

void check_modules(struct subject *host)
{
	struct utsname running;

	uname(&running);
	check_installed(host, running.release);
	check_version(host, running.release);
	check_signature(host, running.release);
	check_other_kernels(host, running.release);
}
