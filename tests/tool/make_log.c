/*
 * make_log DIR N [STEP]: a log of N entries, published every STEP (10000) of
 * them, signed with a key everybody knows; DIR/log.vkey to check it with.
 * Times on stderr.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/time.h"
#include "tests/unit/audit/testlog.h"

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

static enum err
make(const char *dir, uint64_t n, uint64_t step)
{
	struct testlog l = { 0 };
	int64_t build = 0, append = 0, publish = 0;

	TRY(testlog_open(&l, dir));
	TRY(write_vkey(&l));
	for (uint64_t i = 0; i < n || i == 0;) {
		uint64_t end = i + step < n ? i + step : n;
		int64_t a = time_monotonic_us(), b, c;
		AUTO_DONE(bytes) batch = { 0 };
		struct reader r;

		for (uint64_t k = i; k < end; k++) {
			AUTO_DONE(bytes) entry = { 0 };

			TRY(testlog_entry(k, &entry));
			bytes_put_block(&batch, bytes_view(&entry));
		}
		TRY(bytes_check(&batch));
		b = time_monotonic_us();
		r = reader_of(bytes_view(&batch));
		while (r.rest.len != 0)
			TRY(testlog_append(&l, reader_block(&r, 65535)));
		c = time_monotonic_us();
		TRY(testlog_publish(&l));
		publish += time_monotonic_us() - c;
		append += c - b;
		build += b - a;
		i = end;
		if (n == 0)
			break;
	}
	fprintf(stderr, "%" PRIu64 " entries: write %" PRId64 " ms, append %"
	    PRId64 " ms, publish with second root and signature %" PRId64
	    " ms\n", n, build / 1000, append / 1000, publish / 1000);
	testlog_done(&l);
	return ERR_OK;
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: make_log DIR N [STEP]\n");
		return 2;
	}
	if (make(argv[1], strtoull(argv[2], NULL, 10), argc > 3 ?
	    strtoull(argv[3], NULL, 10) : 10000) != ERR_OK) {
		fprintf(stderr, "make_log: %s\n", err_why());
		return 1;
	}
	return 0;
}
