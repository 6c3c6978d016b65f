"""The only reader of the environment: frozen settings, every missing or wrong value named at once.

An env file that is given outright (`--env-file`) wins over the process's environment: who names a
lab's file must not change a real project because its keys are exported. The env file that
HOTLINE_ENV_FILE names, else `.env`, only fills in what the environment lacks.
"""

from __future__ import annotations

from bot.settings.accounts import BackboardSettings, LiveKitSettings
from bot.settings.environment import ENV_FILE_NAME, SettingsError, environment
from bot.settings.operator import DialSettings, OperatorSettings
from bot.settings.worker import MULTILINGUAL, Settings

__all__ = [
    "ENV_FILE_NAME",
    "MULTILINGUAL",
    "BackboardSettings",
    "DialSettings",
    "LiveKitSettings",
    "OperatorSettings",
    "Settings",
    "SettingsError",
    "environment",
]
