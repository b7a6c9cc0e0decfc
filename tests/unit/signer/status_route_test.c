/* Status lists at the gate: which form, is it new, and what is held ready. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "signer/gate/route.h"
#include "tests/software.h"

/* ---- Accept */

static int
form_of(const char *accept)
{
	enum status_form f = STATUS_FORMS;
	enum err e = route_status_form(accept == NULL ? VIEW(NULL, 0) :
	    view_text(accept), &f);

	return e == ERR_OK ? (int)f : -(int)e;
}

static void
the_form_is_the_one_that_is_preferred(void **)
{
	static const char *const jwt[] = { NULL, "*/*", "application/*",
	    "application/statuslist+jwt", "APPLICATION/StatusList+JWT",
	    "text/html, application/statuslist+jwt;q=0.1",
	    "application/statuslist+cwt;q=0.5, application/statuslist+jwt",
	    "application/statuslist+cwt, application/statuslist+jwt",
	    "application/statuslist+cwt;q=0, */*",
	    "text/html,application/xhtml+xml,*/*;q=0.8",
	    "application/*;q=0.9, application/statuslist+cwt;q=0.8" };
	static const char *const cwt[] = { "application/statuslist+cwt",
	    " application/statuslist+cwt ; q=0.3 ",
	    "application/statuslist+cwt;q=0.9, */*;q=0.1",
	    ("application/statuslist+jwt;q=0.899, application/statuslist+cwt"
	    ";q=0.9"),
	    "application/statuslist+jwt;q=0, application/*",
	    "application/statuslist+cwt;version=1" };

	for (size_t i = 0; i < COUNT(jwt); i++)
		assert_int_equal(form_of(jwt[i]), STATUS_JWT);
	for (size_t i = 0; i < COUNT(cwt); i++)
		assert_int_equal(form_of(cwt[i]), STATUS_CWT);
}

static void
other_forms_there_are_none(void **)
{
	static const char *const none[] = { "text/html", "",
	    "application/json", "*/*;q=0", "application/statuslist+jw",
	    "application/statuslist+jwt;q=0.000", "text/*", "jwt", ",;=,",
	    "application/*;q=0, application/statuslist+cwt;q=0" };

	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(form_of(none[i]), -ERR_NOT_ACCEPTABLE);
	assert_int_equal(err_status(ERR_NOT_ACCEPTABLE), 406);
}

/* ---- conditions */

static bool
has_it(const char *fields, const struct shared *d)
{
	AUTO_DONE(bytes) in = { 0 };
	AUTO_DONE(http) h = { 0 };
	bool has;
	size_t used;

	http_init(&h);
	bytes_printf(&in, "GET / HTTP/1.1\r\nHost: okse\r\n%s\r\n", fields);
	assert_int_equal(http_feed(&h, bytes_view(&in), &used), HTTP_HEAD);
	has = route_has_it(&h, d);
	return has;
}

static struct shared *
document_of(const char *text)
{
	AUTO_DONE(bytes) body = { 0 };
	struct shared *d = NULL;

	bytes_put_text(&body, text);
	MUST(shared_new(&body, 784111777, &d));
	return d;
}

static void
a_client_that_has_it_is_told_so(void **)
{
	AUTO(shared) d = document_of("a list");
	char fields[200];

	assert_false(has_it("", d));
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", d->etag);
	assert_true(has_it(fields, d));
	snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n",
	    d->etag);
	assert_true(has_it(fields, d));
	assert_true(has_it("If-None-Match: *\r\n", d));
	assert_false(has_it("If-None-Match: \"x\", \"y\"\r\n", d));
	assert_false(has_it("If-None-Match:\r\n", d));
#define SINCE "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	assert_true(has_it(SINCE, d));
	assert_false(has_it("If-Modified-Since: Sun, 06 Nov 1994 08:49:38 "
	    "GMT\r\n", d));
	/* the tag decides when there is one (RFC 9110 13.1.3) */
	assert_false(has_it(SINCE "If-None-Match: \"x\"\r\n", d));
}

static void
a_tag_is_of_the_content(void **)
{
	AUTO(shared) a = document_of("a list"), b = document_of("a list"),
	    c = document_of("another");

	assert_string_equal(a->etag, b->etag);
	assert_string_not_equal(a->etag, c->etag);
	assert_int_equal(strlen(a->etag), 34);
}

static void
a_head_says_how_long_a_document_is_kept(void **)
{
	struct reply r = { .status = 200, .shared = document_of("a list") };
	AUTO_DONE(bytes) head = { 0 };

	snprintf(r.shared->cache, sizeof(r.shared->cache), "max-age=9");
	reply_put_head(&r, false, &head);
	assert_non_null(strstr(bytes_text(&head), "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(bytes_text(&head),
	    "\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	assert_non_null(strstr(bytes_text(&head), r.shared->etag));
	assert_non_null(strstr(bytes_text(&head),
	    "\r\nCache-Control: max-age=9\r\n"));
	assert_non_null(strstr(bytes_text(&head), "\r\nVary: Accept\r\n"));
	bytes_reset(&head);
	r.status = 304;
	reply_put_head(&r, false, &head);
	assert_true(view_starts(bytes_view(&head),
	    "HTTP/1.1 304 Not Modified\r\n"));
	assert_null(strstr(bytes_text(&head), "Content-Length"));
	assert_non_null(strstr(bytes_text(&head), r.shared->etag));
	assert_int_equal(reply_body(&r).len, 0);
	reply_done(&r);
}

/* ---- the shelf */

struct fixture {
	char		dir[32];
	int		fd;
	struct shelf	shelf;
};

static int
setup(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/okse-shelf-XXXXXX");
	must_be(mkdtemp(f->dir) != NULL, "directory");
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	shelf_done(&f->shelf);
	close(f->fd);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	must_be(system(command) == 0, command);
	mem_free(f);
	return 0;
}

static void
publish(struct fixture *f, const char *name, const char *content)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	MUST(file_publish(path, view_text(content), 0644));
}

static struct shared *
got(struct fixture *f, const char *name)
{
	struct shared *d = NULL;

	MUST(shelf_get(&f->shelf, f->fd, name, "max-age=1", &d));
	return d;
}

static void
a_file_is_read_once_and_again_when_it_changed(void **state)
{
	struct fixture *f = *state;
	AUTO(shared) first = NULL, second = NULL, third = NULL;

	publish(f, "1.jwt", "one");
	first = got(f, "1.jwt");
	second = got(f, "1.jwt");
	assert_ptr_equal(first, second);
	assert_string_equal(bytes_text(&first->body), "one");
	assert_string_equal(first->cache, "max-age=1");
	publish(f, "1.jwt", "two");
	third = got(f, "1.jwt");
	assert_string_equal(bytes_text(&third->body), "two");
	/* who still sends the old one has it as long as it takes */
	assert_string_equal(bytes_text(&first->body), "one");
}

static void
what_is_not_there_is_not_found_nor_remembered(void **state)
{
	struct fixture *f = *state;
	AUTO(shared) d = NULL;
	struct shared *none = NULL;
	char path[128];

	assert_int_equal(shelf_get(&f->shelf, f->fd, "2.jwt", "", &none),
	    ERR_NOT_FOUND);
	publish(f, "2.jwt", "two");
	d = got(f, "2.jwt");
	snprintf(path, sizeof(path), "%s/2.jwt", f->dir);
	unlink(path);
	assert_int_equal(shelf_get(&f->shelf, f->fd, "2.jwt", "", &none),
	    ERR_NOT_FOUND);
	assert_null(none);
	assert_int_equal(f->shelf.bytes, 0);
}

static void
the_shelf_has_so_many_places_and_the_oldest_makes_room(void **state)
{
	struct fixture *f = *state;
	AUTO(shared) first = NULL;
	char name[32];

	publish(f, "first", "first");
	first = got(f, "first");
	for (int i = 0; i < SHELF_PLACES + 5; i++) {
		AUTO(shared) d = NULL;

		snprintf(name, sizeof(name), "%d.jwt", i);
		publish(f, name, name);
		d = got(f, name);
		assert_string_equal(bytes_text(&d->body), name);
	}
	assert_int_equal(first->users, 1);	/* ours alone */
	assert_true(f->shelf.bytes <= SHELF_PLACES * 8);
}

static void
the_shelf_holds_so_many_bytes(void **state)
{
	struct fixture *f = *state;
	AUTO_DONE(bytes) much = { 0 };
	struct shared *none = NULL;
	char name[32];

	memset(bytes_grow(&much, SHELF_DOCUMENT), 'x', SHELF_DOCUMENT);
	for (int i = 0; i < 20; i++) {
		AUTO(shared) d = NULL;

		snprintf(name, sizeof(name), "%d.jwt", i);
		publish(f, name, bytes_text(&much));
		d = got(f, name);
		assert_int_equal(d->body.len, SHELF_DOCUMENT);
	}
	assert_int_equal(f->shelf.bytes, SHELF_BYTES);
	bytes_put_u8(&much, 'x');
	publish(f, "long", bytes_text(&much));
	assert_int_equal(shelf_get(&f->shelf, f->fd, "long", "", &none),
	    ERR_TOO_LARGE);
}

#define SHELF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_form_is_the_one_that_is_preferred),
		cmocka_unit_test(other_forms_there_are_none),
		cmocka_unit_test(a_client_that_has_it_is_told_so),
		cmocka_unit_test(a_tag_is_of_the_content),
		cmocka_unit_test(a_head_says_how_long_a_document_is_kept),
		SHELF(a_file_is_read_once_and_again_when_it_changed),
		SHELF(what_is_not_there_is_not_found_nor_remembered),
		SHELF(the_shelf_has_so_many_places_and_the_oldest_makes_room),
		SHELF(the_shelf_holds_so_many_bytes),
	};

	MUST(crypto_init());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
