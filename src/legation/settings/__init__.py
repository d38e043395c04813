"""Settings: a file, the environment and flags become one frozen value.

A flag beats the environment, the environment beats the file, the file beats the default.
"""

from legation.settings.kinds import PATH
from legation.settings.loading import load
from legation.settings.table import CONFIG, SETTINGS, Cluster, Delivery, Setting, Settings

__all__ = ["CONFIG", "PATH", "SETTINGS", "Cluster", "Delivery", "Setting", "Settings", "load"]
