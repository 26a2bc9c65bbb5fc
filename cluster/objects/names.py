"""Rules for names, labels and keys, in the words of apimachinery/pkg/util/validation/validation.go.

Every function returns complaints; an empty list means that the text is fine.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cluster.objects.selectors import label_key_errors, label_value_errors

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_RFC1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"

SUBDOMAIN_LENGTH = 253
LABEL_LENGTH = 63
PORT_NAME_LENGTH = 15

_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_RFC1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_CONFIG_KEY_RULE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_ENVIRONMENT_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def _with_expression(rule: str, expression: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{expression}')"


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} bytes"


@lru_cache(maxsize=4096)
def _subdomain(text: str) -> tuple[str, ...]:
    found = []
    if len(text.encode()) > SUBDOMAIN_LENGTH:
        found.append(_too_long(SUBDOMAIN_LENGTH))
    if not re.fullmatch(_SUBDOMAIN, text):
        found.append(_with_expression(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com"))
    return tuple(found)


def subdomain(text: str) -> list[str]:
    """The rule of most object names: at most 253 bytes, dots allowed."""
    return list(_subdomain(text))


@lru_cache(maxsize=4096)
def _label(text: str) -> tuple[str, ...]:
    found = []
    if len(text.encode()) > LABEL_LENGTH:
        found.append(_too_long(LABEL_LENGTH))
    if not re.fullmatch(_LABEL, text):
        if re.fullmatch(_SUBDOMAIN, text):
            found.append("must not contain dots")
        else:
            found.append(_with_expression(_LABEL_RULE, _LABEL, "my-name", "123-abc"))
    return tuple(found)


def label(text: str) -> list[str]:
    """The rule of namespaces, containers and volumes: at most 63 bytes, no dots."""
    return list(_label(text))


def rfc1035_label(text: str) -> list[str]:
    """A label that begins with a letter."""
    found = []
    if len(text.encode()) > LABEL_LENGTH:
        found.append(_too_long(LABEL_LENGTH))
    if not re.fullmatch(_RFC1035, text):
        found.append(_with_expression(_RFC1035_RULE, _RFC1035, "my-name", "abc-123"))
    return found


def qualified_name(text: str) -> list[str]:
    """The rule of keys of labels, annotations and taints, and of finalizers: `[prefix/]name`."""
    return list(label_key_errors(text))


def label_value(text: str) -> list[str]:
    """The rule of a label's value; it may be empty."""
    return list(label_value_errors(text))


def config_key(text: str) -> list[str]:
    """The rule of a key in a ConfigMap or Secret: it can be a file's name."""
    found = []
    if len(text.encode()) > SUBDOMAIN_LENGTH:
        found.append(f"must be no more than {SUBDOMAIN_LENGTH} characters")
    if not re.fullmatch(_CONFIG_KEY, text):
        found.append(_with_expression(_CONFIG_KEY_RULE, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if text in (".", ".."):
        found.append(f"must not be '{text}'")
    elif text.startswith(".."):
        found.append("must not start with '..'")
    return found


def environment_name(text: str) -> list[str]:
    """The rule of an environment variable's name (IsRelaxedEnvVarName, in force since 1.34)."""
    if not text:
        return ["environment variable name must be non-empty"]
    if any(not " " <= character <= "~" or character == "=" for character in text):
        return [_ENVIRONMENT_RULE]
    return []


def port_number(number: object) -> list[str]:
    """A port is a whole number from 1 to 65535."""
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535:
        return []
    return ["must be between 1 and 65535, inclusive"]


def port_name(text: str) -> list[str]:
    """The rule of a port's name in a container (IsValidPortName)."""
    found = []
    if len(text) > PORT_NAME_LENGTH:
        found.append(f"must be no more than {PORT_NAME_LENGTH} characters")
    if not re.fullmatch("[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text[:1] == "-" or text[-1:] == "-":
        found.append("must not begin or end with a hyphen")
    return found
