"""The user's crontab: read whole or not at all, and never written otherwise."""

from typing import Any

import pytest

from subscriptions.crontab import table
from subscriptions.crontab.table import CrontabFailed
from tests.subscriptions.crontab.debian import FakeCrontab


class TestRead:
    def test_every_byte(self, crontab: FakeCrontab) -> None:
        content = b"# caf\xe9 \x0c \xe2\x80\xa8 end\r\n\n0 4 * * * backup\tx\n# last"
        crontab.table.write_bytes(content)
        lines = table.read()
        assert len(lines) == 4
        assert "".join(lines).encode(errors="surrogateescape") == content

    def test_no_table_is_an_empty_one(self, crontab: FakeCrontab) -> None:
        assert table.read() == []

    @pytest.mark.parametrize(
        ("trouble", "reason"),
        [
            ("deny", r"You \(ada\) are not allowed to use this program \(crontab\); See crontab\(1\)"),
            ("broken", "crontabs/ada/: fopen: Permission denied"),
        ],
    )
    def test_any_other_failure_is_none(self, crontab: FakeCrontab, trouble: str, reason: str) -> None:
        crontab.will(trouble)
        with pytest.raises(CrontabFailed, match=f"^the crontab could not be read and is left as it is: {reason}"):
            table.read()

    @pytest.mark.parametrize(
        "script",
        [
            "echo 0 4 '* * *' backup; echo no crontab for ada >&2; exit 1",  # Half of a table.
            "echo no crontab for ada >&2; echo and no disk >&2; exit 1",
            "exit 1",
            "kill -9 $$",
        ],
    )
    def test_what_resembles_no_table_is_a_failure(self, crontab: FakeCrontab, script: str) -> None:
        crontab.program.write_text(f"#!/bin/sh\n{script}\n")
        with pytest.raises(CrontabFailed, match="could not be read"):
            table.read()

    def test_no_program(self, settings: Any) -> None:
        settings.CRONTAB_EXECUTABLE = "crontab-that-nobody-has"
        with pytest.raises(CrontabFailed, match="there is no program crontab-that-nobody-has on this machine"):
            table.read()

    def test_a_program_that_does_not_run(self, crontab: FakeCrontab) -> None:
        crontab.program.write_text("#!/no/such/shell\n")
        with pytest.raises(CrontabFailed, match="does not work"):
            table.read()


class TestWrite:
    def test_every_byte(self, crontab: FakeCrontab) -> None:
        content = b"# caf\xe9\n0 4 * * * backup\n"
        crontab.table.write_bytes(content)
        table.write([*table.read(), "1 4 * * * more\n"])
        assert crontab.table.read_bytes() == content + b"1 4 * * * more\n"

    def test_an_empty_one(self, crontab: FakeCrontab) -> None:
        crontab.table.write_text("0 4 * * * backup\n")
        table.write([])
        assert table.read() == []

    @pytest.mark.parametrize(
        ("trouble", "message"),
        [
            ("full", "the crontab was not written: crontabs/tmp.XXXX: No space left on device"),
            ("forgetful", "the crontab is not as it was written; look at it with crontab -l"),
        ],
    )
    def test_says_that_it_was_not_written(self, crontab: FakeCrontab, trouble: str, message: str) -> None:
        crontab.table.write_text("0 4 * * * backup\n")
        crontab.will(trouble)
        with pytest.raises(CrontabFailed) as refusal:
            table.write(["1 4 * * * more\n"])
        assert str(refusal.value) == message
        assert crontab.table.read_text() == "0 4 * * * backup\n"

    def test_says_what_the_program_refused(self, crontab: FakeCrontab) -> None:
        with pytest.raises(CrontabFailed, match=r"not written: .*command too long; errors in crontab file"):
            table.write([f"* * * * * {'x' * 1100}\n"])
        assert not crontab.table.exists()
