/* ls [NAME...]: what is in the boot archive, with sizes in bytes. Status 1 if a name is not there. */
#include <finch/archive.h>
#include <finch/process.h>
#include <inc/lib.h>

static void show(const char *name, size_t size)
{
	printf("%9u  %s\n", size, name);
}

static void show_all(void)
{
	struct cpio_file file;
	size_t offset = 0;
	int err;

	while ((err = archive_next(&offset, &file)) == 0)
		show(file.name, file.size);
	if (err != -E_NOT_FOUND) {
		printf("ls: the boot archive is damaged at byte %u\n", offset);
		exit_status(1);
	}
}

void umain(int argc, char **argv)
{
	bool failed = false;

	if (argc < 2)
		show_all();
	for (int i = 1; i < argc; i++) {
		const void *data;
		size_t size;
		int err = archive_find(argv[i], &data, &size);
		if (err < 0)
			printf("ls: %s: %e\n", argv[i], err);
		else
			show(argv[i], size);
		failed = failed || err < 0;
	}
	exit_status(failed);
}
