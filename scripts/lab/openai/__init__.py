"""An emulated server of OpenAI's chat completions: the mind that takes over when another fails."""
