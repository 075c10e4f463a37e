"""What is wrong with what a user wrote in YAML, by a JSON schema, in one line."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import jsonschema

from blocklab.errors import shown, suggest

KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping of keys",
    "array": "a list",
    "null": "null",
}
# JSON Schema takes 10.0 for an integer; range() and torch do not.
Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)
# Where and what a user wrote, what may be there -> the end of the line; "" for the usual one.
Advice = Callable[[str, object, list], str]


def first_mistake(
    document: Any, schema: dict[str, Any], advice: Advice = lambda *_: ""
) -> str | None:
    """Return the first mistake by their text: the key, what is wrong, what would be right.

    `advice` knows what people write for the schema's keys and values.
    """
    mistakes = (_explain(error, advice) for error in Validator(schema).iter_errors(document))
    return min(mistakes, default=None)


def _explain(error: jsonschema.ValidationError, advice: Advice) -> str:
    parts = (f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    key = "".join(parts).removeprefix(".")
    value, rule = error.instance, error.validator_value
    prefix = f"{key}: " if key else ""
    match error.validator:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            unknown = next(name for name in value if name not in known)
            where = f"{key}.{unknown}" if key else str(unknown)
            return f"{where}: unknown key{advice(key, unknown, known) or suggest(unknown, known)}"
        case "required":
            missing = next(name for name in rule if name not in value)
            where = f"{key}.{missing}" if key else missing
            return f"{where}: missing; {error.schema['properties'][missing]['description']}"
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            right = " or ".join(KINDS[kind] for kind in kinds) + _as_written(value, kinds)
            if value is None:
                meaning = error.schema.get("description")
                return f"{prefix}has no value; it must be {right}{f' ({meaning})' * bool(meaning)}"
            return f"{prefix}{_show(value)} is {_kind(value)}; it must be {right}"
        case "enum":
            hint = advice(key, value, rule) or suggest(value, rule)
            return f"{prefix}{_show(value)} is not known{hint}"
        case "minimum":
            return f"{prefix}{value} is too small; it must be at least {rule}"
        case "maximum":
            return f"{prefix}{value} is too large; it must be at most {rule}"
        case "exclusiveMinimum":
            return f"{prefix}{value} is too small; it must be more than {rule}"
        case "minItems" | "minProperties" | "minLength":
            return f"{prefix}is empty; give at least {rule}"
        case "uniqueItems":
            return f"{prefix}{_show(value)} names one twice"
        # A schema has words of its own for these.
        case "pattern":
            return f"{prefix}{_show(value)} {error.schema['otherwise']}"
        case "anyOf":
            return f"{prefix}{error.schema['otherwise']}"
    return prefix + error.message.splitlines()[0]


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else shown(value, 40)


def _kind(value: Any) -> str:
    names = {bool: "a yes/no value", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", dict: "a mapping of keys"}
    return names.get(type(value), f"a {type(value).__name__}")


def _as_written(value: Any, kinds: list[str]) -> str:
    """Return how to write what YAML takes for text, as it does 1e-3, or what is to be a list."""
    if isinstance(value, str) and "array" in kinds:
        return f"; write [{value}]"
    if not (isinstance(value, str) and {"integer", "number"} & set(kinds)):
        return ""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return ""
    few = number.is_finite() and abs(number.adjusted()) < 20  # 1e99999 has a page of digits
    return f"; write {number:f}" if few else ""
