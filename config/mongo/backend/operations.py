"""Where Django finds the compilers."""

from django_mongodb_backend import operations


class DatabaseOperations(operations.DatabaseOperations):  # type: ignore[misc]
    compiler_module = "config.mongo.backend.compiler"
