"""Django's settings, read from the environment or `.env`. The README lists those that a deployment sets.

A setting of Django's that is not here has its default.
"""

import os
from email.utils import formataddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import crontab, databases, env, mongo

BASE_DIR = Path(__file__).resolve().parent.parent
GIVEN_BY_ENVIRONMENT = env.load_file(folder=BASE_DIR)

# --- The site ----------------------------------------------------------------

DEBUG = env.switch("DEBUG", default=False)
SECRET_KEY = (
    env.text("SECRET_KEY", "insecure-and-only-for-debug")
    if DEBUG
    else env.required("SECRET_KEY", hint="`make install` writes one into .env")
)

# The site's name on pages, in mails, in the admin and the API, and on the webhook endpoint at Stripe.
SITE_NAME = env.one_line("SITE_NAME", "Standing Order")

PORT = env.port("PORT", 8000)
# Threads of each process that answers requests. At most half of them wait for Stripe at once.
THREADS_PER_WORKER = env.whole_number("THREADS_PER_WORKER", 8, minimum=2, maximum=100)
SITE_URL = env.http_url("SITE_URL", f"http://127.0.0.1:{PORT}", path_allowed=False)
SITE_HOST = urlsplit(SITE_URL).hostname
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", f"{SITE_HOST},127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", SITE_URL)

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

# --- Database ----------------------------------------------------------------

DATABASES = {"default": databases.parse(env.text("DATABASE_URL", "sqlite:///db.sqlite3"), folder=BASE_DIR)}
ON_MONGODB = DATABASES["default"]["ENGINE"] == mongo.ENGINE
DATABASE_ROUTERS = mongo.ROUTERS if ON_MONGODB else []
DEFAULT_AUTO_FIELD = mongo.AUTO_FIELD if ON_MONGODB else "django.db.models.BigAutoField"
MIGRATION_MODULES = mongo.MIGRATION_MODULES if ON_MONGODB else {}

# --- Apps --------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "django.contrib.admin",  # Before the app that extends the admin of users, whichever app registers that.
    "billing",
    "subscriptions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_crontab",
    "corsheaders",
    "ninja",  # Serves the files of the API's docs page, which otherwise come from another site.
]
if ON_MONGODB:
    INSTALLED_APPS = mongo.with_object_ids(INSTALLED_APPS)

MIDDLEWARE = [
    "config.web.headers.SecurityHeaders",
    "config.middleware.HeadLikeGet",
    "config.healthz.AnswerHealth",
    "config.web.headers.PrivateAnswers",
    "config.middleware.BoundStripe",
    "config.middleware.MailBesideTheRequest",
    "corsheaders.middleware.CorsMiddleware",
    "config.api.failures.JsonFailures",
    "config.web.bodies.BoundBodies",
    "config.web.hosts.OneName",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.RefuseNullBytes",
    "config.accounts.middleware.TooManyPages",
    "config.accounts.known_browsers.KnownBrowsers",
    "config.middleware.NotAllowedPage",
    "subscriptions.views.middleware.CausedByUser",
    "subscriptions.views.middleware.StripeErrorPages",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Stripe ------------------------------------------------------------------

STRIPE_KEY = env.text("STRIPE_KEY")
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRET")
STRIPE_API_BASE = env.http_url("STRIPE_API_BASE", path_allowed=True)  # Empty means Stripe's own.

# Where Stripe's checkout page sends buyers; empty means our own pages.
CHECKOUT_SUCCESS_URL = env.page_url("CHECKOUT_SUCCESS_URL")
CHECKOUT_CANCEL_URL = env.page_url("CHECKOUT_CANCEL_URL")
# Browsers let our forms lead to these origins and no other: Stripe's payment pages, also under a domain of your own.
FORM_TARGETS = [
    "https://checkout.stripe.com",
    "https://billing.stripe.com",
    *([env.origin_of(STRIPE_API_BASE)] if STRIPE_API_BASE else []),
    *env.origins("CHECKOUT_ORIGINS"),
]

SYNC_INTERVAL_SECONDS = env.whole_number("SYNC_INTERVAL_SECONDS", 30, minimum=30)
SYNC_FULL_EVERY_HOURS = env.whole_number("SYNC_FULL_EVERY_HOURS", 24, minimum=1)
STRIPE_MAX_RPS = env.whole_number("STRIPE_MAX_RPS", 24, minimum=1)
PAST_DUE_GRACE_DAYS = env.whole_number("PAST_DUE_GRACE_DAYS", 7, minimum=0)
DISPUTED_ACCESS = env.one_of("DISPUTED_ACCESS", "end", "keep")
ACCESS_WHILE_PAUSED = env.one_of("ACCESS_WHILE_PAUSED", "unless_void", "always", "never")
PRODUCTS_ON_SALE = env.one_of("PRODUCTS_ON_SALE", "all", "marked", "chosen")
INACTIVE_CUSTOMERS = env.one_of("INACTIVE_CUSTOMERS", "archive", "delete", "keep")

# --- Limits ------------------------------------------------------------------

# Tries in a quarter of an hour; 0 is no limit. For signing in, only wrong passwords count.
SIGN_IN_RATE_PER_ADDRESS = env.whole_number("SIGN_IN_RATE_PER_ADDRESS", 30, minimum=0)
SIGN_IN_RATE_PER_ACCOUNT = env.whole_number("SIGN_IN_RATE_PER_ACCOUNT", 10, minimum=0)
SIGN_UP_RATE_PER_ADDRESS = env.whole_number("SIGN_UP_RATE_PER_ADDRESS", 60, minimum=0)
SIGN_UP_RATE_PER_ACCOUNT = env.whole_number("SIGN_UP_RATE_PER_ACCOUNT", 10, minimum=0)
MAIL_RATE_PER_ADDRESS = env.whole_number("MAIL_RATE_PER_ADDRESS", 10, minimum=0)
MAIL_RATE_PER_ACCOUNT = env.whole_number("MAIL_RATE_PER_ACCOUNT", 3, minimum=0)
BUY_RATE_PER_ADDRESS = env.whole_number("BUY_RATE_PER_ADDRESS", 300, minimum=0)
BUY_RATE_PER_ACCOUNT = env.whole_number("BUY_RATE_PER_ACCOUNT", 30, minimum=0)

# How many customers a minute signing in and up create at Stripe. Beyond that, a customer is created when needed.
SIGN_IN_CUSTOMERS_PER_MINUTE = env.whole_number("SIGN_IN_CUSTOMERS_PER_MINUTE", 5, minimum=0)

# --- The JSON API ------------------------------------------------------------

# Requests a minute; 0 is no limit. Each process counts for itself, unless there is a CACHE_URL.
API_RATE_PER_TOKEN = env.whole_number("API_RATE_PER_TOKEN", 600, minimum=0)
API_RATE_PER_ADDRESS = env.whole_number("API_RATE_PER_ADDRESS", 120, minimum=0)
TRUSTED_PROXIES = env.whole_number("TRUSTED_PROXIES", 0, minimum=0, maximum=9)

# Other sites whose scripts may call the API. They need a token: browsers send them no cookies.
CORS_ALLOWED_ORIGINS = env.words("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "x-request-id"]
CORS_ALLOW_METHODS = ["GET", "OPTIONS", "POST"]
CORS_EXPOSE_HEADERS = ["Retry-After", "X-Request-Id"]

CACHES = {"default": env.cache("CACHE_URL")}
# All processes share this cache. Otherwise they count people's tries in the database.
COUNTS_IN_CACHE = bool(env.text("CACHE_URL"))

# --- Cron --------------------------------------------------------------------

CRONJOBS = crontab.sync_entries(every_seconds=SYNC_INTERVAL_SECONDS)
# Cron would mail the output, and most machines can't send mail.
CRON_LOG = BASE_DIR / "cron.log"
# Cron's jobs do not get these variables from the shell that installs the entries.
ENVIRONMENT_NAMES = env.NAMES
CRONTAB_LOCK_JOBS = False  # The sync has a lease of its own, which also holds across machines.

# --- People ------------------------------------------------------------------

SESSION_ENGINE = "config.sessions"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = "/"
# Passwords that each process hashes at once; by default half of the machine's processors, so that the other half
# can answer.
PASSWORD_HASHES_AT_ONCE = env.whole_number("PASSWORD_HASHES_AT_ONCE", max((os.cpu_count() or 2) // 2, 1), minimum=1)
PASSWORD_HASHERS = [
    f"config.accounts.hashing.{hasher}" for hasher in ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "Scrypt")
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"  # MongoDB can truncate dates in no other.
USE_TZ = True

# --- Transport ---------------------------------------------------------------

# On if SITE_URL begins with https://, off otherwise, so that the site also works on a plain local port.
HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
# The redirect leads to SITE_URL, not to the Host header.
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc
SECURE_REDIRECT_EXEMPT = ["^healthz$"]  # Load balancers ask the process directly, without TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# Both bind every name under the site's, and browsers remember them for years. So they are off unless asked for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.switch("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.switch("HSTS_PRELOAD", default=False)
if SECURE_HSTS_PRELOAD and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    raise ImproperlyConfigured("HSTS_PRELOAD needs HSTS_INCLUDE_SUBDOMAINS: browsers list no site without it")
# Django would warn that the two are off.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
X_FRAME_OPTIONS = "DENY"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_reports.MaskAddresses"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # Stripe's largest events are a tenth of this.
# The site takes no uploads; a file that is sent all the same is kept in memory and never written to disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# --- Files -------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_STORAGE = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_STORAGE},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# --- Mail and log ------------------------------------------------------------

vars().update(env.email("EMAIL_URL", "consolemail://"))
# Our backend hands the mails of a request to a thread, which sends them by the backend of EMAIL_URL.
MAIL_TRANSPORT = vars()["EMAIL_BACKEND"]
EMAIL_BACKEND = "config.mail.BackgroundBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", formataddr((SITE_NAME, f"noreply@{SITE_HOST}")))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "billing": {"level": "INFO"},
        "subscriptions": {"level": "INFO"},
        "config": {"level": "INFO"},
        # Django's own handlers would mail errors, with the data that people sent.
        "django": {"handlers": [], "level": "WARNING"},
    },
}
