"""SecantusDB, a server that speaks MongoDB's wire protocol, with three of its bugs mended.

Importing this module mends them: import it before a server starts. MongoDB itself does not behave like this, and
Django's backend depends on what MongoDB does. Run it to have a server: ``python -m tests.mongo_standin --port 27018``.
"""

import sys
from typing import Any

from secantus import aggregate, expressions
from secantus.cli import main
from secantus.projection import _flatten_projection_spec as flatten

_project, _add_fields, _type_of = aggregate._project_one, aggregate._add_fields_one, expressions._op_type


def _project_one(document: Any, spec: Any, variables: Any) -> Any:
    """Mend ``{$project: {a: {b: 1}}}``, which gave the literal 1 instead of the field a.b."""
    return _project(document, flatten(spec), variables)


def _add_fields_one(document: Any, spec: Any, variables: Any) -> Any:
    """Mend ``{$addFields: {a: {b: …}}}``, which replaced the whole of a."""
    return _add_fields(document, flatten(spec), variables)


def _op_type(argument: Any, context: Any) -> Any:
    """Mend ``$type`` of an absent field, which is "missing"."""
    if isinstance(argument, dict) and expressions._eval_field_value(argument, context) is expressions.MISSING:
        return "missing"
    return _type_of(argument, context)


aggregate._project_one = _project_one
aggregate._add_fields_one = _add_fields_one
for operators in list(vars(expressions).values()):
    if isinstance(operators, dict) and operators.get("$type") is _type_of:
        operators["$type"] = _op_type
expressions._op_type = _op_type

if __name__ == "__main__":
    sys.exit(main())
