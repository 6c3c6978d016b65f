"""The phone network in a box: SIP gateway, emulated providers, phones, a real livekit-server."""
