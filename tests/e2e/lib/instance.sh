# A throw-away instance for stories in shell; source it from the project's top
# folder. Sets okse, dir and work (all removed at the end), OKSE_DIR.
#
#	start_instance [OPTION …]	okse dev, in the background
#	hear WORD			waits until it says "sealed" or "ready"
#	stop_instance			as an operator would; its exit status

BUILD=${BUILD:-build}
okse=$BUILD/okse
export OKSE_CONFIGS=$PWD/configs
work=$(mktemp -d /tmp/okse-XXXXXX) || exit 1
dir=$work/okse
export OKSE_DIR=$dir
daemon=

remove_instance() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	wait
	rm -rf "$work"
}
trap remove_instance EXIT
trap 'exit 1' INT TERM

start_instance() {
	"$okse" dev "$@" "$dir" >"$work/said" 2>"$work/log" &
	daemon=$!
}

hear() {
	for _ in $(seq 3000); do
		! grep -qx "$1" "$work/said" || return 0
		kill -0 "$daemon" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

stop_instance() {
	kill "$daemon"
	wait "$daemon"
	stopped=$?
	daemon=
	return $stopped
}
