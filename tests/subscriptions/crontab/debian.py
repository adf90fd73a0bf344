"""A program that answers as Debian's crontab does, and a way to run a line as Debian's cron does."""

import os
import pwd
import subprocess
from pathlib import Path

PROGRAM = r"""#!/bin/sh
cd {folder} || exit 9
if [ -e deny ]; then
    echo "You (ada) are not allowed to use this program (crontab)" >&2
    echo "See crontab(1) for more information" >&2
    exit 1
fi
if [ "$1" = -l ]; then
    [ ! -e broken ] || {{ echo "crontabs/ada/: fopen: Permission denied" >&2; exit 1; }}
    [ -e table ] || {{ echo "no crontab for ada" >&2; exit 1; }}
    exec cat table
fi
[ ! -e full ] || {{ echo "crontabs/tmp.XXXX: No space left on device" >&2; exit 1; }}
if [ -s "$1" ] && [ -n "$(tail -c 1 "$1")" ]; then
    echo "new crontab file is missing newline before EOF, can't install." >&2
    exit 1
fi
if grep -qE '^.{{1010,}}$' "$1"; then
    printf '"%s":1: command too long\nerrors in crontab file, can'"'"'t install.\n' "$1" >&2
    exit 1
fi
echo write >> writes
if [ -e forgetful ]; then exit 0; fi
exec cat "$1" > table
"""


class FakeCrontab:
    """The program `crontab` in a folder of its own, with its table; files beside it make it fail."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.program = folder / "crontab"
        self.program.write_text(PROGRAM.format(folder=folder))
        self.program.chmod(0o755)
        self.table = folder / "table"

    def will(self, trouble: str) -> None:
        """Make it fail: deny (forbidden), broken (can't be read), full (can't be written), forgetful."""
        (self.folder / trouble).touch()

    @property
    def writes(self) -> int:
        file = self.folder / "writes"
        return len(file.read_text().splitlines()) if file.exists() else 0


def run_as_cron(line: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a line of a crontab in cron's environment: up to the first bare `%` by sh, the rest as its input."""
    command, _, rest = _split(line.rstrip("\n").split(None, 5)[5])
    user = pwd.getpwuid(os.getuid())
    return subprocess.run(  # noqa: S603
        ["/bin/sh", "-c", command],
        input=rest.encode(),
        env={"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "HOME": user.pw_dir, "LOGNAME": user.pw_name},
        cwd=user.pw_dir,
        capture_output=True,
        check=False,
    )


def _split(text: str) -> tuple[str, str, str]:
    """Follow do_command.c: a backslash hides the next character, and is dropped before a `%`."""
    command, is_hidden = "", False
    for number, character in enumerate(text):
        if is_hidden and character == "%":
            command = command[:-1]
        elif character == "%":
            return command, "%", text[number + 1 :].replace("%", "\n")
        is_hidden = character == "\\" and not is_hidden
        command += character
    return command, "", ""
