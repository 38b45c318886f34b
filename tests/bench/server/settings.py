"""The settings of every day, with a bare view beside ours and mail into one file."""

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR

ROOT_URLCONF = "tests.bench.server.urls"
EMAIL_BACKEND = "tests.bench.server.sink.Sink"
SINK = DATA_DIR / "sink.txt"
INTAKE_RATE = 0  # one token sends everything
