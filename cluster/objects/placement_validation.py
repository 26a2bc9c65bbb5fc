"""The rules of what decides where a Pod runs: tolerations, affinity, topology spread, scheduling gates.

pkg/apis/core/validation/validation.go
"""

from __future__ import annotations

from cluster.objects import names
from cluster.objects.documents import Document
from cluster.objects.field_errors import duplicate, forbidden, invalid, not_supported, required
from cluster.objects.metadata_rules import label_errors, selector_errors
from cluster.objects.registry import FieldError

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
TOLERATION_OPERATORS = ("Equal", "Exists")
UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
NODE_POLICIES = ("Honor", "Ignore")
WEIGHT_RANGE = "must be in the range 1-100"
NO_OPERATOR = "not a valid selector operator"


def placement_errors(spec: Document, path: str) -> list[FieldError]:
    """Complaints about everything in a PodSpec that the scheduler reads."""
    found = label_errors(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    found += _affinity_errors(spec.get("affinity") or {}, f"{path}.affinity")
    found += _gate_errors(spec.get("schedulingGates") or [], f"{path}.schedulingGates")
    found += _spread_errors(spec.get("topologySpreadConstraints") or [], f"{path}.topologySpreadConstraints")
    return found + toleration_errors(spec.get("tolerations") or [], f"{path}.tolerations")


def toleration_errors(tolerations: list[Document], path: str) -> list[FieldError]:
    """Complaints about tolerations (ValidateTolerations)."""
    return [complaint for index, toleration in enumerate(tolerations)
            for complaint in _toleration_errors(toleration, f"{path}[{index}]")]


def _toleration_errors(toleration: Document, path: str) -> list[FieldError]:
    key, value = toleration.get("key") or "", toleration.get("value") or ""
    operator, effect = toleration.get("operator") or "", toleration.get("effect") or ""
    found = [invalid(f"{path}.key", key, complaint) for complaint in names.qualified_name(key)] if key else []
    if not key and operator != "Exists":
        complaint = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        found.append(invalid(f"{path}.operator", operator, complaint))
    if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
        found.append(invalid(f"{path}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    if operator in ("Equal", ""):
        complaints = names.label_value(value)
        if complaints:
            found.append(invalid(f"{path}.operator", value, ";".join(complaints)))
    elif operator == "Exists":
        if value:
            found.append(invalid(f"{path}.operator", value, "value must be empty when `operator` is 'Exists'"))
    else:
        found.append(not_supported(f"{path}.operator", operator, TOLERATION_OPERATORS))
    if effect and effect not in EFFECTS:
        found.append(not_supported(f"{path}.effect", effect, EFFECTS))
    return found


def taint_errors(taints: list[Document], path: str) -> list[FieldError]:
    """Complaints about a node's taints (validateNodeTaints)."""
    found = []
    seen = set()
    for index, taint in enumerate(taints):
        here = f"{path}[{index}]"
        key, value, effect = taint.get("key", ""), taint.get("value") or "", taint.get("effect") or ""
        found += [invalid(f"{here}.key", key, complaint) for complaint in names.qualified_name(key)]
        complaints = names.label_value(value)
        if complaints:
            found.append(invalid(f"{here}.value", value, ";".join(complaints)))
        if not effect:
            found.append(required(f"{here}.effect"))
        elif effect not in EFFECTS:
            found.append(not_supported(f"{here}.effect", effect, EFFECTS))
        if (key, effect) in seen:
            repeated = duplicate(here, taint)
            detail = f"{repeated.detail}: taints must be unique by key and effect pair"
            found.append(FieldError(repeated.reason, here, detail))
        seen.add((key, effect))
    return found


def _affinity_errors(affinity: Document, path: str) -> list[FieldError]:
    found = []
    node = affinity.get("nodeAffinity") or {}
    wanted = node.get("requiredDuringSchedulingIgnoredDuringExecution")
    if wanted is not None:
        found += node_selector_errors(wanted, f"{path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution")
    for index, preferred in enumerate(node.get("preferredDuringSchedulingIgnoredDuringExecution") or []):
        where = f"{path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        found += _weight_errors(preferred, where)
        found += node_term_errors(preferred.get("preference") or {}, f"{where}.preference")
    for kind in ("podAffinity", "podAntiAffinity"):
        found += _pod_affinity_errors(affinity.get(kind) or {}, f"{path}.{kind}")
    return found


def node_selector_errors(selector: Document, path: str) -> list[FieldError]:
    """Complaints about terms of which a node has to match one (ValidateNodeSelector)."""
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    return [
        complaint for index, term in enumerate(terms)
        for complaint in node_term_errors(term, f"{path}.nodeSelectorTerms[{index}]")
    ]


def _weight_errors(preferred: Document, path: str) -> list[FieldError]:
    weight = preferred.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, WEIGHT_RANGE)]


def node_term_errors(term: Document, path: str) -> list[FieldError]:
    """Complaints about one term of a node selector (ValidateNodeSelectorTerm)."""
    found = []
    for index, expression in enumerate(term.get("matchExpressions") or []):
        found += _node_expression_errors(expression, f"{path}.matchExpressions[{index}]")
    for index, expression in enumerate(term.get("matchFields") or []):
        here = f"{path}.matchFields[{index}]"
        if expression.get("operator") not in ("In", "NotIn"):
            found.append(invalid(f"{here}.operator", expression.get("operator", ""), NO_OPERATOR))
        elif len(expression.get("values") or []) != 1:
            complaint = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
            found.append(required(f"{here}.values", complaint))
        if expression.get("key") != "metadata.name":
            found.append(invalid(f"{here}.key", expression.get("key", ""), "not a valid field selector key"))
    return found


def _node_expression_errors(expression: Document, path: str) -> list[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values") or []
    found = []
    if operator in ("In", "NotIn"):
        if not values:
            found.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            complaint = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(forbidden(f"{path}.values", complaint))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            complaint = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            found.append(required(f"{path}.values", complaint))
    else:
        found.append(invalid(f"{path}.operator", operator, NO_OPERATOR))
    key = expression.get("key", "")
    found += [invalid(f"{path}.key", key, complaint) for complaint in names.qualified_name(key)]
    for index, value in enumerate(values):
        found += [invalid(f"{path}.values[{index}]", value, complaint) for complaint in names.label_value(value)]
    return found


def _pod_affinity_errors(affinity: Document, path: str) -> list[FieldError]:
    found = []
    for index, term in enumerate(affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []):
        found += _pod_term_errors(term, f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{index}]")
    for index, preferred in enumerate(affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or []):
        here = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        found += _weight_errors(preferred, here)
        found += _pod_term_errors(preferred.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")
    return found


def _pod_term_errors(term: Document, path: str) -> list[FieldError]:
    found = selector_errors(term.get("labelSelector") or {}, f"{path}.labelSelector")
    found += selector_errors(term.get("namespaceSelector") or {}, f"{path}.namespaceSelector")
    for name in term.get("namespaces") or []:
        found += [invalid(f"{path}.namespace", name, complaint) for complaint in names.label(name)]
    found += _label_key_errors(
        term.get("matchLabelKeys") or [], term.get("mismatchLabelKeys") or [], term.get("labelSelector"), path
    )
    key = term.get("topologyKey") or ""
    if not key:
        found.append(required(f"{path}.topologyKey", "can not be empty"))
    return found + [invalid(f"{path}.topologyKey", key, complaint) for complaint in names.qualified_name(key)]


def _gate_errors(gates: list[Document], path: str) -> list[FieldError]:
    found = []
    seen = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        found += [invalid(f"{path}[{index}]", name, complaint) for complaint in names.qualified_name(name)]
        if name in seen:
            found.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
    return found


def _spread_errors(constraints: list[Document], path: str) -> list[FieldError]:
    found = []
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        skew, key = constraint.get("maxSkew", 0), constraint.get("topologyKey") or ""
        action, domains = constraint.get("whenUnsatisfiable") or "", constraint.get("minDomains")
        if skew <= 0:
            found.append(invalid(f"{here}.maxSkew", skew, "must be greater than zero"))
        if not key:
            found.append(required(f"{here}.topologyKey", "can not be empty"))
        if action not in UNSATISFIABLE:
            found.append(not_supported(f"{here}.whenUnsatisfiable", action, UNSATISFIABLE))
        if any(key == other.get("topologyKey") and action == other.get("whenUnsatisfiable")
               for other in constraints[index + 1:]):
            found.append(duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        if domains is not None and domains <= 0:
            found.append(invalid(f"{here}.minDomains", domains, "must be greater than zero"))
        if domains is not None and action != "DoNotSchedule":
            complaint = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            found.append(invalid(f"{here}.minDomains", domains, complaint))
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = constraint.get(field)
            if policy is not None and policy not in NODE_POLICIES:
                found.append(not_supported(f"{here}.{field}", policy, NODE_POLICIES))
        found += _label_key_errors(constraint.get("matchLabelKeys") or [], [], constraint.get("labelSelector"), here)
        found += selector_errors(constraint.get("labelSelector") or {}, f"{here}.labelSelector")
    return found


def _label_key_errors(
    wanted: list[str], unwanted: list[str], selector: Document | None, path: str
) -> list[FieldError]:
    """Complaints about matchLabelKeys and mismatchLabelKeys (ValidateMatchLabelKeysAndMismatchLabelKeys).

    A new Pod's keys are in its selector already (see label_keys.py); a key that was there before is then there twice.
    """
    found = _key_errors(wanted, selector, f"{path}.matchLabelKeys")
    found += _key_errors(unwanted, selector, f"{path}.mismatchLabelKeys")
    positions = {key: index for index, key in enumerate(wanted)}
    seen = set((selector or {}).get("matchLabels") or {})
    for expression in (selector or {}).get("matchExpressions") or []:
        key = expression.get("key", "")
        if key in positions and key in seen:
            complaint = "exists in both matchLabelKeys and labelSelector"
            found.append(invalid(f"{path}[{positions[key]}]", key, complaint))
        seen.add(key)
    complaint = "exists in both matchLabelKeys and mismatchLabelKeys"
    return found + [
        invalid(f"{path}.matchLabelKeys[{index}]", key, complaint) for index, key in enumerate(wanted) if key in unwanted
    ]


def _key_errors(keys: list[str], selector: Document | None, path: str) -> list[FieldError]:
    if keys and selector is None:
        return [forbidden(path, "must not be specified when labelSelector is not set")]
    return [
        invalid(f"{path}[{index}]", key, complaint)
        for index, key in enumerate(keys) for complaint in names.qualified_name(key)
    ]
