"""Imports every family of programs, so that `call.PROGRAMS` knows them all."""

from cluster.containers.programs import clock, files, servers, stress, system, testing, text, unknown

__all__ = ["clock", "files", "servers", "stress", "system", "testing", "text", "unknown"]
