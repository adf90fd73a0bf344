"""django-mongodb-backend with a few of its methods changed; `ENGINE` names this package.

Each change has a test in tests/config/mongo/ that fails when the backend changes what is replaced here.
"""
