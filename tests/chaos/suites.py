"""All suites, in the order in which README.md tells of them."""

from tests.chaos.budget.suite import Budget, BudgetOnHosts
from tests.chaos.disk.suite import DiskFaults
from tests.chaos.hosts.suite import Hosts
from tests.chaos.kills.suite import Kills
from tests.chaos.machines.suite import Machines
from tests.chaos.power.suite import Power
from tests.chaos.programs.suite import Programs
from tests.chaos.storm import Storm
from tests.chaos.zombies import Zombies

SUITES = (Kills, Storm, Power, DiskFaults, Programs, Machines, Zombies, Hosts, Budget, BudgetOnHosts)
