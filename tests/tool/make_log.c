/*
 * make_log DIR N [STEP]: a log of N entries, published every STEP (10000) of
 * them, signed with a key everybody knows; DIR/log.vkey to check it with.
 * Times on stderr.
 *
 * make_log --entries DIR [ORIGIN]: the log of the entries on stdin, a line
 * each.
 * make_log --receipt DIR INDEX: the receipt of an entry on stdout.
 * make_log --verify DIR: the verifier's report and exit status.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/receipt.h"
#include "audit/verify.h"
#include "base/time.h"
#include "tests/unit/audit/testlog.h"

struct times {
	int64_t	write, append, publish;	/* microseconds */
};

static enum err
write_vkey(const struct testlog *l)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[512];

	vkey_put(l->key, &text);
	bytes_put_u8(&text, '\n');
	TRY(bytes_check(&text));
	TRY(path_join(l->dir, "log.vkey", path, sizeof(path)));
	return file_replace(path, bytes_view(&text), 0644);
}

/* Entries first … end, each stage of all of them before the next. */
static enum err
add(struct testlog *l, uint64_t first, uint64_t end, struct times *t)
{
	AUTO_DONE(bytes) batch = { .max = (size_t)1 << 30 };
	int64_t start = time_monotonic_us(), written, appended;
	struct reader r;

	for (uint64_t i = first; i < end; i++) {
		AUTO_DONE(bytes) entry = { 0 };

		TRY(testlog_entry(i, &entry));
		bytes_put_block(&batch, bytes_view(&entry));
	}
	TRY(bytes_check(&batch));
	written = time_monotonic_us();
	r = reader_of(bytes_view(&batch));
	while (r.rest.len != 0)
		TRY(testlog_append(l, reader_block(&r, SCHEMA_ENTRY_MAX)));
	appended = time_monotonic_us();
	TRY(testlog_publish(l));
	t->write += written - start;
	t->append += appended - written;
	t->publish += time_monotonic_us() - appended;
	return ERR_OK;
}

static enum err
make(const char *dir, uint64_t n, uint64_t step)
{
	struct testlog l = { 0 };
	struct times t = { 0 };
	uint64_t i = 0;

	TRY(testlog_open(&l, dir));
	TRY(write_vkey(&l));
	do {
		uint64_t end = i + step < n ? i + step : n;

		TRY(add(&l, i, end, &t));
		i = end;
	} while (i < n);
	fprintf(stderr, "%" PRIu64 " entries: write %" PRId64 " ms, append %"
	    PRId64 " ms, publish with second root and signature %" PRId64
	    " ms\n", n, t.write / 1000, t.append / 1000, t.publish / 1000);
	testlog_done(&l);
	return ERR_OK;
}

static enum err
make_of_lines(const char *dir, const char *origin)
{
	struct testlog l = { 0 };
	char line[SCHEMA_ENTRY_MAX + 2];

	TRY(testlog_open_as(&l, dir, origin));
	TRY(write_vkey(&l));
	while (fgets(line, sizeof(line), stdin) != NULL)
		TRY(testlog_append(&l, VIEW(line, strcspn(line, "\n"))));
	TRY(testlog_publish(&l));
	testlog_done(&l);
	return ERR_OK;
}

static enum err
receipt(const char *dir, uint64_t index)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);
	AUTO_DONE(bytes) note = { 0 };
	AUTO_DONE(bytes) text = { 0 };

	TRY(crypto_init());
	TRY(publish_read_checkpoint(dir, &note));
	TRY(receipt_build(&s, index, bytes_view(&note), &text));
	return fd_write(STDOUT_FILENO, bytes_view(&text));
}

static enum err
verify(const char *dir, int *out_status)
{
	static struct verify_result r;
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_files files = log_files_dir(&fd);
	AUTO_DONE(bytes) report = { 0 };
	AUTO(trust_policy) trust = NULL;
	struct verify_options options = { 0 };
	char path[512];

	TRY(crypto_init());
	TRY(path_join(dir, "log.vkey", path, sizeof(path)));
	TRY(trust_keys_read(path, &trust));
	options.trust = trust;
	TRY(verify_with(&files, &options, &r));
	verify_report(&r, &report);
	*out_status = verify_exit_status(&r);
	return fd_write(STDOUT_FILENO, bytes_view(&report));
}

int
main(int argc, char **argv)
{
	int status = 0;
	enum err e;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: make_log DIR N [STEP]\n"
		    "       make_log --entries DIR [ORIGIN] <LINES\n"
		    "       make_log --receipt DIR INDEX\n"
		    "       make_log --verify DIR\n");
		return 2;
	}
	if (strcmp(argv[1], "--verify") == 0)
		e = verify(argv[2], &status);
	else if (strcmp(argv[1], "--entries") == 0)
		e = make_of_lines(argv[2], argc == 4 ? argv[3] :
		    TESTLOG_NAME);
	else if (strcmp(argv[1], "--receipt") == 0 && argc == 4)
		e = receipt(argv[2], strtoull(argv[3], NULL, 10));
	else
		e = make(argv[1], strtoull(argv[2], NULL, 10), argc == 4 ?
		    strtoull(argv[3], NULL, 10) : 10000);
	if (e == ERR_OK)
		return status;
	fprintf(stderr, "make_log: %s\n", err_why());
	return 3;
}
