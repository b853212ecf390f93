"""A script for an isolated interpreter: `probe.py LAYER CODE` imports the function in the folder CODE.

CODE holds `app.py`. The clock stops when `app.py` has been imported and has built its handler. The script
prints the seconds as JSON. It loads little of the standard library and nothing else, because the measurement
misses every module that is already loaded.
"""

import sys
import time


def main(layer: str, code: str) -> None:
    sys.path[:0] = [code, layer]
    wall, cpu = time.perf_counter(), time.process_time()
    import app  # type: ignore[import-not-found]  # noqa: F401, PLC0415 (found in CODE; the measured import)

    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f'{{"wall_s": {wall:.6f}, "cpu_s": {cpu:.6f}}}\n')


if __name__ == "__main__":
    main(*sys.argv[1:])
