"""An emulator of Deepgram's speech-to-text API: `/v1/listen`, as a websocket and as a POST."""
