"""Run as a script in an interpreter of its own: `probe.py LAYER CODE` imports what is in the folder CODE.

CODE holds `app.py`, which has been imported and has built its handler when the clock is stopped. Prints the
seconds as JSON. Standard library only, and little of it: what is loaded here is missing from the measurement.
"""

import sys
import time


def main(layer: str, code: str) -> None:
    sys.path[:0] = [code, layer]
    wall, cpu = time.perf_counter(), time.process_time()
    import app  # type: ignore[import-not-found]  # noqa: F401, PLC0415 (found in CODE; this is what is measured)

    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f'{{"wall_s": {wall:.6f}, "cpu_s": {cpu:.6f}}}\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
