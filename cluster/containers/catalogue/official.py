"""Official images of docker.io of which only the name, the size and the usual port are known: a generic server stands in."""

from __future__ import annotations

from collections.abc import Mapping

# name: (compressed MB, port)
_KNOWN = """
adminer 50 8080 · aerospike 120 3000 · amazonlinux 55 0 · arangodb 180 8529 · archlinux 160 0 · backdrop 190 80 ·
bonita 180 8080 · chronograf 60 8888 · clojure 300 0 · clickhouse 180 8123 · composer 75 0 · consul 50 8500 ·
convertigo 350 28080 · couchbase 320 8091 · couchdb 110 5984 · crate 260 4200 · dart 290 0 · docker 130 2375 ·
drupal 200 80 · eclipse-mosquitto 7 1883 · elixir 480 0 · emqx 210 18083 · erlang 470 0 · flink 380 8081 · fluentd 40 24224 ·
friendica 260 80 · gazebo 400 0 · gcc 480 0 · geonetwork 450 8080 · gradle 390 0 · groovy 220 0 · haskell 600 0 ·
hitch 30 443 · hylang 60 0 · ibmjava 120 0 · irssi 60 0 · jobber 40 0 · joomla 210 80 · jruby 190 0 · julia 250 0 ·
kapacitor 50 9092 · kibana 380 5601 · kong 120 8000 · lightstreamer 220 8080 · liquibase 250 0 · logstash 420 5044 ·
mageia 60 0 · matomo 190 80 · maven 250 0 · mediawiki 260 80 · mongo-express 55 8081 · monica 260 80 · neo4j 300 7474 ·
neurodebian 50 0 · nextcloud 380 80 · notary 20 4443 · odoo 600 8069 · open-liberty 350 9080 · oraclelinux 90 0 ·
orientdb 180 2480 · percona 220 3306 · photon 16 0 · phpmyadmin 190 80 · plone 260 8080 · postfixadmin 180 80 ·
pypy 330 0 · r-base 330 0 · rakudo-star 220 0 · redmine 200 3000 · registry 10 5000 · rethinkdb 60 8080 · rocket.chat 500 3000 ·
ros 260 0 · rust 520 0 · sapmachine 220 0 · satosa 90 8080 · scratch 0 0 · silverpeas 600 8000 · solr 300 8983 ·
sonarqube 600 9000 · spark 450 7077 · spiped 20 0 · storm 280 8080 · swift 600 0 · swipl 120 0 · teamspeak 20 9987 ·
telegraf 130 8125 · unit 180 80 · varnish 90 80 · vault 160 8200 · websphere-liberty 360 9080 · xwiki 700 8080 ·
yourls 170 80 · znc 80 6501
"""


def _read(text: str) -> Mapping[str, tuple[int, int]]:
    entries = (entry.split() for entry in text.split("·"))
    return {name: (int(size) * 1_000_000, int(port)) for name, size, port in entries}


# name: (bytes, port it usually listens on; 0 for none)
OFFICIAL: Mapping[str, tuple[int, int]] = _read(_KNOWN)
