"""An emulator of the two endpoints that mint sessions, on loopback, with nothing but Python.

It answers as the published API does, refuses what that refuses, and mints tokens that only
emulators take. It is no OpenAI server, and says so at `GET /v1/emulator`.
"""

from voxmint.engine.emulator.faults import Fault, fault_of, faults_of
from voxmint.engine.emulator.limits import Limits
from voxmint.engine.emulator.options import Access, Options
from voxmint.engine.emulator.pacing import Pace, pace_of
from voxmint.engine.emulator.server import Emulator, EmulatorError, serve

__all__ = [
    "Access",
    "Emulator",
    "EmulatorError",
    "Fault",
    "Limits",
    "Options",
    "Pace",
    "fault_of",
    "faults_of",
    "pace_of",
    "serve",
]
