/*
 * `okse dev`: makes the instance (dev_setup.c), starts the daemon below this
 * process, opens it with two practice officers' shares through the same
 * socket that officers use, and stays until it is told to stop.
 */
#include "cli/dev.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/seal.h"
#include "signer/config.h"

#define PATIENCE (30 * INT64_C(1000000))	/* µs, for each stage */
#define STOPPING (20 * INT64_C(1000000))	/* µs, before SIGKILL */
#define PAUSE_MS 20

/* ---- where things are */

/* dir/name if it exists, made absolute. */
static bool
look(const char *dir, const char *name, char out[PATH_MAX])
{
	char path[PATH_MAX];

	return path_join(dir, name, path, sizeof(path)) == ERR_OK &&
	    realpath(path, out) != NULL;
}

/* The daemon and the configuration that belong to this program. */
static enum err
find_program(struct dev *d)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *given = getenv("OKSE_CONFIGS");
	char *slash;

	if (n < 0)
		return err_system("/proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	if (!look(self, "oksed", d->oksed) &&
	    !look(self, "../sbin/oksed", d->oksed))
		return err_because(ERR_NOT_FOUND,
		    "oksed is neither in %s nor in its ../sbin", self);
	if (given != NULL ? !look(given, ".", d->configs)
	    : !look(self, "../configs", d->configs) &&
	    !look(self, "../../configs", d->configs) &&
	    !look(self, "../share/okse", d->configs))
		return err_because(ERR_NOT_FOUND, "no configs/ beside %s: "
		    "set OKSE_CONFIGS to where policy/ and ceremony/ are",
		    self);
	return ERR_OK;
}

static enum err
find_dir(const char *name, struct dev *d)
{
	char path[PATH_MAX];

	TRY(dir_make(name, 0700));
	if (realpath(name, path) == NULL)
		return err_system("%s", name);
	if (strlen(path) >= sizeof(d->dir))
		return err_because(ERR_TOO_LARGE, "%s is %zu bytes long, %zu "
		    "at most leave room for sockets in it (unix(7)); choose "
		    "a shorter directory", path, strlen(path),
		    sizeof(d->dir) - 1);
	memcpy(d->dir, path, strlen(path) + 1);
	return ERR_OK;
}

/* An instance of an older version has not all that this one needs. */
static enum err
check_made(const struct dev *d)
{
	struct dev_path path = dev_path(d, "okse.yaml");
	AUTO_DONE(bytes) text = { 0 };
	AUTO(config) config = NULL;
	enum err e;

	TRY(file_read(path.at, YAML_FILE_SIZE, &text));
	e = config_parse("okse.yaml", bytes_view(&text), &config);
	return e == ERR_OK ? ERR_OK : err_because(e, "%s. An instance that an "
	    "older version made is not served: remove it, or choose another "
	    "directory", err_why());
}

/* ---- children */

/* A ceremony leaves a PKCS#11 module behind, so it has a process to itself. */
static enum err
setup_apart(const struct dev *d)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_system("fork");
	if (pid == 0) {
		enum err e = dev_setup(d);

		if (e != ERR_OK)
			complain_err(d->dir, e);
		_exit(e == ERR_OK ? EXIT_DONE : EXIT_FAILED);
	}
	if (waitpid(pid, &status, 0) != pid)
		return err_system("waitpid");
	if (status != 0)
		return err_because(ERR_SYSTEM, "the instance was not made; "
		    "remove %s before another try", d->dir);
	return ERR_OK;
}

static void
become_daemon(const struct dev *d, pid_t parent, const sigset_t *signals)
{
	struct dev_path config = dev_path(d, "okse.yaml");
	char program[] = "oksed", option[] = "--config";
	char *argv[] = { program, option, config.at, NULL };

	/* should this program be killed, the daemon goes with it */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(EXIT_FAILED);
	/* standard output is for `ready` alone */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) /* survives exec */
		_exit(EXIT_FAILED);
	sigprocmask(SIG_UNBLOCK, signals, NULL);
	execv(d->oksed, argv);
	complain("%s: %s", d->oksed, strerror(errno));
	_exit(EXIT_FAILED);
}

static enum err
start_daemon(const struct dev *d, const sigset_t *signals, pid_t *out_pid)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_system("fork");
	if (pid == 0)
		become_daemon(d, parent, signals);
	*out_pid = pid;
	return ERR_OK;
}

/* ---- stages: each is tried until it succeeds, time is up, or it is over */

/* The signal that ends this, or 0 after a pause. */
static int
pause_for_signal(const sigset_t *signals)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int got = sigtimedwait(signals, NULL, &pause);

	return got > 0 ? got : 0;
}

static enum err
wait_until(const struct dev *d, const char *what, const sigset_t *signals,
    enum err (*stage)(const struct dev *d), int *out_signal)
{
	int64_t end = time_monotonic_us() + PATIENCE;
	enum err e;

	while ((e = stage(d)) != ERR_OK) {
		if (e == ERR_SEALED)
			return e;
		if ((*out_signal = pause_for_signal(signals)) == SIGCHLD)
			return err_because(ERR_UNAVAILABLE,
			    "the daemon ended (%s)", what);
		if (*out_signal != 0)
			return ERR_OK;
		if (time_monotonic_us() > end)
			return err_because(ERR_TIMEOUT, "%s: not within %d "
			    "seconds", what, (int)(PATIENCE / 1000000));
	}
	return ERR_OK;
}

static enum err
answers(const struct dev *d)
{
	AUTO_DONE(answer) answer = { 0 };

	TRY(seal_status(d->dir, &answer));
	return document_true(answer.document, "notary") &&
	    document_true(answer.document, "gate") ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err
ready(const struct dev *d)
{
	struct dev_path socket = dev_path(d, "metrics.sock");
	const struct call c = { .socket = socket.at, .method = "GET",
	    .path = "/readyz" };
	AUTO_DONE(reply) reply = { 0 };

	TRY(client_call(&c, &reply));
	return reply.status == 200 ? ERR_OK : ERR_UNAVAILABLE;
}

/* The same, but it may have been sealed again by its witnesses' word. */
static enum err
ready_or_refused(const struct dev *d)
{
	AUTO_DONE(answer) answer = { 0 };
	const char *why;

	if (ready(d) == ERR_OK)
		return ERR_OK;
	TRY(seal_status(d->dir, &answer));
	why = document_text(answer.document, "refused");
	return why == NULL ? ERR_UNAVAILABLE :
	    err_because(ERR_SEALED, "%s", why);
}

/* Two of three practice officers. */
static enum err
unseal_all(const struct dev *d)
{
	static const char *const shares[] =
	    { "officers/1.share", "officers/2.share" };
	static const char *const keys[] =
	    { "officers/1.key", "officers/2.key" };

	for (size_t i = 0; i < COUNT(shares); i++) {
		AUTO_DONE(answer) answer = { 0 };

		TRY(seal_send_file(d->dir, dev_path(d, shares[i]).at,
		    dev_path(d, keys[i]).at, &answer));
		if (answer.reply.status != 200) {
			service_problem(&answer);
			return err_because(ERR_UNAVAILABLE,
			    "a practice officer's share is not accepted");
		}
	}
	return ERR_OK;
}

static void
say(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* From the daemon's start to "ready"; *out_signal ends it early. */
static enum err
open_up(const struct dev *d, bool sealed, const sigset_t *signals,
    int *out_signal)
{
	TRY(wait_until(d, "starting", signals, answers, out_signal));
	if (*out_signal != 0)
		return ERR_OK;
	if (sealed)
		say("sealed");
	else
		TRY(unseal_all(d));
	/* officers take the time they need */
	do {
		enum err e = wait_until(d, "becoming ready", signals,
		    sealed ? ready : ready_or_refused, out_signal);

		if (e == ERR_OK || e != ERR_TIMEOUT || !sealed)
			return e;
	} while (true);
}

/* ---- the end */

static int
stop_daemon(pid_t pid)
{
	int64_t end = time_monotonic_us() + STOPPING;
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int status;

	kill(pid, SIGTERM);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (time_monotonic_us() > end) {
			complain("the daemon does not stop: killed");
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return EXIT_FAILED;
		}
		nanosleep(&pause, NULL);
	}
	return EXIT_DONE;
}

static int
run_daemon(const struct dev *d, bool sealed)
{
	sigset_t signals;
	/* who stops the daemon to look into it has not ended it */
	const struct sigaction ends = { .sa_flags = SA_NOCLDSTOP };
	pid_t pid;
	int got = 0;
	enum err e;

	sigaction(SIGCHLD, &ends, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if ((e = start_daemon(d, &signals, &pid)) != ERR_OK)
		return complain_err("starting oksed", e);
	if ((e = open_up(d, sealed, &signals, &got)) != ERR_OK) {
		complain_err(d->dir, e);
		stop_daemon(pid);
		return exit_of(e);
	}
	if (got == 0)
		say("ready");
	while (got == 0)
		got = sigwaitinfo(&signals, NULL);
	if (got == SIGCHLD) {
		complain("the daemon ended by itself");
		return EXIT_FAILED;
	}
	return stop_daemon(pid);
}

/* Whatever must differ between nodes ends in this. */
static enum err
name_node(struct dev *d)
{
	AUTO_DONE(bytes) hex = { 0 };
	uint8_t random[3];

	if (d->fleet == NULL)
		return ERR_OK;
	if (d->registry == NULL)
		return err_because(ERR_SCHEMA,
		    "--fleet: expected the --registry that they share");
	TRY(random_bytes(random, sizeof(random)));
	hex_put(&hex, VIEW_OF(random));
	snprintf(d->suffix, sizeof(d->suffix), "-%s", bytes_text(&hex));
	return ERR_OK;
}

int
dev(const struct arguments *a)
{
	struct dev d = {
		.tls_port = option_value(a, "tls", NULL),
		.keyholders = option_value(a, "keyholders", NULL),
		.registry = option_value(a, "registry", NULL),
		.fleet = option_value(a, "fleet", NULL),
	};
	bool made;
	enum err e;

	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	if ((e = find_program(&d)) != ERR_OK ||
	    (e = find_dir(argument(a, 0), &d)) != ERR_OK)
		return complain_err("dev", e);
	made = file_exists(dev_path(&d, "okse.yaml").at);
	for (size_t i = 0; i < DEV_WITNESSES - 1; i++)
		d.witnesses[i] = option_nth(a, "witness", i);
	if (made && (d.tls_port != NULL || d.keyholders != NULL ||
	    d.registry != NULL || d.fleet != NULL ||
	    d.witnesses[0] != NULL)) {
		complain("%s is set up already: --tls, --keyholders, "
		    "--registry, --fleet and --witness are for its first run",
		    d.dir);
		return EXIT_USAGE;
	}
	if ((e = name_node(&d)) != ERR_OK)
		return complain_err("dev", e);
	e = made ? check_made(&d) : setup_apart(&d);
	if (e != ERR_OK)
		return complain_err(d.dir, e);
	if (option_given(a, "prepare"))
		return EXIT_DONE;
	return run_daemon(&d, option_given(a, "sealed"));
}
