"""Cartesia's text to speech, emulated: the websocket and `POST /tts/bytes`, spoken offline."""
