#!/bin/sh
# A throw-away PostgreSQL in a directory, on a Unix socket in it, for tests.
#
#	tests/postgres.sh start DIR [NAME=VALUE …]	settings of the server
#	tests/postgres.sh tls DIR PORT [ADDRESS] [NAME=VALUE …]
#						with TLS on 127.0.0.1 or ADDRESS
#	tests/postgres.sh standby DIR OF [NAME=VALUE …]	a replica of the one in OF
#	tests/postgres.sh save|set-back DIR		its files, and back to them
#	tests/postgres.sh stop|kill|restart|promote DIR
#	tests/postgres.sh psql DIR [ARGUMENT …]		as the superuser
#
# Roles: okse_owner, who owns the schema, and okse, the daemon's. The server
# refuses to run as root: then it runs as Debian's user postgres.
set -eu

action=$1
dir=$2
shift 2
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
export LC_ALL=C

as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		(cd / && setpriv --reuid=postgres --regid=postgres \
			--clear-groups --inh-caps=-all "$@")
	else
		"$@"
	fi
}

own() {
	if [ "$(id -u)" -eq 0 ]; then
		chown -R postgres:postgres "$@"
	fi
}

psql() {
	as_server "$bin/psql" -h "$dir" -U postgres -qAtX \
		-v ON_ERROR_STOP=1 "$@"
}

settings() {
	cat <<END
listen_addresses = ''
unix_socket_directories = '$dir'
shared_buffers = 64MB
max_connections = 40
logging_collector = off
END
	for s; do
		echo "${s%%=*} = '${s#*=}'"
	done
}

ctl() {
	as_server "$bin/pg_ctl" -D "$dir/data" -w -t 300 -s \
		-l "$dir/server.log" "$@"
}

create() {
	mkdir -p "$dir"
	# the server's user must get to its socket and its data
	chmod 711 "$dir"
	own "$dir"
	as_server "$bin/initdb" -D "$dir/data" -U postgres -E UTF8 \
		--locale=C --auth=trust --no-sync >/dev/null
	settings "$@" >>"$dir/data/postgresql.conf"
}

roles() {
	psql -d postgres <<END
CREATE ROLE okse_owner LOGIN;
CREATE ROLE okse LOGIN;
CREATE DATABASE okse OWNER okse_owner;
END
}

certificate() { # NAME SUBJECT [EXTENSION]
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$dir/$1.key" -subj "$2" 2>/dev/null |
		openssl x509 -req -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
			-CAcreateserial -days 30 -out "$dir/$1.pem" \
			-extfile /dev/fd/3 3<<END 2>/dev/null
basicConstraints = CA:FALSE
${3:-}
END
	chmod 600 "$dir/$1.key"
}

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		-nodes -keyout "$dir/ca.key" -out "$dir/ca.pem" -days 30 \
		-subj "/CN=Test database CA" 2>/dev/null
	certificate server "/CN=localhost" \
		"subjectAltName = DNS:localhost${address:+, IP:$address}"
	certificate other "/CN=elsewhere" "subjectAltName = DNS:elsewhere"
	certificate client "/CN=okse"
	cp "$dir/server.key" "$dir/server-own.key"
	chmod 600 "$dir/server-own.key"
	own "$dir/server-own.key"
}

case $action in
start)
	create "$@"
	ctl start
	roles
	;;
tls)
	port=$1
	shift
	address=
	case ${1:-} in
	[0-9]*)
		address=$1
		shift
		;;
	esac
	create "$@"
	certificates
	cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = '${address:-127.0.0.1}'
port = $port
ssl = on
ssl_cert_file = '$dir/server.pem'
ssl_key_file = '$dir/server-own.key'
ssl_ca_file = '$dir/ca.pem'
END
	cat >"$dir/data/pg_hba.conf" <<END
local all all trust
hostssl all all all cert
END
	ctl start
	export PGPORT="$port"
	roles
	;;
standby)
	of=$1
	shift
	mkdir -p "$dir"
	chmod 711 "$dir"
	own "$dir"
	as_server "$bin/pg_basebackup" -h "$of" -U postgres -D "$dir/data" \
		-R -X stream -c fast --no-sync
	settings "$@" >>"$dir/data/postgresql.conf"
	ctl start
	;;
save)
	as_server "$bin/pg_basebackup" -h "$dir" -U postgres \
		-D "$dir/saved" -X stream -c fast --no-sync
	;;
set-back)
	ctl stop -m immediate
	rm -r "$dir/data"
	mv "$dir/saved" "$dir/data"
	ctl start
	;;
stop) ctl stop -m fast ;;
kill) ctl stop -m immediate ;;
restart)
	# after a crash the old process's file is still there
	ctl start
	;;
promote) ctl promote ;;
psql) psql "$@" ;;
*)
	echo "postgres.sh: no such action: $action" >&2
	exit 2
	;;
esac
