/*
 * Where the database is, as okse.yaml may say it; and over TLS, with a real
 * server, certificates on both sides.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/time.h"
#include "tests/unit/signer/cluster.h"

static struct cluster cluster;
static char port[8];

static int
start(void **state)
{
	(void)state;
	snprintf(port, sizeof(port), "%d", 20000 + getpid() % 20000);
	strncpy(cluster.dir, "/tmp/okse-pg-XXXXXX", sizeof(cluster.dir) - 1);
	if (mkdtemp(cluster.dir) == NULL)
		return -1;
	return cluster_do(&cluster, "tls", port);
}

static int
stop(void **state)
{
	(void)state;
	cluster_stop(&cluster);
	return 0;
}

static void
what_is_not_safe_or_not_whole_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "postgresql://okse@db/okse", "verify-full" },
		{ "postgresql://okse@db/okse?sslmode=require", "verify-full" },
		{ "postgresql://okse@db/okse?sslmode=verify-full",
		    "sslrootcert" },
		{ "postgresql://okse@db/okse?sslmode=verify-full"
		    "&sslrootcert=/a&sslcert=/b", "together" },
		{ "postgresql://okse:secret@/okse?host=/run", "password" },
		{ "postgresql://okse@/okse?host=/run&connect_timeout=3",
		    "connect_timeout" },
		{ "postgresql://okse@/okse?host=/run&options=-cfsync%3Doff",
		    "options" },
		{ "postgresql://okse@/okse", "hosts" },
		{ "postgresql://okse@/okse?host=/a,/b,/c,/d,/e,/f,/g,/h,/i",
		    "hosts" },
		{ "postgresql://okse@/okse?host=/a,,/c", "host" },
		{ "postgresql://okse@/?host=/run", "database" },
		{ "postgresql:///okse?host=/run", "user" },
		{ "postgresql://okse@/okse?host=/run&port=123456", "port" },
		{ "postgresql://okse@[::1/okse", "registry" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct postgres_target *t;

		if (postgres_target_read(wrong[i][0], &t) != ERR_SCHEMA)
			fail_msg("%s is taken", wrong[i][0]);
		if (strstr(err_why(), wrong[i][1]) == NULL)
			fail_msg("%s: \"%s\"", wrong[i][0], err_why());
	}
}

static void
the_sandbox_hears_of_sockets_ports_and_files(void **state)
{
	AUTO(postgres_target) t = NULL, local = NULL;
	struct postgres_need need;

	(void)state;
	assert_int_equal(postgres_target_read("postgresql://okse@a:1,b:2/okse"
	    "?sslmode=verify-full&sslrootcert=/r&sslcert=/c&sslkey=/k", &t),
	    ERR_OK);
	need = postgres_target_need(t);
	assert_true(need.tcp && !need.local);
	assert_int_equal(need.port_count, 2);
	assert_int_equal(need.ports[0], 1);
	assert_int_equal(need.ports[1], 2);
	assert_int_equal(need.file_count, 3);
	assert_string_equal(need.files[2], "/k");
	assert_int_equal(postgres_target_read("postgresql://okse@/okse?host="
	    "/a,/b,/c,/d,/e,/f,/g,/h", &local), ERR_OK);
	need = postgres_target_need(local);
	assert_true(need.local && !need.tcp);
	assert_int_equal(need.port_count + need.file_count, 0);
}

static void
a_host_that_nobody_knows_is_said(void **state)
{
	AUTO(postgres_target) t = NULL;

	(void)state;
	assert_int_equal(postgres_target_parse("postgresql://okse@nowhere."
	    "invalid/okse?sslmode=verify-full&sslrootcert=/r", &t),
	    ERR_UNAVAILABLE);
	assert_non_null(strstr(err_why(), "nowhere.invalid"));
}

/* ---- TLS */

static enum err
connect_as(const char *user, const char *certificate, const char *host)
{
	AUTO(postgres_target) t = NULL;
	AUTO(postgres) p = NULL;
	char uri[400], client[160] = "";

	if (certificate != NULL)
		snprintf(client, sizeof(client),
		    "&sslcert=%s/%s.pem&sslkey=%s/%s.key", cluster.dir,
		    certificate, cluster.dir, certificate);
	snprintf(uri, sizeof(uri), "postgresql://%s@%s:%s/okse?sslmode="
	    "verify-full&sslrootcert=%s/ca.pem%s", user, host, port,
	    cluster.dir, client);
	if (postgres_target_parse(uri, &t) != ERR_OK)
		fail_msg("%s", err_why());
	return postgres_connect(t, time_monotonic_us() + 60000000, &p);
}

static void
the_right_certificates_on_both_sides_connect(void **state)
{
	(void)state;
	if (connect_as("okse", "client", "localhost") != ERR_OK)
		fail_msg("%s", err_why());
}

static void
no_certificate_or_another_s_does_not(void **state)
{
	(void)state;
	assert_int_equal(connect_as("okse", NULL, "localhost"),
	    ERR_UNAVAILABLE);
	assert_int_equal(connect_as("okse", "other", "localhost"),
	    ERR_UNAVAILABLE);
	assert_int_equal(connect_as("okse_owner", "client", "localhost"),
	    ERR_UNAVAILABLE);
}

static void
a_server_by_another_name_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(connect_as("okse", "client", "127.0.0.1"),
	    ERR_UNAVAILABLE);
	assert_non_null(strstr(err_why(), "certificate"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_not_safe_or_not_whole_is_refused),
	    cmocka_unit_test(the_sandbox_hears_of_sockets_ports_and_files),
	    cmocka_unit_test(a_host_that_nobody_knows_is_said),
	    cmocka_unit_test(the_right_certificates_on_both_sides_connect),
	    cmocka_unit_test(no_certificate_or_another_s_does_not),
	    cmocka_unit_test(a_server_by_another_name_is_not_believed),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
