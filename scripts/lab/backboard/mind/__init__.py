"""The model behind the emulated Backboard: a receptionist made of rules."""

from lab.backboard.mind.conversation import ToolResult, employer, go_on, reply
from lab.backboard.mind.receptionist import Reply, ToolUse
from lab.backboard.mind.transcript import Line

__all__ = ["Line", "Reply", "ToolResult", "ToolUse", "employer", "go_on", "reply"]
