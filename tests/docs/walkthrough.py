"""Runs a document's shell blocks as a reader would, in one shell, and compares the JSON shown with what they print.

In what is shown "…" stands for any text, and as a field for more fields of no interest there.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```sh\n(?P<commands>.*?)^```\n(?:\n+```json\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
MORE = "…"
END = "=== end of block"
PATIENCE = 120  # Seconds: a machine may be busy with other tests.


@dataclass(frozen=True)
class Step:
    """What the reader types, and the answer shown below it, if one is."""

    commands: str
    shown: str


def steps(document: str) -> list[Step]:
    return [Step(found["commands"], found["shown"] or "") for found in BLOCK.finditer(document)]


def run(script: list[Step], *, folder: Path, replacing: dict[str, str]) -> list[str]:
    """Run the steps in one bash in this folder; return what each printed. The first failure ends it."""
    text = "".join(f"{step.commands}echo; echo '{END}'\n" for step in script)
    for shown, real in replacing.items():
        text = text.replace(shown, real)
    done = subprocess.run(  # noqa: S603  (our own document)
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return [printed.strip() for printed in done.stdout.split(END)[:-1]]


def differences(shown: Any, real: Any, where: str = "") -> list[str]:
    """Where the answer is not as shown: other fields, other kinds of value, other values."""
    if isinstance(shown, dict) and isinstance(real, dict):
        named = shown.keys() - {MORE}
        alike = named < real.keys() if MORE in shown else named == real.keys()
        missing = [] if alike else [f"{where}: {sorted(shown)} shown, {sorted(real)} came"]
        inner = (differences(shown[name], real[name], f"{where}.{name}") for name in shown.keys() & real.keys())
        return missing + [found for part in inner for found in part]
    if isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
        pairs = enumerate(zip(shown, real, strict=True))
        return [found for n, pair in pairs for found in differences(*pair, f"{where}[{n}]")]
    if isinstance(shown, str) and isinstance(real, str) and MORE in shown:
        shown = real if fnmatchcase(real, shown.replace(MORE, "*")) else shown
    same = shown == real and type(shown) is type(real)
    return [] if same else [f"{where}: {json.dumps(shown)} shown, {json.dumps(real)} came"]
