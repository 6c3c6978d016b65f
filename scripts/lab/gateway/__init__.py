"""The lab's own SIP gateway: takes livekit-sip's place behind the real livekit-server."""
