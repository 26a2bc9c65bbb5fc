"""Imports every family of programs, so that `call.PROGRAMS` knows them all."""

from cluster.containers.programs import clients, clock, files, network, servers, stress, system, testing, text, unknown

__all__ = ["clients", "clock", "files", "network", "servers", "stress", "system", "testing", "text", "unknown"]
