"""Settings of the portal: one file, read from top to bottom, fed by the environment.

Every value without a default must be set, in the environment or in ``.env``;
``.env.example`` lists them. The defaults are those of production.
"""

import sys
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from common.database import ImpatientConnection
from common.encryption.keyring import parse_key_ring
from common.signatures import parse_signing_keys

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# Security

SECRET_KEY = env.str("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is shorter than 50 characters.")
# The first key seals what is stored, all of them open it: see docs/keys.md.
ENCRYPTION_KEYS = parse_key_ring(env.str("ENCRYPTION_KEYS"))
# The first key signs documents, all of them check what was signed: see docs/signatures.md.
SIGNING_KEYS = parse_signing_keys(
    env.str("SIGNING_KEYS"), env.str("SIGNING_KEYS_RETIRED", default="")
)
DEBUG = env.bool("DEBUG", default=False)  # for a developer's machine

SITE_ORIGIN = env.str("SITE_ORIGIN").rstrip("/")
_origin = urlsplit(SITE_ORIGIN)
if _origin.scheme not in ("http", "https") or not _origin.hostname or _origin.path:
    raise ImproperlyConfigured("SITE_ORIGIN must read like https://privacy.example.vn")
IS_HTTPS = _origin.scheme == "https"
if IS_HTTPS and DEBUG:
    raise ImproperlyConfigured("DEBUG shows secrets: behind https it must be off.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_origin.hostname])

SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # the proxy overwrites it
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_ENGINE = "accounts.session_store"  # in the database, sealed
CSRF_COOKIE_AGE = None  # of whoever opened a form: it ends with the browser, as the language does
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())  # from the sign-in, however busy
SESSION_IDLE_SECONDS = int(timedelta(minutes=30).total_seconds())
STAFF_SESSION_IDLE_SECONDS = int(timedelta(minutes=15).total_seconds())
LANGUAGE_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "privacyportal.views.form_too_old"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Apps and requests

INSTALLED_APPS = [
    "complaints",
    "enquiries",
    "incidents",
    "rights",
    "casework",
    "retention",
    "marketing",
    "calls",
    "hosting",
    "staff",
    "downstream",
    "accounts",
    "visits",
    "access",
    "policies",
    "notices",
    "common",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "phonenumber_field",
    "csp",
    "privacyportal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django.forms",
    "privacyportal",  # last: it grants the roles once the permissions exist
]

MIDDLEWARE = [
    "common.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "retention.middleware.ReplayFirstMiddleware",
    "common.requests.MethodsMiddleware",
    "common.uploads.BodySizeMiddleware",
    "common.requests.NoNulMiddleware",
    "common.requests.CanonicalOriginMiddleware",
    "common.networks.NetworkMiddleware",
    "visits.middleware.CountVisitsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SessionLifetimeMiddleware",
    "common.guessing.GuessingMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.StaffSecondFactorMiddleware",
    "staff.middleware.UndertakingMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "common.requests.PrivateResponseMiddleware",
    "common.requests.UnreadableFileMiddleware",
]

ROOT_URLCONF = "privacyportal.urls"
WSGI_APPLICATION = "privacyportal.wsgi.application"

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
                "django.template.context_processors.i18n",
                "privacyportal.context_processors.portal",
            ]
        },
    }
]
FORM_RENDERER = "privacyportal.forms.PortalRenderer"

# Sign-in

AUTH_USER_MODEL = "accounts.User"
# One backend alone: with two, a wrong password would take longer than a right one.
AUTHENTICATION_BACKENDS = ["accounts.backends.SignInBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [
    {"NAME": f"accounts.passwords.{name}"}
    for name in ("CommonVietnameseValidator", "LongestPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignUpForm",
    "add_email": "accounts.forms.AddEmailForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before the address is changed
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(timedelta(minutes=5).total_seconds())
ACCOUNT_SESSION_REMEMBER = False
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
ACCOUNT_RATE_LIMITS = {  # beside those that allauth sets
    "enquiry": "5/m/ip,40/d/ip",
    "open_complaint": "5/m/ip,40/d/ip",
    "complaint_link": "5/m/ip,40/d/ip",
    "closed_message": "5/m/ip,40/d/ip",
    "link_proof": "5/m/ip,20/h/ip",
    "link_proof_address": "60/h/key",  # of the customer's links; as many as sign-ins may fail
    "verify_phone_code": "10/m/key",
    "report_use": "10/m/ip,3/h/key",  # a mail goes to the address
    "enquiry_address": "3/h/key,8/d/key",  # a mail goes to it before anybody confirmed it
    "open_complaint_address": "3/h/key,8/d/key",
    "closed_message_address": "3/h/key,8/d/key",  # each makes a case, which keeps the data
}
COMPLAINT_LINK_DAYS = 180  # that a mailed link opens its complaint; each mail brings a new one
UNCONFIRMED_ENQUIRY_DAYS = 14  # then it is erased: nobody proved that the address is theirs
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.AuthenticateForm",
    "reauthenticate": "accounts.second_factor_forms.ReauthenticateForm",
    "activate_totp": "accounts.second_factor_forms.ActivateTOTPForm",
    "add_webauthn": "accounts.second_factor_forms.AddWebAuthnForm",
    "edit_webauthn": "accounts.second_factor_forms.EditWebAuthnForm",
}
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds: RFC 6238, 5.2
UNVERIFIED_SIGN_UP_DAYS = 7  # then what was typed is erased: nobody proved that it is theirs
PHONENUMBER_DEFAULT_REGION = "VN"
PHONENUMBER_DB_FORMAT = "E164"

# Data

# Only their owner may change tables; the running portal has a role with fewer rights
# (common/database_role.py).
_as_owner = sys.argv[1:2] in (["migrate"], ["grant_database_role"], ["rehearse_restore"])
_owner_url = env.str("DATABASE_OWNER_URL", default="") if _as_owner else ""
DATABASES = {"default": env.db_url("DATABASE_OWNER_URL" if _owner_url else "DATABASE_URL")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database.")
# A paused or unreachable database gives an error page within seconds, not a hang.
_statement_timeout_ms = env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=8000)
ImpatientConnection.patience = _statement_timeout_ms / 1000 + 1 if _statement_timeout_ms else None
DATABASES["default"].setdefault("OPTIONS", {}).update(
    pool={"min_size": 1, "max_size": 8, "timeout": 5, "connection_class": ImpatientConnection},
    connect_timeout=3,
    tcp_user_timeout=8000,
    options=(
        f"-c statement_timeout={_statement_timeout_ms}"
        " -c lock_timeout=4000 -c idle_in_transaction_session_timeout=15000"
    ),
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SIMPLE_HISTORY_REVERT_DISABLED = True

REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": (
            "django.core.cache.backends.locmem.LocMemCache"
            if REDIS_URL == "memory://"  # as in a rehearsal of a restore, which sees no server
            else "common.cache.ForgivingRedisCache"
        ),
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        "KEY_PREFIX": env.str("CACHE_KEY_PREFIX", default="portal"),
    }
}

MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # without files
FILE_UPLOAD_HANDLERS = [
    "common.uploads.NamelessFilesHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "common.uploads.SteadyTemporaryFileHandler",
]
EVIDENCE_MAX_FILES = 10
EVIDENCE_MAX_BYTES = 20 * 1024 * 1024  # each
EVIDENCE_MAX_TOTAL_BYTES = 60 * 1024 * 1024  # of one form: all of it is read into memory
EVIDENCE_QUOTA_BYTES = 500 * 1024 * 1024  # of one customer, in all cases together
CALL_RECORDING_MAX_BYTES = 500 * 1024 * 1024  # stored piece by piece: an hour of CD quality fits
# A deletion of more asks the data protection officer first (retention/runs.py).
# After how long a clock of the deletion is late: retention/clocks.py. A late one is told, and the
# promises of deletion are not shown kept.
ERASED_WITHIN = timedelta(days=1)  # of the last day: it goes with the next nightly run
PURGE_RUN_WITHIN = timedelta(days=2)
RESIDUE_SEARCHED_WITHIN = timedelta(days=1)
RESTORE_REHEARSED_WITHIN = timedelta(days=env.int("RESTORE_REHEARSAL_DAYS", default=92))
PURGE_NEVER_MANY = env.int("PURGE_NEVER_MANY", default=100)
PURGE_MOST_TIMES = env.int("PURGE_MOST_TIMES", default=10)  # the usual number
PURGE_MOST_PERCENT = env.int("PURGE_MOST_PERCENT", default=10)  # of all there is
EXPORT_DAYS = 7  # time enough to fetch a copy; few, as all of a person lies in one place
# Where lines are kept that the database must not lose or rewrite: a folder, or s3://bucket/prefix.
OUTSIDE_STORE = env.str("OUTSIDE_STORE", default=str(BASE_DIR / "var")).rstrip("/")
# The copy of the seals of access records: best where no administrator of the database can write.
ACCESS_SEALS_FILE = env.str("ACCESS_SEALS_FILE", default=f"{OUTSIDE_STORE}/access-seals")
MAIL_ACCESS_SEALS = env.bool("MAIL_ACCESS_SEALS", default=True)  # the newest, daily to the auditors
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # the others nobody asks for, and each is compressed
STATICFILES_DIRS = [BASE_DIR / "static"]

# What was erased, so that it stays erased after a restore: retention/ledger.py. Never on a disk
# that is restored together with the database.
ERASURE_LEDGER = env.str("ERASURE_LEDGER", default=f"{OUTSIDE_STORE}/erasures")
for _place in map(urlsplit, (ACCESS_SEALS_FILE, ERASURE_LEDGER)):
    if _place.netloc and (_place.scheme != "s3" or not _place.path.strip("/")):
        raise ImproperlyConfigured("OUTSIDE_STORE must be a folder or read like s3://bucket/prefix")
# Where the portal's logs are kept, searched too for what was erased; empty, the report says so.
LOG_FOLDERS = env.list("LOG_FOLDERS", default=[])

# The virus scanner that looks at evidence: see common/antivirus.py. Empty, nothing is scanned.
CLAMAV_URL = env.str("CLAMAV_URL", default="")
_clamav = urlsplit(CLAMAV_URL)
_scanners = {"tcp": _clamav.hostname and _clamav.port, "unix": _clamav.path and not _clamav.netloc}
if CLAMAV_URL and not _scanners.get(_clamav.scheme):
    raise ImproperlyConfigured("CLAMAV_URL must read like tcp://localhost:3310 or unix:///path")

# Mail

EMAIL_CONFIG = env.email_url("EMAIL_URL")
vars().update(EMAIL_CONFIG)
if EMAIL_CONFIG["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend":
    EMAIL_BACKEND = "privacyportal.mail_files.EmailBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL")
# Shown where the company's profile states no address: whom to ask about one's data.
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default=parseaddr(DEFAULT_FROM_EMAIL)[1])

# The countries in which the data is stored (ISO 3166), for the receipts; none is said if empty.
STORAGE_COUNTRIES = env.list("STORAGE_COUNTRIES", default=[])
if not all(len(code) == 2 and code.isascii() and code.isupper() for code in STORAGE_COUNTRIES):
    raise ImproperlyConfigured("STORAGE_COUNTRIES must read like VN,SG")

# Text messages: see notices/sms.py. Empty, none are sent and no phone number is verified.
SMS_URL = env.str("SMS_URL", default="")
SMS_KEY = env.str("SMS_KEY", default="")
_sms = urlsplit(SMS_URL)
if SMS_URL and _sms.scheme not in ("http", "https", "console", "memory"):
    raise ImproperlyConfigured("SMS_URL must read like https://sms.example.vn/send")
if _sms.scheme in ("http", "https") and not _sms.hostname:
    raise ImproperlyConfigured("SMS_URL names no host.")
if IS_HTTPS and SMS_URL and not (_sms.scheme == "https" and SMS_KEY):
    raise ImproperlyConfigured("Behind https, SMS_URL must begin with https:// and have SMS_KEY.")

# Whether everybody may read which promises are kept, at /promises/.
TRANSPARENCY_PAGE = env.bool("TRANSPARENCY_PAGE", default=True)

# Sites of the company that may ask, in a visitor's browser, what that visitor allows.
PREFERENCE_ORIGINS = env.list("PREFERENCE_ORIGINS", default=[])
for _site in map(urlsplit, PREFERENCE_ORIGINS):
    if (
        _site.scheme not in ("http", "https")
        or _site.geturl() != f"{_site.scheme}://{_site.netloc}"
    ):
        raise ImproperlyConfigured("PREFERENCE_ORIGINS must read like https://www.example.vn")

# Hosts inside of the company's network to which orders may be sent: downstream/addresses.py.
DOWNSTREAM_INTERNAL_HOSTS = frozenset(
    host.lower() for host in env.list("DOWNSTREAM_INTERNAL_HOSTS", default=[])
)

# Language and time

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]
FORMAT_MODULE_PATH = ["privacyportal.formats"]
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = "Asia/Ho_Chi_Minh"  # the company's: days and time limits end at midnight here
USE_TZ = True

# Background jobs. PostgreSQL is the queue of record: see common/jobs.py.

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,  # for who sends: workers and beat connect with retries of their own
    "global_keyprefix": env.str("CACHE_KEY_PREFIX", default="portal") + ":",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a task may run twice; each one says why that is safe
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600  # below the visibility timeout
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING below is for workers too
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    # The planned times stand beside the jobs (common/jobs.py); beat only knocks.
    "run due jobs": {
        "task": "common.run_due_jobs",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
}

# Logs: what happened and the request's id, nothing about a person

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "common.logs.AddRequestId"},
        "task_errors": {"()": "common.logs.HideTaskErrors"},
    },
    "formatters": {
        "line": {
            "()": "common.logs.PlacesOnly",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id", "task_errors"],
        }
    },
    "loggers": {"fontTools": {"level": "WARNING"}},  # tells each step of making a PDF
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}

# The admin's look: privacyportal/admin_theme.py

UNFOLD = {
    "SITE_TITLE": _("Privacy portal"),
    "SITE_HEADER": _("Privacy portal"),
    "SITE_SYMBOL": "shield_person",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "STYLES": ["privacyportal.admin_theme.stylesheet"],
    "SCRIPTS": ["privacyportal.admin_theme.script", "privacyportal.admin_theme.submit_once"],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "privacyportal.admin_theme.navigation",
    },
    "LOGIN": {"redirect_after": reverse_lazy("admin:index")},
}
