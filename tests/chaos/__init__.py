"""Suites that break things: processes, disks, clocks. README.md says what each is."""

from tests.chaos.kills.suite import Kills
from tests.chaos.storm import Storm

SUITES = (Kills, Storm)
