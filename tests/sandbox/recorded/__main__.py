"""Print how the sandbox's answers differ from the recorded ones: `python -m tests.sandbox.recorded [SCENARIO …]`.

Without scenarios, it prints each differing member once, with how often it differs and an example.
"""

import sys
from collections import Counter

from tests.sandbox.recorded.recording import scenarios
from tests.sandbox.recorded.replay import findings

wanted = sys.argv[1:]
counts: Counter[str] = Counter()
examples: dict[str, str] = {}
for name, calls in scenarios().items():
    if wanted and name not in wanted:
        continue
    for finding in findings(calls):
        counts[finding.difference.path] += 1
        examples.setdefault(finding.difference.path, f"{name}: {finding}")
        if wanted:
            sys.stdout.write(f"{finding}\n")
if not wanted:
    for path, count in counts.most_common():
        sys.stdout.write(f"{count:4} {path:50} {examples[path]}\n")
