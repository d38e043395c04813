"""Settings: a file, the environment and flags become one frozen value.

A flag beats the environment, the environment beats the file, the file beats the default.
"""

from legation.settings.kinds import PATH
from legation.settings.loading import load
from legation.settings.sections import Cluster, Delivery, Identity, Injector, Management, Tls, Webhook
from legation.settings.setting import CONFIG, Setting, Table
from legation.settings.sync import SYNC, Sync
from legation.settings.table import SERVE, Settings

__all__ = [
    "CONFIG",
    "PATH",
    "SERVE",
    "SYNC",
    "Cluster",
    "Delivery",
    "Identity",
    "Injector",
    "Management",
    "Setting",
    "Settings",
    "Sync",
    "Table",
    "Tls",
    "Webhook",
    "load",
]
