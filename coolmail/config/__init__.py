"""The configuration: from the user's YAML file to `coolmail.core.settings.Settings`, with every error naming key and line."""

from coolmail.config.loading import ConfigError, load, loads
from coolmail.config.places import config_path, journal_path
from coolmail.config.secrets import PasswordError, find_password

__all__ = ["ConfigError", "PasswordError", "config_path", "find_password", "journal_path", "load", "loads"]
