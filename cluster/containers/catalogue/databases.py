"""Databases, caches and queues."""

from __future__ import annotations

from cluster.containers.image import GRACEFUL, KIB, MIB, SECOND, Image, Trouble, Work, words

_ENTRYPOINT = ("docker-entrypoint.sh",)
_MYSQL_ENV = words("MYSQL_ROOT_PASSWORD MYSQL_ALLOW_EMPTY_PASSWORD MYSQL_RANDOM_ROOT_PASSWORD MYSQL_ROOT_PASSWORD_FILE")
_MARIADB_ENV = _MYSQL_ENV | words(
    "MARIADB_ROOT_PASSWORD MARIADB_ALLOW_EMPTY_ROOT_PASSWORD MARIADB_RANDOM_ROOT_PASSWORD MARIADB_ROOT_PASSWORD_HASH"
)
_POSTGRES_ENV = words("POSTGRES_PASSWORD POSTGRES_HOST_AUTH_METHOD POSTGRES_PASSWORD_FILE")
_NO_PASSWORD = "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified"


def _needs(names: frozenset[str], *lines: str) -> tuple[Trouble, ...]:
    return (Trouble(1, 400, lines, without_env=names),)


_MYSQL_HINT = "    You need to specify one of the following as an environment variable:"
_REDIS = Image(
    45_190_207, (6379,), True, 150, GRACEFUL, programs=words("redis-server redis-cli redis-sentinel"), newest=(8, 6),
    entrypoint=_ENTRYPOINT, cmd=("redis-server",), workdir="/data", has_bash=True,
    work=Work(cpu=100, waits=0, memory=16 * KIB, at_once=10_000),
    log=((60, "1:C * Redis is starting"), (120, "1:M * Ready to accept connections tcp")),
)

IMAGES = {
    "redis": _REDIS,
    "valkey/valkey": _REDIS.but(
        size=44_023_918, programs=words("valkey-server valkey-cli"), newest=None, cmd=("valkey-server",),
        log=((60, "1:C * Valkey is starting"), (120, "1:M * Ready to accept connections tcp")),
    ),
    "bitnami/redis": _REDIS.but(size=47_330_118, newest=None, user="1001", workdir="/"),
    "memcached": Image(
        31_330_471, (11211,), True, 100, GRACEFUL, programs=words("memcached"), newest=(1, 6), entrypoint=_ENTRYPOINT,
        cmd=("memcached",), user="memcache", work=Work(cpu=50, waits=0, memory=8 * KIB, at_once=1024),
    ),
    "mysql": Image(
        232_954_771, (3306, 33060), True, 8 * SECOND, GRACEFUL, programs=words("mysqld mysql mysqladmin"), needs_env=_MYSQL_ENV,
        entrypoint=_ENTRYPOINT, cmd=("mysqld",), system="fedora", has_bash=True, memory=380 * MIB, idle_cpu=8, start_cpu=6_000,
        layer=200 * MIB, work=Work(waits=4, memory=1 * MIB, at_once=151, line=80),
        files={"/etc/my.cnf": "[mysqld]\ndatadir=/var/lib/mysql\nsocket=/var/run/mysqld/mysqld.sock\nuser=mysql\n"},
        log=(
            (200, "[Note] [Entrypoint]: Entrypoint script for MySQL Server started."),
            (8000, "[System] [Server] /usr/sbin/mysqld: ready for connections. port: 3306"),
        ),
        troubles=_needs(
            _MYSQL_ENV, _NO_PASSWORD, _MYSQL_HINT, "    - MYSQL_ROOT_PASSWORD", "    - MYSQL_ALLOW_EMPTY_PASSWORD",
            "    - MYSQL_RANDOM_ROOT_PASSWORD",
        ),
    ),
    "mariadb": Image(
        117_801_339, (3306,), True, 5 * SECOND, GRACEFUL, programs=words("mariadbd mariadb mariadb-admin mysqld mysql"),
        needs_env=_MARIADB_ENV, entrypoint=_ENTRYPOINT, cmd=("mariadbd",), system="ubuntu", has_bash=True, memory=96 * MIB,
        idle_cpu=2, start_cpu=3_500, layer=160 * MIB, work=Work(waits=4, memory=768 * KIB, at_once=151, line=80),
        log=((5000, "[Note] mariadbd: ready for connections. port: 3306"),),
        troubles=_needs(
            _MARIADB_ENV, _NO_PASSWORD, "\tYou need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, "
            "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD",
        ),
    ),
    "postgres": Image(
        156_217_740, (5432,), True, 3 * SECOND, GRACEFUL, programs=words("postgres psql pg_isready"), needs_env=_POSTGRES_ENV,
        entrypoint=_ENTRYPOINT, cmd=("postgres",), has_bash=True, memory=36 * MIB, idle_cpu=2, start_cpu=1_500, layer=40 * MIB,
        env={"PGDATA": "/var/lib/postgresql/data"}, work=Work(waits=4, memory=4 * MIB, at_once=100, line=0),
        log=(
            (1500, "PostgreSQL init process complete; ready for start up."),
            (3000, "LOG:  database system is ready to accept connections"),
        ),
        troubles=_needs(
            _POSTGRES_ENV, "Error: Database is uninitialized and superuser password is not specified.",
            "       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.",
        ),
    ),
    "mongo": Image(
        299_817_551, (27017,), True, 2 * SECOND, GRACEFUL, programs=words("mongod mongosh mongo"), entrypoint=_ENTRYPOINT,
        cmd=("mongod",), system="ubuntu", has_bash=True, memory=110 * MIB, idle_cpu=6, start_cpu=1_200, layer=90 * MIB,
        work=Work(waits=3, memory=1 * MIB, at_once=1_000),
        log=((1900, '{"s":"I","c":"NETWORK","msg":"Waiting for connections","attr":{"port":27017}}'),),
    ),
    "rabbitmq": Image(
        102_744_190, (5672, 15692), True, 7 * SECOND, GRACEFUL,
        programs=words("rabbitmq-server rabbitmq-diagnostics rabbitmqctl"),
        entrypoint=_ENTRYPOINT, cmd=("rabbitmq-server",), system="ubuntu", has_bash=True, memory=120 * MIB, idle_cpu=6,
        start_cpu=6_000, log=((6900, "[info] Server startup complete"),),
    ),
    "nats": Image(
        7_410_229, (4222, 8222), True, 100, GRACEFUL, programs=words("nats-server"), has_shell=False, system="",
        entrypoint=("/nats-server",), cmd=("--config", "nats-server.conf"),
        work=Work(cpu=50, waits=0, memory=8 * KIB, at_once=10_000),
    ),
    "cassandra": Image(
        171_550_402, (9042, 7000), True, 25 * SECOND, programs=words("cassandra nodetool cqlsh"), entrypoint=_ENTRYPOINT,
        cmd=("cassandra", "-f"), system="ubuntu", has_bash=True, memory=1_200 * MIB, idle_cpu=20, start_cpu=30_000,
        layer=50 * MIB,
    ),
    "elasticsearch": Image(
        640_118_335, (9200, 9300), True, 18 * SECOND, programs=words("elasticsearch"), system="rocky", has_bash=True,
        entrypoint=("/bin/tini", "--", "/usr/local/bin/docker-entrypoint.sh"), cmd=("eswrapper",), user="1000:0",
        workdir="/usr/share/elasticsearch", memory=1_300 * MIB, idle_cpu=15, start_cpu=25_000,
        work=Work(cpu=20_000, waits=10, memory=4 * MIB, at_once=200),
    ),
    "influxdb": Image(
        120_334_018, (8086,), True, 1_500, programs=words("influxd influx"), entrypoint=("/entrypoint.sh",), cmd=("influxd",),
        has_bash=True, memory=60 * MIB, idle_cpu=3, start_cpu=1_000,
    ),
    "zookeeper": Image(
        114_202_877, (2181, 2888, 3888, 8080), True, 2 * SECOND, programs=words("zkServer.sh"),
        entrypoint=("/docker-entrypoint.sh",), cmd=("zkServer.sh", "start-foreground"), system="ubuntu",
        has_bash=True, memory=85 * MIB, idle_cpu=2, start_cpu=2_000,
    ),
}
