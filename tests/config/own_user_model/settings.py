"""The project's settings, with a user model of its own."""

from config import settings as project

vars().update({name: value for name, value in vars(project).items() if name.isupper()})
INSTALLED_APPS = [*project.INSTALLED_APPS, "tests.config.own_user_model"]
AUTH_USER_MODEL = "own_user_model.Member"
