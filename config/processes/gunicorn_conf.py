"""How gunicorn serves the site: `gunicorn --config python:config.processes.gunicorn_conf config.wsgi:application`."""

from config.settings import PORT, THREADS_PER_WORKER

bind = f"127.0.0.1:{PORT}"
workers = 2
threads = THREADS_PER_WORKER
worker_class = "config.processes.buffering_worker.BufferingWorker"
# Idle connections cost no thread. Longer than the usual proxy keeps one, so that it never sends into a closed one.
keepalive = 75
graceful_timeout = 5
