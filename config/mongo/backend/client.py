"""`manage.py dbshell`: starts mongosh, which asks for the password."""

from collections.abc import Iterable
from typing import Any

from django_mongodb_backend import client


class DatabaseClient(client.DatabaseClient):  # type: ignore[misc]
    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], None]:
        """Leave out the password: everyone on the machine can read the arguments of a process."""
        user = settings_dict["USER"]
        return [cls.executable_name, settings_dict["HOST"], *(["--username", user] if user else []), *parameters], None
