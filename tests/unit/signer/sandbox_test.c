/*
 * The lock, tried from inside: every role in a process of its own, one
 * attempt each. What is forbidden kills or is refused; what the role needs
 * still works.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "signer/sandbox.h"

static char top[] = "/tmp/okse-sandbox-XXXXXX";
static char log_dir[64], registry[64], policy_dir[64], token_dir[64];
static char state_dir[64];
static struct config config;

static int
make_places(void **state)
{
	static const char *writable[1];

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(log_dir, sizeof(log_dir), "%s/log", top);
	snprintf(registry, sizeof(registry), "%s/db/registry.db", top);
	snprintf(policy_dir, sizeof(policy_dir), "%s/policy", top);
	snprintf(token_dir, sizeof(token_dir), "%s/token", top);
	assert_int_equal(dir_make(log_dir, 0700), ERR_OK);
	assert_int_equal(dir_make(policy_dir, 0700), ERR_OK);
	assert_int_equal(dir_make(token_dir, 0700), ERR_OK);
	snprintf(state_dir, sizeof(state_dir), "%s/state", top);
	assert_int_equal(dir_make(state_dir, 0700), ERR_OK);
	snprintf(registry, sizeof(registry), "%s/db", top);
	assert_int_equal(dir_make(registry, 0700), ERR_OK);
	snprintf(registry, sizeof(registry), "%s/db/registry.db", top);
	writable[0] = token_dir;
	config.log = log_dir;
	config.registry = registry;
	config.policy = policy_dir;
	config.state = state_dir;
	config.token.writable.at = writable;
	config.token.writable.count = 1;
	return 0;
}

static int
remove_places(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* What became of an attempt: 0 done, > 0 its errno, < 0 minus the signal. */
static int
attempt_as(enum role role, int (*attempt)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid != -1);
	if (pid == 0) {
		int result;

		if (sandbox_prepare() != ERR_OK ||
		    sandbox_enter(role, &config) != ERR_OK)
			_exit(255);
		errno = 0;
		result = attempt();
		_exit(result == 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

static int
try_open(const char *dir, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd == -1 ? -1 : 0;
}

static int nothing(void) { return 0; }
static int run_a_program(void)
{
	char *none[] = { NULL };

	return execve("/bin/true", none, none);
}
static int fork_a_child(void) { return fork() == -1 ? -1 : 0; }
static int trace_the_parent(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static int read_the_parent(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0,
	    0);
}
static int open_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}
static int open_a_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}
static int open_a_kernel_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) == -1 ? -1 : 0;
}
static int connect_to_nobody(void)
{
	const struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(1),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (const struct sockaddr *)&a, sizeof(a));
}
static int listen_for_others(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return listen(fd, 1);
}
static int kill_the_parent(void) { return kill(getppid(), 0); }
static int load_a_filter(void) { return (int)syscall(SYS_bpf, 0, NULL, 0); }
[[maybe_unused]] static int
become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}
static int a_call_of_the_future(void) { return (int)syscall(9999); }
static int read_passwd(void) { return try_open("/etc", "passwd", O_RDONLY); }
static int write_in_tmp(void)
{
	return try_open(top, "stray", O_WRONLY | O_CREAT);
}
static int list_the_log(void) { return try_open(log_dir, ".", O_RDONLY); }
static int write_the_log(void)
{
	return try_open(log_dir, "entry", O_WRONLY | O_CREAT);
}
static int write_the_registry(void)
{
	return try_open(top, "db/registry.db", O_WRONLY | O_CREAT);
}
static int read_the_policy(void)
{
	return try_open(policy_dir, ".", O_RDONLY);
}
static int write_the_policy(void)
{
	return try_open(policy_dir, "x", O_WRONLY | O_CREAT);
}
static int write_the_token(void)
{
	return try_open(token_dir, "x", O_WRONLY | O_CREAT);
}

static const enum role children[] = {
	ROLE_GATE, ROLE_DESK, ROLE_NOTARY, ROLE_KEYHOLDER, ROLE_COURIER,
};

static void
every_child_lives_behind_its_lock(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(children); i++)
		assert_int_equal(attempt_as(children[i], nothing), 0);
	assert_int_equal(attempt_as(ROLE_SUPERVISOR, fork_a_child), 0);
}

static void
what_no_child_needs_kills_it(void **state)
{
	static int (*const attempts[])(void) = {
		run_a_program, fork_a_child, trace_the_parent, read_the_parent,
		kill_the_parent, load_a_filter,
#ifndef __SANITIZE_ADDRESS__	/* its runtime needs prctl() */
		become_dumpable,
#endif
	};

	(void)state;
	for (size_t i = 0; i < COUNT(children); i++)
		for (size_t a = 0; a < COUNT(attempts); a++)
			assert_int_equal(attempt_as(children[i], attempts[a]),
			    -SIGSYS);
}

static void
the_supervisor_may_start_programs_but_not_trace_them(void **state)
{
	(void)state;
	assert_int_equal(attempt_as(ROLE_SUPERVISOR, run_a_program), 0);
	assert_int_equal(attempt_as(ROLE_SUPERVISOR, trace_the_parent),
	    -SIGSYS);
	assert_int_equal(attempt_as(ROLE_SUPERVISOR, read_the_parent),
	    -SIGSYS);
}

static void
only_the_courier_connects_and_a_module_may_try(void **state)
{
	(void)state;
	assert_int_equal(attempt_as(ROLE_GATE, open_a_socket), -SIGSYS);
	assert_int_equal(attempt_as(ROLE_DESK, open_a_socket), -SIGSYS);
	assert_int_equal(attempt_as(ROLE_NOTARY, open_a_socket), -SIGSYS);
	assert_int_equal(attempt_as(ROLE_KEYHOLDER, open_a_socket), EACCES);
	assert_int_equal(attempt_as(ROLE_WITNESS, open_a_socket), -SIGSYS);
	assert_int_equal(attempt_as(ROLE_COURIER, open_a_socket), 0);
	/* it is refused, not forbidden: there is a way past a closed port */
	assert_int_equal(attempt_as(ROLE_COURIER, connect_to_nobody),
	    ECONNREFUSED);
	assert_int_equal(attempt_as(ROLE_COURIER, open_a_local_socket),
	    ENOSYS);
	assert_int_equal(attempt_as(ROLE_COURIER, open_a_kernel_socket),
	    ENOSYS);
	assert_int_equal(attempt_as(ROLE_COURIER, listen_for_others),
	    -SIGSYS);
}

/* As if okse.yaml said so, for one attempt. */
static int
attempt_with(const char *uri, int (*attempt)(void))
{
	const char *file = config.registry;
	int result;

	config.registry = uri;
	result = attempt_as(ROLE_NOTARY, attempt);
	config.registry = file;
	return result;
}

static void
a_notary_reaches_its_database_and_nothing_else(void **state)
{
	const char *local = "postgresql://okse@/okse?host=/run/postgresql";
	char tcp[256];

	(void)state;
	snprintf(tcp, sizeof(tcp), "postgresql://okse@127.0.0.1:2/okse"
	    "?sslmode=verify-full&sslrootcert=%s/log.pem", log_dir);
	assert_int_equal(attempt_with(local, open_a_local_socket), 0);
	assert_int_equal(attempt_with(local, open_a_socket), ENOSYS);
	assert_int_equal(attempt_with(local, write_the_registry), EACCES);
	assert_int_equal(try_open(log_dir, "log.pem", O_WRONLY | O_CREAT), 0);
	assert_int_equal(attempt_with(tcp, open_a_socket), 0);
	assert_int_equal(attempt_with(tcp, open_a_local_socket), ENOSYS);
	assert_int_equal(attempt_with(tcp, open_a_kernel_socket), ENOSYS);
	assert_int_equal(attempt_with(tcp, listen_for_others), -SIGSYS);
	/* port 1 is not the database's, which is 2 */
	if (sandbox_landlock_abi() >= 4)
		assert_int_equal(attempt_with(tcp, connect_to_nobody),
		    EACCES);
}

static void
calls_that_do_not_exist_yet_are_refused_not_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(children); i++)
		assert_int_equal(attempt_as(children[i],
		    a_call_of_the_future), ENOSYS);
}

static void
each_role_sees_its_own_files_only(void **state)
{
	static const struct {
		int		(*attempt)(void);
		enum role	 may;
	} files[] = {
		{ read_passwd, 0 },
		{ write_in_tmp, 0 },
		{ list_the_log, ROLE_GATE | ROLE_NOTARY },
		{ write_the_log, ROLE_NOTARY },
		{ write_the_registry, ROLE_NOTARY },
		{ read_the_policy, ROLE_NOTARY },
		{ write_the_policy, 0 },
		{ write_the_token, ROLE_KEYHOLDER },
	};

	(void)state;
	if (sandbox_landlock_abi() == 0) {
		print_message("# SKIP this kernel has no Landlock\n");
		skip();
	}
	for (size_t i = 0; i < COUNT(children); i++)
		for (size_t f = 0; f < COUNT(files); f++)
			assert_int_equal(attempt_as(children[i],
			    files[f].attempt),
			    (files[f].may & children[i]) != 0 ? 0 : EACCES);
}

/* In its own process: the lock cannot be taken off again. */
static int
look_at_oneself(void)
{
	struct rlimit core;
	AUTO_DONE(bytes) status = { 0 };
	const char *text;

	if (sandbox_prepare() != ERR_OK ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    getrlimit(RLIMIT_CORE, &core) == -1 || core.rlim_max != 0)
		return 1;
	/* /proc is out of reach behind Landlock: the desk's lock is enough */
	AUTO_FD fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd == -1 || sandbox_enter(ROLE_DESK, &config) != ERR_OK)
		return 2;
	uint8_t *to = bytes_grow(&status, 8192);
	ssize_t n = to != NULL ? read(fd, to, 8192) : -1;

	if (n <= 0)
		return 3;
	status.len = (size_t)n;
	text = bytes_text(&status);
	if (strstr(text, "CapEff:\t0000000000000000") == NULL ||
	    strstr(text, "CapPrm:\t0000000000000000") == NULL)
		return 4;
	if (strstr(text, "NoNewPrivs:\t1") == NULL ||
	    strstr(text, "Seccomp:\t2") == NULL)
		return 5;
	/* as an ordinary user the bounding set cannot be shrunk */
	return geteuid() == 0 &&
	    strstr(text, "CapBnd:\t0000000000000000") == NULL ? 6 : 0;
}

static int write_the_state(void)
{
	return try_open(state_dir, "x", O_WRONLY | O_CREAT);
}

static void
a_witness_has_its_own_files_and_nothing_else(void **state)
{
	(void)state;
	if (sandbox_landlock_abi() == 0) {
		print_message("# SKIP this kernel has no Landlock\n");
		skip();
	}
	assert_int_equal(attempt_as(ROLE_WITNESS, write_the_state), 0);
	assert_int_equal(attempt_as(ROLE_WITNESS, list_the_log), EACCES);
	assert_int_equal(attempt_as(ROLE_WITNESS, read_passwd), EACCES);
	assert_int_equal(attempt_as(ROLE_WITNESS, run_a_program), -SIGSYS);
	for (size_t i = 0; i < COUNT(children); i++)
		assert_int_equal(attempt_as(children[i], write_the_state),
		    EACCES);
}

static void
nothing_privileged_is_left(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid != -1);
	if (pid == 0)
		_exit(look_at_oneself());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_child_lives_behind_its_lock),
		cmocka_unit_test(what_no_child_needs_kills_it),
		cmocka_unit_test(
		    the_supervisor_may_start_programs_but_not_trace_them),
		cmocka_unit_test(
		    only_the_courier_connects_and_a_module_may_try),
		cmocka_unit_test(
		    a_notary_reaches_its_database_and_nothing_else),
		cmocka_unit_test(
		    calls_that_do_not_exist_yet_are_refused_not_fatal),
		cmocka_unit_test(each_role_sees_its_own_files_only),
		cmocka_unit_test(a_witness_has_its_own_files_and_nothing_else),
		cmocka_unit_test(nothing_privileged_is_left),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, make_places, remove_places);
}
