/*
 * The rights of every role, on one page, and the kernel's means to hold them
 * to it. A role opens what it needs first, then calls sandbox_enter().
 *
 * System calls: what a role's list names is allowed; every other call that
 * libseccomp knows kills the process; numbers newer than the library answer
 * ENOSYS, so that a younger C library falls back instead of dying.
 */
#include "signer/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/postgres.h"

/* ---- the page: who may call what */

/* memory, time, exit, the event loop, channels that are open already */
#define CALLS_ALL                                                             \
	"brk mmap munmap mprotect mremap madvise mlock munlock "              \
	"clock_gettime clock_nanosleep clock_getres gettimeofday time "       \
	"nanosleep getpid gettid getuid geteuid getgid getegid getrandom "    \
	"futex rseq rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack "    \
	"restart_syscall sched_yield exit exit_group tgkill "                 \
	"epoll_wait epoll_pwait epoll_pwait2 epoll_ctl poll ppoll "           \
	"read readv write writev close fcntl fstat newfstatat lseek "         \
	"recvmsg sendmsg recvfrom sendto setsockopt "

#define CALLS_GATE                                                            \
	"accept4 shutdown getsockopt getsockname getpeername ioctl openat "

#define CALLS_NOTARY                                                          \
	"open openat stat lstat statx access faccessat faccessat2 readlink "  \
	"pread64 pwrite64 fsync fdatasync sync_file_range ftruncate "         \
	"fallocate unlink unlinkat rename renameat renameat2 mkdir mkdirat "  \
	"rmdir fchmod fchown getcwd getdents64 utimensat sysinfo "            \
	"memfd_create "

/* connects to the outside; sockets: see allow_sockets() */
#define CALLS_COURIER                                                         \
	"connect shutdown getsockopt getsockname getpeername ioctl "

/*
 * with a registry on PostgreSQL, besides socket() of the families that it is
 * reached by: a lost connection is made again from inside
 */
#define CALLS_POSTGRES                                                        \
	"connect getsockopt getsockname getpeername rt_sigpending "           \
	"rt_sigtimedwait "

/* what a PKCS#11 module in software needs: its files and their locks */
#define CALLS_KEYHOLDER                                                       \
	"open openat stat lstat statx access faccessat faccessat2 readlink "  \
	"pread64 pwrite64 fsync fdatasync ftruncate unlink unlinkat rename "  \
	"renameat mkdir mkdirat fchmod umask flock getcwd getdents64 "        \
	"set_robust_list sysinfo uname prlimit64 getrusage dup "

/* the supervisor must still start children, whose filters add to this one */
#define DENIED_SUPERVISOR                                                     \
	"ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd "         \
	"mount umount2 pivot_root chroot move_mount open_tree fsopen "        \
	"init_module finit_module delete_module kexec_load kexec_file_load "  \
	"bpf perf_event_open userfaultfd keyctl add_key request_key "         \
	"reboot swapon swapoff settimeofday clock_settime adjtimex "          \
	"iopl ioperm acct quotactl setns unshare personality "                \
	"open_by_handle_at name_to_handle_at lookup_dcookie vhangup "

/* rights that the headers of Debian 12 do not know yet */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)		/* since ABI 3 */
#else
#define ACCESS_FS_TRUNCATE LANDLOCK_ACCESS_FS_TRUNCATE
#endif
#define ACCESS_FS_IOCTL_DEV (UINT64_C(1) << 15)		/* since ABI 5 */
#define ACCESS_NET_BIND (UINT64_C(1))			/* since ABI 4 */
#define ACCESS_NET_CONNECT (UINT64_C(2))
#define ACCESS_NET_ALL (UINT64_C(3))
#define RULE_NET_PORT 2
#define SCOPE_ALL (UINT64_C(3))				/* since ABI 6 */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                 \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE |                               \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |       \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |  \
	    ACCESS_FS_TRUNCATE)

enum place {
	PLACE_NONE,
	PLACE_LOG,		/* the published log */
	PLACE_REGISTRY,		/* the directory of the registry's file, or
				 * the port and the keys of its server */
	PLACE_POLICY,
	PLACE_TOKEN,		/* what the module may write */
	PLACE_STATE,
};

static const struct rights {
	enum role	 role;
	const char	*calls;		/* allowed; of the supervisor: denied */
	const char	*refused;	/* answered EACCES instead of killing */
	struct {
		enum place	place;
		uint64_t	access;
	}		 files[3];
} page[] = {
	{ ROLE_SUPERVISOR, DENIED_SUPERVISOR, "", { { 0 } } },
	{ ROLE_GATE, CALLS_ALL CALLS_GATE, "", { { PLACE_LOG, READ } } },
	{ ROLE_DESK, CALLS_ALL CALLS_GATE, "", { { 0 } } },
	{ ROLE_NOTARY, CALLS_ALL CALLS_NOTARY, "", {
		{ PLACE_REGISTRY, WRITE },
		{ PLACE_LOG, WRITE },
		{ PLACE_POLICY, READ },
	} },
	/* modules write to syslog when they fail: no reason to die of it */
	{ ROLE_KEYHOLDER, CALLS_ALL CALLS_KEYHOLDER, "socket connect ", {
		{ PLACE_TOKEN, WRITE },
	} },
	/* libraries look for files (time zones): no reason to die of it */
	{ ROLE_COURIER, CALLS_ALL CALLS_COURIER, "open openat ", { { 0 } } },
	/* a program of its own: accepts like the gate, keeps its own files */
	{ ROLE_WITNESS, CALLS_ALL CALLS_GATE CALLS_NOTARY, "", {
		{ PLACE_STATE, WRITE },
	} },
};

/* The sanitizers' runtime, in test builds only. */
#if defined(__SANITIZE_ADDRESS__)
#define CALLS_SANITIZER "readlink openat open prctl getrlimit prlimit64 ioctl "
#else
#define CALLS_SANITIZER ""
#endif

/* ---- files: Landlock, by raw system calls (glibc 2.36 has no wrappers) */

struct ruleset {		/* as of ABI 6 */
	uint64_t	handled_access_fs;
	uint64_t	handled_access_net;
	uint64_t	scoped;
};

int
sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t
handled_files(int abi)
{
	uint64_t all = (UINT64_C(1) << 13) - 1;		/* ABI 1 */

	all |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	all |= abi >= 3 ? ACCESS_FS_TRUNCATE : 0;
	all |= abi >= 5 ? ACCESS_FS_IOCTL_DEV : 0;
	return all;
}

static enum err
allow_path(int ruleset, const char *path, uint64_t access)
{
	AUTO_FD fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = fd,
	};

	if (fd == -1)
		return err_system("%s: open", path);
	if (syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == -1)
		return err_system("%s: landlock rule", path);
	return ERR_OK;
}

static enum err
allow_parent(int ruleset, const char *path, uint64_t access)
{
	AUTO(text) dir = mem_text(path);
	char *slash = dir != NULL ? strrchr(dir, '/') : NULL;

	if (slash == NULL)
		return err_because(ERR_SCHEMA,
		    "registry: expected an absolute path");
	*slash = '\0';
	return allow_path(ruleset, dir, access);
}

struct port_rule {		/* landlock_net_port_attr */
	uint64_t	allowed_access, port;
};

/* Ports only where this kernel knows of them, files to read. */
static enum err
allow_server(int ruleset, const char *uri)
{
	AUTO(postgres_target) target = NULL;
	struct postgres_need need;

	TRY(postgres_target_read(uri, &target));
	need = postgres_target_need(target);
	for (size_t i = 0; i < need.file_count; i++)
		TRY(allow_path(ruleset, need.files[i],
		    LANDLOCK_ACCESS_FS_READ_FILE));
	for (size_t i = 0; i < need.port_count &&
	    sandbox_landlock_abi() >= 4; i++) {
		struct port_rule rule = { ACCESS_NET_CONNECT, need.ports[i] };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT,
		    &rule, 0) == -1)
			return err_system("the database's port: landlock");
	}
	return ERR_OK;
}

static enum err
allow_place(int ruleset, enum place place, uint64_t access,
    const struct config *c)
{
	switch (place) {
	case PLACE_NONE:
		return ERR_OK;
	case PLACE_LOG:
		return allow_path(ruleset, c->log, access);
	case PLACE_REGISTRY:
		return postgres_is_uri(c->registry) ?
		    allow_server(ruleset, c->registry) :
		    allow_parent(ruleset, c->registry, access);
	case PLACE_POLICY:
		return allow_path(ruleset, c->policy, access);
	case PLACE_STATE:
		return allow_path(ruleset, c->state, access);
	case PLACE_TOKEN:
		for (size_t i = 0; i < c->token.writable.count; i++)
			TRY(allow_path(ruleset, c->token.writable.at[i],
			    access));
		return ERR_OK;
	}
	return err_because(ERR_INTERNAL, "an unknown place");
}

static enum err
enter_landlock(const struct rights *r, const struct config *c)
{
	int abi = sandbox_landlock_abi();
	struct ruleset set = { .handled_access_fs = handled_files(abi) };
	size_t size = abi >= 6 ? sizeof(set) : abi >= 4 ? 16 : 8;
	AUTO_FD ruleset = -1;

	if (abi == 0) {
		log_warning("this kernel has no Landlock: files are guarded "
		    "by their owners and modes only");
		return ERR_OK;
	}
	if (abi >= 4)
		set.handled_access_net = r->role == ROLE_COURIER ?
		    ACCESS_NET_BIND : ACCESS_NET_ALL;
	set.scoped = abi >= 6 ? SCOPE_ALL : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (ruleset == -1 || fcntl(ruleset, F_SETFD, FD_CLOEXEC) == -1)
		return err_system("landlock ruleset");
	for (size_t i = 0; i < COUNT(r->files); i++)
		TRY(allow_place(ruleset, r->files[i].place,
		    r->files[i].access & set.handled_access_fs, c));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		return err_system("landlock");
	return ERR_OK;
}

/* ---- system calls: seccomp */

static bool
listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; *at != '\0';) {
		size_t word = strcspn(at, " ");

		if (word == n && strncmp(at, name, n) == 0)
			return true;
		at += word + (at[word] == ' ');
	}
	return false;
}

/* A role's rights, with what this configuration adds to them. */
struct allowed {
	const struct rights	*rights;
	bool			 server;	/* of a database */
	bool			 local, tcp;	/* sockets */
};

static enum err
find_allowed(const struct rights *r, const struct config *c,
    struct allowed *out)
{
	AUTO(postgres_target) target = NULL;
	struct postgres_need need;

	*out = (struct allowed){ .rights = r, .tcp = r->role == ROLE_COURIER };
	if (r->role != ROLE_NOTARY || !postgres_is_uri(c->registry))
		return ERR_OK;
	TRY(postgres_target_read(c->registry, &target));
	need = postgres_target_need(target);
	out->server = true;
	out->local = need.local;
	out->tcp = need.tcp;
	return ERR_OK;
}

/*
 * Sockets of these families, and no other: a call with other arguments gets
 * the answer of numbers that the library does not know.
 */
static enum err
allow_sockets(scmp_filter_ctx filter, const struct allowed *a)
{
	const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	int failed = 0;

	for (size_t i = 0; i < COUNT(families) && failed == 0; i++)
		if (families[i] == AF_UNIX ? a->local : a->tcp)
			failed = seccomp_rule_add_array(filter,
			    SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			    &(const struct scmp_arg_cmp){ .arg = 0,
			    .op = SCMP_CMP_EQ,
			    .datum_a = (uint64_t)families[i] });
	return failed == 0 ? ERR_OK : err_because(ERR_SYSTEM,
	    "seccomp rule of sockets: %s", strerror(-failed));
}

static uint32_t
action_for(const struct allowed *a, const char *name)
{
	const struct rights *r = a->rights;

	if (r->role == ROLE_SUPERVISOR)
		return listed(r->calls, name) ? SCMP_ACT_KILL_PROCESS :
		    SCMP_ACT_ALLOW;
	if (listed(r->calls, name) || listed(CALLS_SANITIZER, name) ||
	    (a->server && listed(CALLS_POSTGRES, name)))
		return SCMP_ACT_ALLOW;
	if ((a->local || a->tcp) && strcmp(name, "socket") == 0)
		return SCMP_ACT_ERRNO(ENOSYS);	/* see allow_sockets() */
	return listed(r->refused, name) ? SCMP_ACT_ERRNO(EACCES) :
	    SCMP_ACT_KILL_PROCESS;
}

#define CALL_NUMBERS 600	/* none of this architecture is above */

static enum err
add_rules(scmp_filter_ctx filter, const struct allowed *a, uint32_t otherwise)
{
	for (int number = 0; number < CALL_NUMBERS; number++) {
		char *name = seccomp_syscall_resolve_num_arch(
		    SCMP_ARCH_NATIVE, number);
		uint32_t action = name != NULL ? action_for(a, name) : 0;
		int failed = 0;

		if (name != NULL && action != otherwise)
			failed = seccomp_rule_add(filter, action, number, 0);
		free(name);	/* lint: libseccomp's own allocation */
		if (failed != 0)
			return err_because(ERR_SYSTEM,
			    "seccomp rule %d: %s", number, strerror(-failed));
	}
	return ERR_OK;
}

static enum err
load_filter(scmp_filter_ctx filter, const struct allowed *a,
    uint32_t otherwise)
{
	int failed;

	/* a binary tree: the default would compare one by one */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	TRY(add_rules(filter, a, otherwise));
	TRY(allow_sockets(filter, a));
	if ((failed = seccomp_load(filter)) != 0)
		return err_because(ERR_SYSTEM, "seccomp: %s",
		    strerror(-failed));
	return ERR_OK;
}

static enum err
enter_seccomp(const struct rights *r, const struct config *c)
{
	struct allowed allowed;
	uint32_t otherwise = r->role == ROLE_SUPERVISOR ? SCMP_ACT_ALLOW :
	    SCMP_ACT_ERRNO(ENOSYS);
	scmp_filter_ctx filter;
	enum err e;

	TRY(find_allowed(r, c, &allowed));
	filter = seccomp_init(otherwise);
	if (filter == NULL)
		return err_because(ERR_MEMORY, "seccomp");
	e = load_filter(filter, &allowed, otherwise);
	seccomp_release(filter);
	return e;
}

/* ---- everything else */

static enum err
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { 0 };

	/* only a privileged process can shrink the set, and needs to */
	for (int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == -1 && errno != EPERM)
			return err_system("dropping capability %d", c);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return err_system("dropping ambient capabilities");
	if (syscall(SYS_capset, &head, none) == -1)
		return err_system("dropping capabilities");
	return ERR_OK;
}

enum err
sandbox_prepare(void)
{
	TRY(mem_guard_process());
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_system("no new privileges");
	return ERR_OK;
}

enum err
sandbox_enter(enum role self, const struct config *config)
{
	for (size_t i = 0; i < COUNT(page); i++) {
		if (page[i].role != self)
			continue;
		TRY(drop_capabilities());
		/* a ruleset of the supervisor would bind its children too */
		if (self != ROLE_SUPERVISOR)
			TRY(enter_landlock(&page[i], config));
		return enter_seccomp(&page[i], config);
	}
	return err_because(ERR_INTERNAL, "a role without rights");
}
