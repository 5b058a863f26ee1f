"""Prints what guards cost in the bench's nine modules, in executed instructions."""
from grader.tests import modules

of = modules.measured()
print(f"{'':10} {'plain':>8} {'stores':>8} {'all':>8}")
for name, (plain, stores, every) in of.items():
    print(f"{name:10} {plain[1]:8} {stores[1] / plain[1] - 1:8.1%} {every[1] / plain[1] - 1:8.1%}")
print(f"{'mean':10} {'':8} {modules.overhead(of, 1):8.1%} {modules.overhead(of, 2):8.1%}")
