"""Questions that are answered and forgotten: who am I, may I (pkg/registry/authorization, pkg/registry/authentication)."""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.objects.documents import Document, dig
from cluster.rest import bodies
from cluster.rest.messages import Request, Response, answer

# Whoever holds a sandbox's address is its administrator.
GROUPS = ("system:masters", "system:authenticated")
EVERYTHING: Document = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


def created(request: Request, plural: str, user: str) -> Response:
    """POST to a collection of reviews; raises BadRequest for one without a spec that needs it."""
    review = bodies.document(request)
    status = _STATUSES[plural](review, user)
    return answer({**review, "metadata": review.get("metadata") or {}, "status": status}, 201)


def _myself(review: Document, user: str) -> Document:
    return {"userInfo": {"username": user, "groups": list(GROUPS)}}


def _access(review: Document, user: str) -> Document:
    if not dig(review, "spec", "resourceAttributes") and not dig(review, "spec", "nonResourceAttributes"):
        raise errors.bad_request("spec.resourceAttributes: Required value: exactly one of nonResourceAttributes or "
                                 "resourceAttributes must be specified")
    return {"allowed": True}


def _rules(review: Document, user: str) -> Document:
    anywhere = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    return {"resourceRules": [EVERYTHING], "nonResourceRules": [anywhere], "incomplete": False}


def _token(review: Document, user: str) -> Document:
    return {"authenticated": False, "user": {}, "error": "this cluster issues no tokens that could be reviewed"}


_STATUSES = {
    "selfsubjectreviews": _myself, "selfsubjectaccessreviews": _access, "subjectaccessreviews": _access,
    "selfsubjectrulesreviews": _rules, "tokenreviews": _token,
}
