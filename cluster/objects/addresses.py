"""Rules of IP addresses (apimachinery/pkg/util/validation/ip.go, pkg/apis/core/validation/validation.go)."""

from __future__ import annotations

import ipaddress

from cluster.objects.field_errors import invalid
from cluster.objects.registry import FieldError

MALFORMED = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
LINK_LOCAL_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


def address_errors(text: str, path: str) -> list[FieldError]:
    """Complaints about the spelling of an address of either family."""
    return [] if _parsed(text) is not None else [invalid(path, text, MALFORMED)]


def endpoint_errors(text: str, path: str) -> list[FieldError]:
    """Complaints about an address that traffic is to be sent to (ValidateEndpointIP)."""
    address = _parsed(text)
    if address is None:
        return [invalid(path, text, MALFORMED)]
    if address.is_unspecified:
        return [invalid(path, text, f"may not be unspecified ({text})")]
    if address.is_loopback:
        return [invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    if address.is_link_local:
        return [invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")]
    if any(address in network for network in LINK_LOCAL_MULTICAST):
        return [invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")]
    return []


def family(text: str) -> str:
    """`IPv4` or `IPv6`, "" for what is no address."""
    address = _parsed(text)
    return "" if address is None else f"IPv{address.version}"


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
